"""Two proportions of the same cases: two detectors, or one with and without aid."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.stats.comparison import Comparison
from xaudit.stats.proportions import normal_quantile, t_quantile
from xaudit.stats.weights import Patients, numbered

Array = npt.NDArray[np.float64]
Weight = Literal["case", "patient"]
_ROUNDING = 1e-12


def mcnemar_p_value(first_only: int, second_only: int, which: Literal["exact", "mid-p"]) -> float:
    """Do two proportions of the same cases differ, by the cases on which they disagree?

    Exact: McNemar 1947 with the binomial distribution, never above its error rate. Mid-p: Fagerland
    et al. 2013, closer to it and seldom above.

    Args:
        first_only: cases in which the first succeeds alone.
        second_only: cases in which the second succeeds alone.
        which: "exact" or "mid-p".

    Raises:
        ValueError: a count is negative.
    """
    if min(first_only, second_only) < 0:
        raise ValueError(f"counts are not negative, got {first_only} and {second_only}")
    few, both = min(first_only, second_only), first_only + second_only
    exact = 2 * float(scipy.stats.binom.cdf(few, both, 0.5))
    if which == "mid-p":
        exact -= float(scipy.stats.binom.pmf(few, both, 0.5))
    return min(1.0, exact)


def paired_difference(
    first: BoolArray,
    second: BoolArray,
    patients: Patients,
    weight: Weight = "case",
    level: float = 0.95,
) -> Comparison:
    """How much more often does the first succeed than the second, on the same cases?

    One case for each patient: score interval by Tango 1998 and McNemar's mid-p. Otherwise the
    differences are summed by patient: every case counts the same (Obuchowski 1998) or every patient
    does (Durkalski et al. 2003). The interval holds the differences that the same test, with t on
    patients - 1 degrees in place of z, does not reject: a score interval, as the variance is that
    under each difference. Where all patients differ alike, they stand for cases.

    Args:
        first: (N,) bool, one for each case.
        second: (N,) bool, of the same cases.
        patients: N names.
        weight: what counts the same where patients have several cases.
        level: confidence level, two-sided.

    Raises:
        ValueError: the lengths differ.
    """
    first, second = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if not len(first) == len(second) == len(patients):
        raise ValueError(f"{len(first)} and {len(second)} cases, {len(patients)} patients")
    clusters, index = numbered(patients)
    n = len(first)
    if clusters < 2:
        reason = Message("{n} patients, 2 needed to compare", n=clusters)
        reason = Message("1 patient, 2 needed to compare") if clusters == 1 else reason
        return Comparison(Estimate.missing(reason, n=n, clusters=clusters), None, "none")
    if clusters == n:
        return _of_cases(int((first & ~second).sum()), int((second & ~first).sum()), n, level)
    gaps = np.bincount(index, weights=first.astype(float) - second).astype(np.float64)
    return _of_patients(gaps, np.bincount(index).astype(np.float64), weight, level)


def _of_cases(first_only: int, second_only: int, n: int, level: float) -> Comparison:
    low, high = _tango(first_only, second_only, n, level)
    value = (first_only - second_only) / n
    found = Estimate(value, low, high, Message("Tango 1998 score, paired"), level, n=n, clusters=n)
    return Comparison(
        found, mcnemar_p_value(first_only, second_only, "mid-p"), Message("McNemar, mid-p")
    )


def _of_patients(gaps: Array, sizes: Array, weight: Weight, level: float) -> Comparison:
    n, clusters = int(sizes.sum()), len(gaps)
    if weight == "patient":
        gaps, sizes = gaps / sizes, np.ones(clusters)
    source = "Obuchowski 1998" if weight == "case" else "Durkalski et al. 2003"
    value = float(gaps.sum() / sizes.sum())
    if np.abs(gaps - value * sizes).max() < _ROUNDING:
        # All patients have the same share: nothing is known of how they vary.
        low, high = _tango(max(value, 0.0) * clusters, max(-value, 0.0) * clusters, clusters, level)
        method = Message("Tango 1998 score, paired, patients as cases")
        alike = Estimate(value, low, high, method, level, n=n, clusters=clusters)
        return Comparison(alike, 1.0 if value == 0 else None, "none")
    low, high = _clustered_limits(gaps, sizes, t_quantile(level, clusters - 1))
    method = Message("clustered pairs ({source}), score", source=source)
    found = Estimate(value, low, high, method, level, n=n, clusters=clusters)
    t = abs(float(gaps.sum())) / math.sqrt(float(gaps @ gaps))
    p_value = float(2 * scipy.stats.t.sf(t, clusters - 1))
    return Comparison(found, p_value, Message("clustered McNemar ({source}), t", source=source))


def _clustered_limits(gaps: Array, sizes: Array, quantile: float) -> tuple[float, float]:
    """Where (Σ(d - δn))² = q² Σ(d - δn)², a quadratic in the difference δ."""
    q2, total, cases = quantile**2, float(gaps.sum()), float(sizes.sum())
    square = cases**2 - q2 * float(sizes @ sizes)
    if square <= 0:
        return -1.0, 1.0
    linear = total * cases - q2 * float(gaps @ sizes)
    root = math.sqrt(max(0.0, linear**2 - square * (total**2 - q2 * float(gaps @ gaps))))
    value = total / cases
    low, high = (linear - root) / square, (linear + root) / square
    return max(-1.0, min(low, value)), min(1.0, max(high, value))


def _tango(first_only: float, second_only: float, n: int, level: float) -> tuple[float, float]:
    z = normal_quantile(level)
    value = (first_only - second_only) / n

    def distance(gap: float) -> float:
        """Score statistic of this true difference; falls with the difference."""
        linear = (2 * n - first_only + second_only) * gap - first_only - second_only
        constant = -second_only * gap * (1 - gap)
        root = math.sqrt(max(0.0, linear**2 - 8 * n * constant))
        second_share = (root - linear) / (4 * n)
        variance = n * (2 * second_share + gap * (1 - gap))
        return (first_only - second_only - n * gap) / math.sqrt(max(variance, 1e-300))

    edge = 1e-12
    low = -1.0 if value <= -1 else _root(lambda gap: distance(gap) - z, -1 + edge, value)
    high = 1.0 if value >= 1 else _root(lambda gap: distance(gap) + z, value, 1 - edge)
    return low, high


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(scipy.optimize.brentq(function, low, high, xtol=1e-14))
