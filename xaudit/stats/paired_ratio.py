"""Two ratios of the same cases, as predictive values of two detectors are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xaudit.core.estimate import Estimate
from xaudit.stats.bootstrap import clustered_sums_draws, interval_of_draws
from xaudit.stats.weights import Patients, numbered

Array = npt.NDArray[np.float64]
Ratio = tuple[npt.ArrayLike, npt.ArrayLike]


def paired_ratio_difference(
    first: Ratio,
    second: Ratio,
    patients: Patients,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """How much larger is one ratio of sums than another, patients drawn with all their cases?

    The same draws serve both ratios, so what they share cancels (Leisenring et al. 2000 name the
    problem for predictive values: their denominators differ between detectors).

    Args:
        first: minuend: what each case adds above and below the line, (N,) each.
        second: subtrahend, of the same cases.
        patients: N names.
        rng: source of the draws.
        draws: how many times patients are drawn.
        level: confidence level, two-sided.
    """
    columns = np.stack([np.asarray(one, dtype=np.float64) for one in (*first, *second)], axis=1)
    clusters, n = numbered(patients)[0], len(columns)
    value = _gap(columns.sum(axis=0, keepdims=True))[0]
    if np.isnan(value):
        return Estimate.missing("one of the two has nothing to divide by", n=n, clusters=clusters)
    replicates = np.full(draws, np.nan)
    if clusters >= 2:
        replicates = _gap(clustered_sums_draws(columns, patients, rng, draws))
    return interval_of_draws(float(value), replicates, n, clusters, level)


def _gap(sums: Array) -> Array:
    """(D, 4) sums → (D,), NaN where a denominator is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]
    found: Array = np.where((sums[:, 1] > 0) & (sums[:, 3] > 0), gap, np.nan)
    return found
