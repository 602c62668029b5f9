"""Statistics of a radiograph, a dozen numbers: gray levels, sharpness, noise, size."""

from __future__ import annotations

import math

import numpy as np

from xaudit.core.case import BoolArray, FloatArray, PreparedCase
from xaudit.core.message import Message
from xaudit.data.pixels.images import to_gray

_QUANTILES = {"quantile_05": 0.05, "quantile_25": 0.25, "quantile_50": 0.5, "quantile_75": 0.75,
              "quantile_95": 0.95}  # fmt: skip

IMAGE_STATISTICS = {
    "mean": Message("mean gray level, 0 to 1"),
    "spread": Message("standard deviation of gray levels"),
    **{
        name: Message("{share:.0f}% of the gray levels are below", share=100 * share)
        for name, share in _QUANTILES.items()
    },
    "sharpness": Message("standard deviation of the Laplacian (Pech-Pacheco 2000)"),
    "noise": Message("standard deviation of the noise (Immerkær 1996)"),
    "log2_height": Message("rows of the image as stored, as a power of 2"),
    "log2_width": Message("columns of the image as stored, as a power of 2"),
}
"""Name → what it is. All but the size are taken on the input grid, where the detector looks."""


def image_statistics(case: PreparedCase) -> FloatArray:
    """Gray levels, sharpness, noise and size of one image, in the order of `IMAGE_STATISTICS`.

    On the input grid, without padding: what the detector is given. A larger image that is brought
    down to the grid has less noise and is sharper there, which is a difference that the detector
    sees too.

    Args:
        case: on the input grid.
    """
    gray = to_gray(np.moveaxis(case.image, 0, -1)) if len(case.image) > 1 else case.image[0]
    values = gray[case.shown].astype(np.float64)
    inner = _with_neighbors(case.shown & ~_seams(case))
    # Second differences down and across: what they add up to, and what is left of one in the other.
    down, across = np.diff(gray, 2, axis=0), np.diff(gray, 2, axis=1)
    laplacian = (down[:, 1:-1] + across[1:-1])[inner]
    noise = float(np.abs(np.diff(down, 2, axis=1)[inner]).mean())
    height, width = case.source.plane
    found = (
        values.mean(),
        values.std(),
        *np.quantile(values, list(_QUANTILES.values())),
        laplacian.std(),
        math.sqrt(math.pi / 2) / 6 * noise,
        math.log2(height),
        math.log2(width),
    )
    return np.array(found, dtype=np.float32)


def _seams(case: PreparedCase) -> BoolArray:
    """The last row of each view above another: no pixel of two views is a neighbor of it."""
    seams = np.zeros_like(case.shown)
    rows = case.grid.view[0]
    seams[rows - 1 : -1 : rows] = seams[rows:-1:rows] = case.grid.views > 1
    return seams


def _with_neighbors(inside: BoolArray) -> BoolArray:
    """Which pixels, without those at the rim of the grid, lie in the image with all neighbors.

    (H, W) → (H - 2, W - 2). Where the image is a strip that has none of them: all its pixels.
    """
    rows = inside[:-2] & inside[1:-1] & inside[2:]
    inner: BoolArray = rows[:, :-2] & rows[:, 1:-1] & rows[:, 2:]
    return inner if inner.any() else inside[1:-1, 1:-1]
