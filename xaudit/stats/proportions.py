"""Intervals for proportions, and for what is derived from two of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.stats.weights import Patients, numbered

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


# Groups by the hundred ask for the same few.
@lru_cache(maxsize=256)
def normal_quantile(level: float) -> float:
    """The z of a two-sided interval of this level.

    Raises:
        ValueError: the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, got {level}")
    return float(scipy.special.ndtri(0.5 + level / 2))


@lru_cache(maxsize=4096)
def t_quantile(level: float, degrees: int) -> float:
    """The t of a two-sided interval of this level.

    Args:
        level: confidence level, two-sided.
        degrees: of freedom, at least 1: patients - 1 where a variance was estimated over patients.

    Raises:
        ValueError: the level is not between 0 and 1.
    """
    normal_quantile(level)
    return float(scipy.special.stdtrit(degrees, 0.5 + level / 2))


def score_limits(proportion: float, n: float, level: float) -> tuple[float, float]:
    """Wilson limits for a sample size that need not be whole; Wilson 1927."""
    z2 = normal_quantile(level) ** 2
    center = (proportion + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (proportion * (1 - proportion) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low = 0.0 if proportion == 0 else max(0.0, center - half)
    high = 1.0 if proportion == 1 else min(1.0, center + half)
    return low, high


def wilson(k: int, n: int, level: float = 0.95) -> Estimate:
    """What is the proportion k/n, with Wilson's score interval?

    Args:
        k: successes, 0 ≤ k ≤ n.
        n: independent cases; 0 gives a missing estimate.
        level: confidence level, two-sided.

    Raises:
        ValueError: the counts do not fit.
    """
    _check_counts(k, n)
    if n == 0:
        return Estimate.missing(Message("no cases"), k=0, n=0)
    low, high = score_limits(k / n, n, level)
    return Estimate(k / n, low, high, Message("Wilson"), level, k=k, n=n)


def clopper_pearson(k: int, n: int, level: float = 0.95) -> Estimate:
    """What is the proportion k/n, with the exact interval of Clopper and Pearson (1934)?

    Args:
        k: successes, 0 ≤ k ≤ n.
        n: independent cases; 0 gives a missing estimate.
        level: confidence level, two-sided.

    Raises:
        ValueError: the counts do not fit.
    """
    _check_counts(k, n)
    normal_quantile(level)
    if n == 0:
        return Estimate.missing(Message("no cases"), k=0, n=0)
    tail = (1 - level) / 2
    low = 0.0 if k == 0 else float(scipy.special.betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(scipy.special.betaincinv(k + 1, n - k, 1 - tail))
    return Estimate(k / n, low, high, "Clopper-Pearson", level, k=k, n=n)


def clustered_proportion(
    success: BoolArray,
    patients: Patients,
    level: float = 0.95,
    unit: str = "patient",
) -> Estimate:
    """What share of cases succeeds, where a patient may have several?

    Wilson's interval where every patient has one case. Otherwise Wilson on the effective sample
    n / d, d being the design effect of the ratio estimator (Rao and Scott 1992), never
    below 1, with t on patients - 1 degrees in place of z (Dean and Pagano 2015). Where all or no
    cases succeed, d cannot be estimated and the effective sample is the number of patients.

    Args:
        success: (N,) bool, one for each case.
        patients: N names.
        level: confidence level, two-sided.
        unit: what the study calls its independent unit.

    Raises:
        ValueError: the lengths differ.
    """
    if len(success) != len(patients):
        raise ValueError(f"{len(success)} cases but {len(patients)} patient names")
    n, k = len(success), int(np.sum(success))
    clusters, index = numbered(patients)
    effective = float(clusters)
    if 2 <= clusters < n:
        effective = effective_sample(np.asarray(success, dtype=float), index, clusters)
    return Share(k, n, clusters, effective).estimate(level, unit)


@dataclass(frozen=True, slots=True)
class Share:
    """All that an interval of a clustered proportion is made from; see `clustered_proportion`.

    Attributes:
        k: successes.
        n: cases.
        clusters: patients.
        effective: see `effective_sample`.
    """

    k: int
    n: int
    clusters: int
    effective: float

    def estimate(self, level: float = 0.95, unit: str = "patient") -> Estimate:
        """The proportion with its interval at any level."""
        k, n, clusters = self.k, self.n, self.clusters
        if clusters == n:
            return replace(wilson(k, n, level), unit=unit, clusters=clusters)
        if clusters < 2:
            return Estimate.missing(
                Message("all {n} values come from one {unit}", n=n, unit=Message(unit)),
                k=k,
                n=n,
                clusters=clusters,
                unit=unit,
            )
        effective = self.effective
        if 0 < k < n:
            effective *= (normal_quantile(level) / t_quantile(level, clusters - 1)) ** 2
        low, high = score_limits(k / n, effective, level)
        method = Message("Wilson on the Rao–Scott effective sample")
        return Estimate(k / n, low, high, method, level, k, n, clusters, unit)


def predictive_value(
    sensitivity: Estimate,
    specificity: Estimate,
    prevalence: float,
    which: Literal["ppv", "npv"],
) -> Estimate:
    """What is the predictive value at a declared prevalence?

    The log odds of a predictive value are the log likelihood ratio plus a constant, so the
    interval is that of the likelihood ratio, carried over (logit scale as in Mercaldo, Lau and
    Zhou 2007). The limits of sensitivity and specificity are used as they are, so clustering
    within each of them is kept; the two are taken as independent.

    Args:
        sensitivity: with its interval.
        specificity: with its interval.
        prevalence: share of positives where the device is used, strictly between 0 and 1.
        which: "ppv" or "npv".

    Raises:
        ValueError: the prevalence is not between 0 and 1.
    """
    if not 0 < prevalence < 1:
        raise ValueError(f"a prevalence lies strictly between 0 and 1, got {prevalence}")
    sign: Literal["positive", "negative"] = "positive" if which == "ppv" else "negative"
    pair = _ratio_parts(sensitivity, specificity, sign)
    if isinstance(pair, Estimate):
        return pair
    top, bottom = pair
    if top[0] == bottom[0] == 0:
        call = (
            Message("no case is called positive")
            if which == "ppv"
            else Message("no case is called negative")
        )
        return Estimate.missing(call, n=sensitivity.n + specificity.n)
    low, high, logged = _ratio_limits(top, bottom)
    odds = prevalence / (1 - prevalence)
    ratio = top[0] / bottom[0] if bottom[0] else math.inf
    fractured = [_share(odds * r) for r in (ratio, low, high)]
    value, a, b = fractured if which == "ppv" else [1 - share for share in fractured]
    scale = (
        "MOVER on the log scale of sensitivity and specificity at prevalence {p:g}"
        if logged
        else "MOVER-R of sensitivity and specificity at prevalence {p:g}"
    )
    method = Message(scale, p=prevalence)
    return _derived(value, min(a, b), max(a, b), method, sensitivity, specificity)


def likelihood_ratio(
    sensitivity: Estimate, specificity: Estimate, which: Literal["positive", "negative"]
) -> Estimate:
    """By what factor does a call change the odds of a fracture?

    Positive: sensitivity / (1 - specificity); negative: (1 - sensitivity) / specificity. Limits
    by MOVER on the log scale (Zou and Donner 2008) from the two intervals; MOVER-R (Donner and
    Zou 2012) where the ratio is 0. An infinite ratio is missing.

    Args:
        sensitivity: with its interval.
        specificity: with its interval.
        which: "positive" or "negative".
    """
    pair = _ratio_parts(sensitivity, specificity, which)
    if isinstance(pair, Estimate):
        return pair
    top, bottom = pair
    if bottom[0] == 0:
        rate = Message("1 - specificity") if which == "positive" else Message("specificity")
        why = Message("infinite: {rate} is 0", rate=rate)
        return Estimate.missing(why, n=sensitivity.n + specificity.n)
    low, high, logged = _ratio_limits(top, bottom)
    method = (
        Message("MOVER on the log scale of sensitivity and specificity")
        if logged
        else Message("MOVER-R of sensitivity and specificity")
    )
    return _derived(top[0] / bottom[0], low, high, method, sensitivity, specificity)


Limits = tuple[float, float, float]


def _ratio_parts(
    sensitivity: Estimate, specificity: Estimate, which: Literal["positive", "negative"]
) -> tuple[Limits, Limits] | Estimate:
    parts = []
    names = Message("sensitivity"), Message("specificity")
    for name, estimate in zip(names, (sensitivity, specificity), strict=True):
        if estimate.value is None or estimate.low is None or estimate.high is None:
            return Estimate.missing(
                Message("{name} is undefined: {why}", name=name, why=estimate.undefined or ""),
                n=estimate.n,
            )
        parts.append((estimate.value, estimate.low, estimate.high))
    hit, correct = parts
    if which == "positive":
        return hit, _complement(correct)
    return _complement(hit), correct


def _complement(limits: Limits) -> Limits:
    return 1 - limits[0], 1 - limits[2], 1 - limits[1]


def _ratio_limits(top: Limits, bottom: Limits) -> tuple[float, float, bool]:
    """Limits of top / bottom, and whether by logarithms; the upper one may be infinite."""
    if min(top[1], bottom[1]) <= 0:
        return *_mover_ratio(top, bottom), False
    (a, la, ua), (b, lb, ub) = (tuple(map(math.log, x)) for x in (top, bottom))
    low = a - b - math.hypot(a - la, ub - b)
    high = a - b + math.hypot(ua - a, b - lb)
    return math.exp(low), math.exp(high), True


def _mover_ratio(top: Limits, bottom: Limits) -> tuple[float, float]:
    (a, la, ua), (b, lb, ub) = top, bottom
    ab = a * b
    root = math.sqrt(max(0.0, ab * ab - la * ub * (2 * a - la) * (2 * b - ub)))
    low = 0.0 if la <= 0 else la * (2 * a - la) / (ab + root)
    if lb <= 0:
        return low, math.inf
    root = math.sqrt(max(0.0, ab * ab - ua * lb * (2 * a - ua) * (2 * b - lb)))
    return low, (ab + root) / (lb * (2 * b - lb))


def _share(odds: float) -> float:
    return 1.0 if math.isinf(odds) else odds / (1 + odds)


def _derived(value: float, low: float, high: float, method: str, *sources: Estimate) -> Estimate:
    # Rounding may leave the value an ulp outside its own limits.
    low, high = min(low, value), max(high, value)
    caution = next((source.caution for source in sources if source.caution), None)
    return Estimate(
        value,
        low,
        high,
        method,
        sources[0].level,
        n=sum(source.n for source in sources),
        unit=sources[0].unit,
        caution=caution,
    )


def effective_sample(success: Array, index: IntArray, clusters: int) -> float:
    """How large a simple sample would tell as much as these clustered cases?

    n over the design effect of the ratio estimator (Rao and Scott 1992), never more than n; the
    number of patients where each has one case, and where all or no cases succeed.

    Args:
        success: (N,), 0 or 1.
        index: (N,) number of the patient, from 0.
        clusters: patients, at least 2.
    """
    n, share = len(success), float(success.mean())
    if clusters == n or share in (0.0, 1.0):
        return float(clusters)
    residual = np.bincount(index, weights=success - share, minlength=clusters)
    variance = clusters / (clusters - 1) * float(residual @ residual) / n**2
    design_effect = variance / (share * (1 - share) / n)
    return n / max(1.0, design_effect)


def _check_counts(k: int, n: int) -> None:
    if n < 0 or not 0 <= k <= n:
        raise ValueError(f"a proportion needs 0 ≤ k ≤ n, got k = {k}, n = {n}")
