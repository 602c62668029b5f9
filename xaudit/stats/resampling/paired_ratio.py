"""Two ratios of sums over the same cases: means, predictive values, F1."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.stats.resampling.bootstrap import clustered_sums_draws, interval_of_draws
from xaudit.stats.weights import Patients, numbered

Array = npt.NDArray[np.float64]
Ratio = tuple[npt.ArrayLike, npt.ArrayLike]
"""What each case adds above the line and below it; (N,) each."""


def paired_ratio_difference(
    first: Ratio,
    second: Ratio,
    patients: Patients,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """How much larger is one ratio of sums than another, on the same cases?

    Patients are resampled with all their cases and both ratios are read on the same draws; expanded
    percentile interval (see `xaudit.stats.resampling.bootstrap.interval_of_draws`).

    Args:
        first: ratio of one detector.
        second: ratio of the other.
        patients: N names.
        rng: source of the draws.
        draws: how many times patients are resampled.
        level: confidence level, two-sided.

    Raises:
        ValueError: the lengths differ.
    """
    columns = np.stack([np.asarray(one, dtype=np.float64) for one in (*first, *second)], axis=1)
    if len(columns) != len(patients):
        raise ValueError(f"{len(columns)} cases, {len(patients)} patient names")
    clusters = numbered(patients)[0]
    total = _differences(columns.sum(axis=0)[None])
    if np.isnan(total[0]):
        reason = Message("nothing to divide by for one of the two")
        return Estimate.missing(reason, n=len(columns), clusters=clusters)
    replicates = np.full(draws, np.nan)
    if clusters >= 2:
        replicates = _differences(clustered_sums_draws(columns, patients, rng, draws))
    return interval_of_draws(float(total[0]), replicates, len(columns), clusters, level)


def _differences(sums: Array) -> Array:
    """(D, 4) sums → (D,) differences; NaN where a ratio has nothing below the line."""
    full = (sums[:, 1] != 0) & (sums[:, 3] != 0)
    found = np.full(len(sums), np.nan)
    kept = sums[full]
    found[full] = kept[:, 0] / kept[:, 1] - kept[:, 2] / kept[:, 3]
    return found
