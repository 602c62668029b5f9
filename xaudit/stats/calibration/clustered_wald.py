"""Intervals from influences: what each case adds to an estimate, summed within patients."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.stats.proportions import t_quantile
from xaudit.stats.weights import Patients, numbered

Array = npt.NDArray[np.float64]

METHOD = Message("cluster-robust Wald")


def clustered_wald(
    value: float, influence: Array, patients: Patients, degrees: int, level: float = 0.95
) -> Estimate:
    """What interval has an estimate whose error is a sum over cases?

    The variance is that of the sums within patients (Liang and Zeger 1986) with the factor
    c / (c - 1) for c patients, with t (Cameron and Miller 2015).

    Args:
        value: the estimate.
        influence: (N,), what each case adds to its error.
        patients: N names, of 2 patients at least.
        degrees: of freedom: patients - 1, of the smaller side for a difference.
        level: confidence level, two-sided.
    """
    clusters, index = numbered(patients)
    sums = np.bincount(index, influence, minlength=clusters)
    return wald_of_squares(value, float(sums @ sums), (len(influence), clusters), degrees, level)


def wald_of_squares(
    value: float, squares: float, counts: tuple[int, int], degrees: int, level: float = 0.95
) -> Estimate:
    """As `clustered_wald`, from squares of the sums within patients, added up over them.

    Args:
        value: the estimate.
        squares: added up.
        counts: cases and patients.
        degrees: of freedom.
        level: confidence level, two-sided.
    """
    n, clusters = counts
    half = t_quantile(level, degrees) * math.sqrt(clusters / (clusters - 1) * squares)
    return Estimate(value, value - half, value + half, METHOD, level, n=n, clusters=clusters)
