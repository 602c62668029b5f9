"""Agreement of annotators who say yes or no, as functions of sums over images.

Sums can be weighted, and drawn again: the functions take the last axis as columns and give NaN
where a coefficient is not defined. Missing readings are left out, as each coefficient does it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


def pair_columns(first: BoolArray, second: BoolArray) -> Array:
    """(N, 4): both say yes, the first alone, the second alone, neither."""
    cells = (first & second, first & ~second, ~first & second, ~first & ~second)
    return np.stack(cells, axis=1).astype(np.float64)


def cohen_kappa(sums: Array) -> Array:
    """How much more do two annotators agree than by chance? Cohen 1960.

    Args:
        sums: (..., 4) of `pair_columns`.

    Returns:
        (...), at most 1; NaN where both use one category alone.
    """
    both, first, second, neither = np.moveaxis(np.asarray(sums, dtype=np.float64), -1, 0)
    total = both + first + second + neither
    by_chance = (both + first) * (both + second) + (first + neither) * (second + neither)
    return _ratio((both + neither) * total - by_chance, total * total - by_chance)


def fleiss_columns(positive: IntArray, readings: int) -> Array:
    """(N, 3): share of the pairs of readings that agree, share that says yes, and 1.

    Args:
        positive: (N,) readings of each image that say yes.
        readings: of every image, at least 2.
    """
    yes, no = np.asarray(positive, dtype=np.float64), readings - np.asarray(positive, np.float64)
    agreeing = (yes * (yes - 1) + no * (no - 1)) / (readings * (readings - 1))
    return np.stack([agreeing, yes / readings, np.ones(len(yes))], axis=1)


def fleiss_kappa(sums: Array) -> Array:
    """How much more do any two of as many annotators agree than by chance? Fleiss 1971.

    Args:
        sums: (..., 3) of `fleiss_columns`.

    Returns:
        (...), at most 1; NaN where all readings are of one category.
    """
    agreeing, yes, total = np.moveaxis(np.asarray(sums, dtype=np.float64), -1, 0)
    by_chance = yes * yes + (total - yes) * (total - yes)
    return _ratio(agreeing * total - by_chance, total * total - by_chance)


def alpha_columns(positive: IntArray, readings: IntArray) -> Array:
    """(N, 3): disagreeing pairs of readings for each other reading, readings that say yes, and no.

    Images of a single reading have nothing to be paired with and add nothing.

    Args:
        positive: (N,) readings of each image that say yes.
        readings: (N,) readings of it.
    """
    paired = np.asarray(readings) >= 2
    yes = np.where(paired, positive, 0).astype(np.float64)
    no = np.where(paired, np.asarray(readings) - positive, 0).astype(np.float64)
    return np.stack([2 * yes * no / np.where(paired, np.asarray(readings) - 1, 1), yes, no], axis=1)


def krippendorff_alpha(sums: Array) -> Array:
    """How much less do annotators disagree than by chance, whoever read what? Krippendorff 2011.

    For nominal data: 1 - observed / expected disagreement of pairable readings.

    Args:
        sums: (..., 3) of `alpha_columns`.

    Returns:
        (...), at most 1; NaN where all pairable readings are of one category.
    """
    differing, yes, no = np.moveaxis(np.asarray(sums, dtype=np.float64), -1, 0)
    by_chance = 2 * yes * no
    return _ratio(by_chance - (yes + no - 1) * differing, by_chance)


def _ratio(top: Array, bottom: Array) -> Array:
    out = np.full(np.shape(top), np.nan)
    np.divide(top, bottom, out=out, where=bottom > 1e-12)
    return out
