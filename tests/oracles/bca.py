"""Bootstrap limits that allow for bias and skewness."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import special

from xaudit.core.estimate import Estimate
from xaudit.stats.resampling.bootstrap import expanded_tail, interval_of_draws

Array = npt.NDArray[np.float64]


def acceleration(influence: Array, index: npt.NDArray[np.intp]) -> float:
    """How skewed is a statistic, by what each patient adds to its error?

    Σ U³ / (6 (Σ U²)^1.5); Efron 1987, eq. 7.3. 0 where no patient adds anything.

    Args:
        influence: (N,), what each case adds, up to a common factor; they sum to 0.
        index: (N,) number of the patient, from 0.
    """
    by_patient = np.bincount(index, weights=influence)
    squares = float(by_patient @ by_patient)
    return float((by_patient**3).sum()) / (6 * squares**1.5) if squares > 0 else 0.0


def bca_of_draws(
    value: float | None,
    replicates: Array,
    accelerated: float,
    counts: tuple[int, int],
    level: float = 0.95,
) -> Estimate:
    """Bias-corrected and accelerated limits of replicates; NaN marks a draw without a value.

    Efron 1987, with the tails of `interval_of_draws` for few patients. Reasons for no estimate as
    there. Where the value lies beyond all draws, or the correction has no root, the limits stay
    those of the percentiles, and say so.

    Args:
        value: from the sample.
        replicates: (draws,).
        accelerated: see `acceleration`.
        counts: cases and patients.
        level: confidence level, two-sided.
    """
    found = interval_of_draws(value, replicates, *counts, level)
    if found.value is None or found.low == found.high:
        return found
    draws = replicates[~np.isnan(replicates)]
    below = float((draws < found.value).mean() + (draws == found.value).mean() / 2)
    tails = _corrected(below, accelerated, expanded_tail(counts[1], level))
    if tails is None:
        return found
    low, high = map(float, np.quantile(draws, tails))
    method = found.method.replace("expanded percentile", "expanded BCa")
    return replace(found, low=low, high=high, method=method)


def _corrected(below: float, accelerated: float, tail: float) -> tuple[float, float] | None:
    """Shares of the draws at which the limits lie."""
    if not 0 < below < 1:
        return None
    bias = float(special.ndtri(below))
    shares = []
    for share in (tail, 1 - tail):
        shifted = bias + float(special.ndtri(share))
        if 1 - accelerated * shifted <= 0:
            return None
        shares.append(float(special.ndtr(bias + shifted / (1 - accelerated * shifted))))
    return shares[0], shares[1]
