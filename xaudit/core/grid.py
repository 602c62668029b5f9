"""Grids of feature cells or patches that lie over an image."""

from __future__ import annotations

LARGEST_STRETCH = 0.35
"""Cells may be so far from square: rounding of strides and of odd sizes explains no more."""

_PREFIX_TOKENS = 9


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
