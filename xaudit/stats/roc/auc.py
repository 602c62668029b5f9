"""The area under the ROC curve, with patients as units."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.stats.proportions import normal_quantile, t_quantile
from xaudit.stats.weights import Patients, numbered

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
_MANY_POINTS, _STEPS = 10_000, 1000


def placements(scores: Array, labels: BoolArray) -> tuple[Array, Array]:
    """How each case stands against the other class; DeLong et al. 1988, by midranks.

    The share of negatives below each positive and the share of positives above each negative,
    a tie counting one half; O(n log n) (Sun and Xu 2014).

    Args:
        scores: (N,), larger speaks for positive; infinite ones are allowed.
        labels: (N,) bool, both classes present.

    Returns:
        One value in [0, 1] for each positive, and one for each negative, in row order.
    """
    up, down = scores[labels], scores[~labels]
    of_positives = _below(down, up) / (2 * len(down))
    of_negatives = 1 - _below(up, down) / (2 * len(up))
    return of_positives, of_negatives


def _below(theirs: Array, values: Array) -> IntArray:
    """Twice how many of theirs lie below each of the values, a tie counting one half."""
    ordered = np.sort(theirs)
    found: IntArray = np.searchsorted(ordered, values, "left")
    return found + np.searchsorted(ordered, values, "right")


def auc_value(scores: Array, labels: BoolArray) -> float | None:
    """The area alone, ties counting one half; None where a class is empty."""
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return None
    # Midranks of the positives alone: sorting values costs a third of ranking all of them.
    ordered, own = np.sort(scores), np.sort(scores[labels])
    ranks = sum(np.searchsorted(ordered, own, side) for side in ("left", "right"))
    rank_sum = float(np.sum(ranks) + positives) / 2
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def auc(scores: Array, labels: BoolArray, patients: Patients, level: float = 0.95) -> Estimate:
    """How often does a positive case score above a negative one?

    Variance by Obuchowski 1997 for clustered data, with t on patients - 1 degrees; by DeLong et
    al. 1988 with z where every patient has one case. Interval on the logit scale. Where the area
    is 0 or 1 or the variance vanishes, that says nothing about uncertainty: then the score interval
    of Newcombe 2006 (method 5), with patients as the sample sizes.

    Args:
        scores: (N,), larger speaks for positive.
        labels: (N,) bool.
        patients: N names.
        level: confidence level, two-sided.

    Raises:
        ValueError: the lengths differ or a score is NaN.
    """
    scores, labels = np.asarray(scores, dtype=float), np.asarray(labels, dtype=bool)
    if not len(scores) == len(labels) == len(patients):
        raise ValueError(f"{len(scores)} scores, {len(labels)} labels, {len(patients)} patients")
    if np.isnan(scores).any():
        raise ValueError("a score is NaN; leave out cases without a score")
    return Area.of(scores, labels, patients).estimate(level)


@dataclass(frozen=True, slots=True)
class Area:
    """All that an interval of an area is made from; see `auc`.

    Attributes:
        value: None where a class is empty.
        variance: None where fewer than two patients have cases of a class.
        units: patients with positive and with negative cases.
        n: cases.
        clusters: patients.
    """

    value: float | None
    variance: float | None
    units: tuple[int, int]
    n: int
    clusters: int

    @classmethod
    def of(cls, scores: Array, labels: BoolArray, patients: Patients) -> Area:
        """The area of some cases; (N,) scores without NaN, (N,) bool, N names or numbers."""
        clusters, index = numbered(patients)
        if not labels.any() or labels.all():
            return cls(None, None, class_units(labels, index), len(labels), clusters)
        up, down = placements(scores, labels)
        value = float(up.mean())
        variance = clustered_area_variance(up - value, down - value, labels, index)
        return cls(value, variance, class_units(labels, index), len(labels), clusters)

    def estimate(self, level: float = 0.95) -> Estimate:
        """The area with its interval at any level."""
        n, clusters, units = self.n, self.clusters, self.units
        if self.value is None:
            reason = Message("no positive cases") if not units[0] else Message("no negative cases")
            return Estimate.missing(reason, n=n, clusters=clusters)
        if self.variance is None:
            return Estimate.missing(_too_few(*units), n=n, clusters=clusters)
        name = Message("DeLong") if clusters == n else Message("clustered DeLong (Obuchowski 1997)")
        quantile = normal_quantile(level) if clusters == n else t_quantile(level, clusters - 1)
        low, high, scale = area_limits(self.value, self.variance, units, level, quantile)
        method = Message("{method}, logit", method=name) if scale == LOGIT else scale
        return Estimate(self.value, low, high, method, level, n=n, clusters=clusters)


LOGIT = Message("logit")


def _too_few(positives: int, negatives: int) -> Message:
    if positives == 1:
        return Message("1 patient with positive and {m} with negative cases, 2 needed", m=negatives)
    return Message(
        "{n} patients with positive and {m} with negative cases, 2 needed",
        n=positives,
        m=negatives,
    )


def area_limits(
    value: float, variance: float, units: tuple[int, int], level: float, quantile: float
) -> tuple[float, float, str]:
    """Limits of an area, and their kind: "logit", or Newcombe's score where that cannot be.

    Args:
        value: the area.
        variance: of the area.
        units: patients with positive and with negative cases.
        level: confidence level, two-sided.
        quantile: standard errors to either side on the logit scale.
    """
    if 0 < value < 1 and variance > 0:
        return *_logit_limits(value, variance, quantile), LOGIT
    return *_score_limits(value, units, level), Message("Newcombe 2006 score (method 5)")


def logit_area(scores: Array, labels: BoolArray, patients: Patients) -> tuple[float, float] | None:
    """The logit of the area and its variance, for random effects of sites.

    Where the area is 0 or 1, or its variance vanishes, it is moved towards ½ by half a patient of
    the smaller class, with the variance that this area would have (Newcombe 2006, method 5): the
    counterpart of adding ½ to counts.

    Args:
        scores: (N,), larger speaks for positive.
        labels: (N,) bool.
        patients: N names.

    Returns:
        None where a class has cases of fewer than 2 patients.
    """
    if not labels.any() or labels.all():
        return None
    found = Area.of(scores, labels, patients)
    value, variance, units = found.value, found.variance, found.units
    if value is None or variance is None:
        return None
    if not (0 < value < 1 and variance > 0):
        value = (value * min(units) + 0.5) / (min(units) + 1)
        variance = area_variance(value, units)
    return math.log(value / (1 - value)), variance / (value * (1 - value)) ** 2


def roc_points(scores: Array, labels: BoolArray) -> tuple[Array, Array]:
    """The corners of the ROC curve: false positive rates and sensitivities, both ascending.

    Tied scores move together. From (0, 0) to (1, 1).

    Args:
        scores: (N,), larger speaks for positive.
        labels: (N,) bool.

    Raises:
        ValueError: a class is empty: then there is no curve.
    """
    if not labels.any() or labels.all():
        raise ValueError("an ROC curve needs positive and negative cases")
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.flatnonzero(scores[order][1:] != scores[order][:-1]), len(order) - 1)
    hits = np.cumsum(labels[order])[last_of_tie] / labels.sum()
    alarms = np.cumsum(~labels[order])[last_of_tie] / (~labels).sum()
    return np.append(0.0, alarms), np.append(0.0, hits)


def visible(x: Array, y: Array) -> tuple[Array, Array]:
    """A rising curve by fewer points: of very many, those that a drawing of it could tell apart.

    The first and the last, and the first in each of 2,000 steps along both axes together, so that
    no point that is left out is farther than a thousandth from one that is kept.

    Args:
        x: (N,) ascending, from 0 to 1.
        y: (N,) ascending, from 0 to 1.
    """
    if len(x) <= _MANY_POINTS:
        return x, y
    steps = np.floor((x + y) * _STEPS)
    kept = np.flatnonzero(np.append(np.diff(steps, prepend=-1.0)[:-1] != 0, True))
    return x[kept], y[kept]


def clustered_area_variance(
    of_positives: Array, of_negatives: Array, labels: BoolArray, index: IntArray
) -> float | None:
    """Variance of a mean of placements; Obuchowski 1997, eq. for S10, S01 and S11.

    Linear in the placements, so that differences of placements give the variance of a difference
    of areas. None where fewer than two patients have cases of one of the classes.

    Args:
        of_positives: one value for each positive, with mean 0.
        of_negatives: one for each negative, with mean 0.
        labels: (N,) bool.
        index: (N,) number of the patient, from 0.
    """
    clusters, units = int(index.max()) + 1, class_units(labels, index)
    if min(units) < 2:
        return None
    m, n = len(of_positives), len(of_negatives)
    up = np.bincount(index[labels], weights=of_positives / m, minlength=clusters)
    down = np.bincount(index[~labels], weights=of_negatives / n, minlength=clusters)
    variance = (
        units[0] / (units[0] - 1) * float(up @ up)
        + units[1] / (units[1] - 1) * float(down @ down)
        + 2 * clusters / (clusters - 1) * float(up @ down)
    )
    # Rounding leaves about 1e-34 where every placement is the same.
    return variance if variance > 1e-24 else 0.0


def class_units(labels: BoolArray, index: IntArray) -> tuple[int, int]:
    """How many patients have positive cases, and how many have negative ones?"""
    return numbered(index[labels])[0], numbered(index[~labels])[0]


def _logit_limits(value: float, variance: float, quantile: float) -> tuple[float, float]:
    center = math.log(value / (1 - value))
    half = quantile * math.sqrt(variance) / (value * (1 - value))
    low, high = (0.5 * (1 + math.tanh(0.5 * x)) for x in (center - half, center + half))
    return min(low, value), max(high, value)


def _score_limits(value: float, units: tuple[int, int], level: float) -> tuple[float, float]:
    z2 = normal_quantile(level) ** 2

    def excess(area: float) -> float:
        return (value - area) ** 2 - z2 * area_variance(area, units)

    low = 0.0 if value == 0 else float(scipy.optimize.brentq(excess, 0.0, value - 1e-9))
    high = 1.0 if value == 1 else float(scipy.optimize.brentq(excess, value + 1e-9, 1.0))
    return low, high


def area_variance(area: float, units: tuple[int, int]) -> float:
    """How far would the area vary if this were the true one?

    Newcombe 2006, method 5, after Hanley and McNeil 1982.

    Args:
        area: true area under the curve.
        units: positive and negative cases.
    """
    m, n = units
    extra = (m + n) / 2 - 1
    spread = 1 + extra * (1 - area) / (2 - area) + extra * area / (1 + area)
    return area * (1 - area) * spread / (m * n)
