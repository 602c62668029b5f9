"""Agreement: do methods that ask different questions point at the same places?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.message import Message
from xaudit.core.metric import Score, Undefined, metric
from xaudit.metrics.maps.similarity import rank_correlation

_CELL = 8
"""Pixels: a gradient's map speckles where a feature map's is smooth, and that is no disagreement
about places."""


@metric("agreement", bounds=(-1.0, 1.0), unit="number")
def agreement(first: FloatArray, second: FloatArray, inside: BoolArray) -> Score:
    """How alike do two methods rank the places of an image?

    Spearman's correlation of the mean positive evidence in cells of 8 × 8 pixels that lie in the
    image by at least one half; the mean is over the pixels of the image. Undefined where a map
    cannot be read or is the same in every cell.

    Args:
        first: (H, W), raw and signed.
        second: (H, W).
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes differ, or the maps are smaller than a cell.
    """
    if not first.shape == second.shape == inside.shape or min(inside.shape) < _CELL:
        raise ValueError(
            f"two maps and inside of one size are needed, at least {_CELL} × {_CELL}, "
            f"got {first.shape}, {second.shape}, {inside.shape}"
        )
    share = _cells(inside.astype(float))
    one, other = (
        _cells(np.where(inside, np.maximum(values, 0), 0)) / np.where(share > 0, share, 1)
        for values in (first, second)
    )
    return rank_correlation(one, other, share >= 0.5)


def consensus(maps: Sequence[FloatArray], inside: BoolArray) -> FloatArray | Undefined:
    """Where do the methods agree that the evidence lies?

    The mean over the maps of each pixel's rank among the pixels of the image, in (0, 1], ties
    sharing ranks: no method counts more for being louder. 0 on padding. Ranks have an order and no
    mass.

    Args:
        maps: M of (H, W), raw and signed, each readable.
        inside: (H, W) bool, False on padding.
    """
    if len(maps) < 2:
        return Undefined(Message("{n} maps that can be read, 2 needed", n=len(maps)))
    mean = np.mean([scipy.stats.rankdata(np.maximum(values[inside], 0)) for values in maps], axis=0)
    out = np.zeros(inside.shape, dtype=np.float32)
    out[inside] = mean / len(mean)
    return out


def _cells(values: npt.NDArray[np.float64] | FloatArray) -> npt.NDArray[np.float64]:
    rows, columns = (side // _CELL for side in values.shape)
    cut = values[: rows * _CELL, : columns * _CELL].astype(np.float64)
    return np.asarray(cut.reshape(rows, _CELL, columns, _CELL).mean(axis=(1, 3)))
