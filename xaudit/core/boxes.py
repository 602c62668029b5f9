"""Boxes that a detector draws on an image, or that an annotation has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray

_SIDES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """B boxes on one image.

    Corners are edges of pixels, not their centers: a box of one pixel is 1 wide.

    Attributes:
        corners: (B, 4) float64: left, top, right, bottom, in pixels of the grid that they were
            drawn on, from its upper left corner.
        ratings: (B,) float64, how sure the detector is; logits, finite. Zeros for annotations.
        classes: (B,) integers, which output of the detector drew them; zeros where there is one.

    Raises:
        ValueError: sizes differ, a number is not finite, or a box has no area.
    """

    corners: npt.NDArray[np.float64]
    ratings: npt.NDArray[np.float64]
    classes: npt.NDArray[np.intp]

    def __post_init__(self) -> None:
        corners = np.asarray(self.corners, dtype=np.float64).reshape(-1, _SIDES)
        ratings = np.asarray(self.ratings, dtype=np.float64)
        classes = np.asarray(self.classes, dtype=np.intp)
        if not len(corners) == len(ratings) == len(classes):
            raise ValueError(
                f"{len(corners)} boxes, {len(ratings)} ratings and {len(classes)} classes"
            )
        if not (np.isfinite(corners).all() and np.isfinite(ratings).all()):
            raise ValueError("corners and ratings of boxes are finite numbers")
        if (corners[:, 2:] <= corners[:, :2]).any():
            raise ValueError("a box ends right of and below where it begins")
        for name, values in (("corners", corners), ("ratings", ratings), ("classes", classes)):
            object.__setattr__(self, name, values)

    @classmethod
    def none(cls) -> Boxes:
        """No box at all."""
        return cls(np.empty((0, _SIDES)), np.empty(0), np.empty(0, dtype=np.intp))

    def __len__(self) -> int:
        return len(self.corners)

    def chosen(self, which: BoolArray | npt.NDArray[np.intp]) -> Boxes:
        """Some of them, by a mask or by number, in that order."""
        return Boxes(self.corners[which], self.ratings[which], self.classes[which])

    def placed(self, scale: tuple[float, float], shift: tuple[float, float]) -> Boxes:
        """On another grid: times a scale, then shifted; both x, then y."""
        times = np.array([*scale, *scale], dtype=np.float64)
        plus = np.array([*shift, *shift], dtype=np.float64)
        return replace(self, corners=self.corners * times + plus)

    def __eq__(self, other: Any) -> bool:  # noqa: ANN401
        if not isinstance(other, Boxes):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("corners", "ratings", "classes")
        )

    __hash__ = None  # type: ignore[assignment]
