"""Grids: of the pixels of an image, and of the feature cells or patches that lie over one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

LARGEST_STRETCH = 0.35
"""Cells may be so far from square: rounding of strides and of odd sizes explains no more."""

_PREFIX_TOKENS = 9
_Value = TypeVar("_Value", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Grid:
    """How many pixels an image has along each axis, and how far they lie apart.

    Attributes:
        shape: rows and columns; slices before them in a volume.
        spacing: millimeters from one pixel to the next along each axis; None where nobody knows.
        views: images of one examination that lie one under another, equally high; 1 where the grid
            is that of one image.

    Raises:
        ValueError: an axis has no pixel, there is not one positive distance for each axis, or the
            rows cannot be shared out among the views.
    """

    shape: tuple[int, ...]
    spacing: tuple[float, ...] | None = None
    views: int = 1

    def __post_init__(self) -> None:
        if len(self.shape) not in {2, 3} or min(self.shape) < 1:
            raise ValueError(f"expected two or three axes with pixels, got {self.shape}")
        spacing = self.spacing
        if spacing is not None and (len(spacing) != len(self.shape) or min(spacing) <= 0):
            raise ValueError(f"expected a positive distance for each axis, got {spacing}")
        if self.views < 1 or self.shape[-2] % self.views:
            raise ValueError(f"{self.shape[-2]} rows are not {self.views} views of equal height")

    @property
    def plane(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.shape[-2:]
        return rows, columns

    @property
    def view(self) -> tuple[int, int]:
        """Rows and columns of one view."""
        rows, columns = self.plane
        return rows // self.views, columns

    def by_view(
        self, make: Callable[..., npt.NDArray[_Value]], *planes: npt.NDArray[Any]
    ) -> npt.NDArray[_Value]:
        """What is made of each view by itself, one under another: nothing runs over their borders.

        Args:
            make: gets the planes of one view, (..., h, W) each, and returns planes of h rows; it is
                called for one view after the other.
            planes: (..., H, W), of this grid.
        """
        if self.views == 1:
            return make(*planes)
        parts = zip(*(np.split(one, self.views, axis=-2) for one in planes), strict=True)
        return np.concatenate([make(*part) for part in parts], axis=-2)

    @property
    def described(self) -> str:
        """As people write the size of an image: width before height."""
        return " x ".join(str(side) for side in reversed(self.shape))


def stretch(grid: tuple[int, int], size: tuple[int, int]) -> float:
    """How far cells of this grid are from square; 0 where the grid lies on the image exactly.

    Args:
        grid: rows and columns.
        size: height and width of the image.
    """
    height, width = size[0] / grid[0], size[1] / grid[1]
    return abs(height - width) / max(height, width)


def token_grid(count: int, size: tuple[int, int]) -> tuple[int, int] | None:
    """Rows and columns of the patches among so many tokens; a few in front stand for no place.

    Args:
        count: tokens of one image.
        size: height and width of the image.

    Returns:
        The grid with the squarest patches; None where no number of patches fits.
    """
    grids = []
    for patches in range(count, max(count - _PREFIX_TOKENS, 3), -1):
        rows = round((patches * size[0] / size[1]) ** 0.5)
        if rows and patches % rows == 0:
            grids.append((rows, patches // rows))
    return min(grids, key=lambda grid: stretch(grid, size), default=None)
