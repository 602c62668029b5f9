"""Reliability: how well repeated measurements of the same things agree."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def intraclass_correlation(table: Array) -> float | None:
    """What share of the variance lies between the things measured, not between repetitions?

    Two-way random effects, absolute agreement, single measurement: ICC(A,1) of McGraw and Wong
    1996, ICC(2,1) of Shrout and Fleiss 1979. 1 is perfect repetition, 0 none; sampling may give
    values below 0.

    Args:
        table: (things, repetitions), finite, at least 2 × 2.

    Returns:
        At most 1; None where nothing varies.

    Raises:
        ValueError: the table is too small or not finite.
    """
    things, repetitions = _checked(table).shape
    grand = table.mean()
    between_things = repetitions * float(((table.mean(axis=1) - grand) ** 2).sum())
    between_repetitions = things * float(((table.mean(axis=0) - grand) ** 2).sum())
    rest = float(((table - grand) ** 2).sum()) - between_things - between_repetitions
    mean_things = between_things / (things - 1)
    mean_repetitions = between_repetitions / (repetitions - 1)
    mean_rest = max(rest, 0.0) / ((things - 1) * (repetitions - 1))
    below = (
        mean_things
        + (repetitions - 1) * mean_rest
        + repetitions * (mean_repetitions - mean_rest) / things
    )
    # Sums of squares carry the rounding of values as large as these.
    if below <= 1e-12 * max(1.0, float((table**2).mean())):
        return None
    return float((mean_things - mean_rest) / below)


def spearman_brown(correlation: float, times: int) -> float | None:
    """How reliable is the mean of so many measurements if two of them correlate like this?

    Spearman 1910 and Brown 1910: k r / (1 + (k - 1) r).

    Args:
        correlation: of two measurements.
        times: how many are averaged, at least 1.

    Returns:
        At most 1; None where the formula has a pole (r <= -1 / (k - 1)).
    """
    below = 1 + (times - 1) * correlation
    return times * correlation / below if below > 1e-12 else None


def split_reliability(table: Array) -> float | None:
    """How reliably does the mean over repetitions tell the things apart?

    The mean correlation over all pairs of repetitions, stepped up by `spearman_brown` to all of
    them: the split-half coefficient without the choice of a split.

    Args:
        table: (things, repetitions), finite, at least 2 × 2.

    Returns:
        At most 1; None where a repetition does not vary or the repetitions contradict each other
        so much that the formula has no value.

    Raises:
        ValueError: the table is too small or not finite.
    """
    columns = _checked(table).T
    if (np.ptp(columns, axis=1) == 0).any():
        return None
    pairs = [np.corrcoef(*pair)[0, 1] for pair in combinations(columns, 2)]
    return spearman_brown(float(np.mean(pairs)), len(columns))


def _checked(table: Array) -> Array:
    if table.ndim != 2 or min(table.shape) < 2 or not np.isfinite(table).all():
        raise ValueError(
            f"a finite table of at least 2 things × 2 repetitions is needed, got {table.shape}"
        )
    return table
