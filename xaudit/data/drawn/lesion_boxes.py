"""Boxes of annotated lesions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xaudit.core.boxes import Boxes
from xaudit.core.case import Region
from xaudit.core.grid import Grid
from xaudit.data.annotations.masks import Box

Corners = tuple[float, float, float, float]


def lesion_boxes(lesions: Sequence[Region], grid: Grid) -> Boxes:
    """A box for each lesion, in pixels of its upright image.

    Where an annotator drew a box, it is that; of an outline it is the smallest that holds all of
    its pixels.

    Args:
        lesions: of one image.
        grid: of that image, upright.

    Raises:
        DataError: a lesion does not fit the image.
    """
    corners = [corners_of(lesion, grid) for lesion in lesions]
    zeros = np.zeros(len(corners))
    return Boxes(np.array(corners).reshape(-1, 4), zeros, zeros.astype(np.intp))


def corners_of(lesion: Region, grid: Grid) -> Corners:
    """Left, top, right and bottom of one lesion.

    Raises:
        DataError: it does not fit the image.
    """
    mask = lesion.rasterize(grid)
    if isinstance(lesion, Box):
        return lesion.x, lesion.y, lesion.x + lesion.w, lesion.y + lesion.h
    (left, right), (top, bottom) = (_span(np.flatnonzero(mask.any(axis=axis))) for axis in (0, 1))
    return left, top, right, bottom


def _span(there: npt.NDArray[np.intp]) -> tuple[float, float]:
    return float(there[0]), float(there[-1] + 1)
