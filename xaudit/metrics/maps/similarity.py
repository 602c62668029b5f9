"""Similarity of two maps of the same image.

Maps enter raw and signed: neither absolute values nor a stretch to [0, 1] comes before the
comparison, as both make unlike maps alike (Hedström et al. 2023). A positive factor changes
nothing. Undefined where a map does not vary or is not finite.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.message import Message
from xaudit.core.metric import Score, Undefined

Array = npt.NDArray[np.float64]
Values = npt.NDArray[np.floating]

_SIGMA, _TRUNCATE = 1.5, 3.5
_ORIENTATIONS, _CELL = 8, 8


def rank_correlation(first: Values, second: Values, inside: BoolArray) -> Score:
    """Spearman's correlation of two maps over the pixels of the image, ties sharing ranks.

    Args:
        first: (H, W).
        second: (H, W).
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes differ.
    """
    reason = _unreadable(first, second, inside)
    if reason:
        return reason
    one, other = (scipy.stats.rankdata(values[inside]) for values in (first, second))
    one, other = one - one.mean(), other - other.mean()
    return float(np.clip(one @ other / np.sqrt((one @ one) * (other @ other)), -1, 1))


def structural_similarity(first: Values, second: Values, inside: BoolArray) -> Score:
    """Structural similarity of two maps as pictures, not as rows of numbers.

    Wang et al. 2004, Gaussian windows of σ 1.5, mean over the pixels of the image. Each map is
    divided by its root mean square, then the smallest value of both becomes 0 and their span the
    data range: the formula is made for intensities, and on signed values it calls a map and its
    negative alike.

    Args:
        first: (H, W).
        second: (H, W).
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes differ.
    """
    reason = _unreadable(first, second, inside)
    if reason:
        return reason
    one, other = (_scaled(values, inside) for values in (first, second))
    low = min(one.min(), other.min())
    span = max(one.max(), other.max()) - low
    return float(_ssim_picture(one - low, other - low, span)[inside].mean())


def hog_similarity(first: Values, second: Values, inside: BoolArray) -> Score:
    """Correlation of the histograms of oriented gradients of two maps.

    Dalal and Triggs 2005: cells of 8 × 8 pixels, each on its own, unsigned directions. There are
    8 instead of 9, centered on the axes, so that a mirrored picture has mirrored histograms.

    Args:
        first: (H, W), at least one cell large.
        second: (H, W).
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes differ, or the maps are smaller than a cell.
    """
    reason = _unreadable(first, second, inside)
    if reason:
        return reason
    one, other = (oriented_gradients(_scaled(values, inside)) for values in (first, second))
    one, other = one.ravel() - one.mean(), other.ravel() - other.mean()
    below = float(np.sqrt((one @ one) * (other @ other)))
    if below == 0:
        return Undefined(Message("a map has no gradients"))
    return float(np.clip(one @ other / below, -1, 1))


def oriented_gradients(values: Array) -> Array:
    """Histogram of gradient directions in each cell, of length one; (H, W) → (h, w, 8)."""
    rows, columns = (side // _CELL for side in values.shape)
    if not rows or not columns:
        raise ValueError(f"maps have at least {_CELL} × {_CELL} pixels, got {values.shape}")
    down, right = np.zeros(values.shape), np.zeros(values.shape)
    down[1:-1, 1:-1] = values[2:, 1:-1] - values[:-2, 1:-1]
    right[1:-1, 1:-1] = values[1:-1, 2:] - values[1:-1, :-2]
    strength = np.hypot(down, right)
    bins = np.rint(np.arctan2(down, right) / np.pi * _ORIENTATIONS).astype(int) % _ORIENTATIONS
    size = (rows * _CELL, columns * _CELL)
    histogram = np.zeros((rows, columns, _ORIENTATIONS))
    y, x = np.indices(size) // _CELL
    cut = np.s_[: size[0], : size[1]]
    np.add.at(histogram, (y, x, bins[cut]), strength[cut] / _CELL**2)
    return np.asarray(histogram / np.sqrt((histogram**2).sum(axis=2, keepdims=True) + 1e-10))


def _ssim_picture(one: Array, other: Array, span: float) -> Array:
    def smooth(values: Array) -> Array:
        return np.asarray(scipy.ndimage.gaussian_filter(values, _SIGMA, truncate=_TRUNCATE))

    mean_one, mean_other = smooth(one), smooth(other)
    variance_one = smooth(one * one) - mean_one**2
    variance_other = smooth(other * other) - mean_other**2
    together = smooth(one * other) - mean_one * mean_other
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    above = (2 * mean_one * mean_other + c1) * (2 * together + c2)
    below = (mean_one**2 + mean_other**2 + c1) * (variance_one + variance_other + c2)
    return np.asarray(above / below)


def _scaled(values: Values, inside: BoolArray) -> Array:
    """The map over its root mean square, 0 on padding."""
    plain = np.where(inside, values, 0).astype(np.float64)
    plain /= np.abs(plain).max()
    return np.asarray(plain / np.sqrt((plain[inside] ** 2).mean()))


def _unreadable(first: Values, second: Values, inside: BoolArray) -> Undefined | None:
    if not first.shape == second.shape == inside.shape or inside.ndim != 2:
        raise ValueError(
            "two maps (H, W) and inside (H, W) are needed, "
            f"got {first.shape}, {second.shape}, {inside.shape}"
        )
    for values in (first[inside], second[inside]):
        if not np.isfinite(values).all():
            return Undefined(Message("a map holds NaN or infinite values"))
        if not len(values) or np.ptp(values) == 0:
            return Undefined(Message("a map is constant"))
    return None
