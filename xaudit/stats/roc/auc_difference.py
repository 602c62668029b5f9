"""Difference of two areas under ROC curves."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.stats.comparison import Comparison
from xaudit.stats.difference import independent_difference
from xaudit.stats.roc.auc import Array, IntArray, auc, clustered_area_variance, placements
from xaudit.stats.scored_cases import Scored
from xaudit.stats.weights import Patients, numbered

# Variance of an area, and what each patient adds to the area's error.
_Parts = tuple[float, Array]


def paired_auc_difference(
    first: Array,
    second: Array,
    labels: BoolArray,
    patients: Patients,
    level: float = 0.95,
) -> Comparison:
    """How much larger is the area of one detector than of another on the same cases?

    DeLong et al. 1988 by midranks (Sun and Xu 2014) where every patient has one case, else
    Obuchowski 1997 with t on patients - 1 degrees. Wald interval; limits are held within ±1. Where
    no placement differs from another there is no variance to test with: two detectors that rank
    the cases alike differ by 0, otherwise the limits of both areas are combined as if independent.

    Args:
        first: (N,) scores of one detector, larger speaks for positive.
        second: (N,) scores of the other.
        labels: (N,) bool.
        patients: N names.
        level: confidence level, two-sided.

    Raises:
        ValueError: the lengths differ or a score is NaN.
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    one, two = auc(first, labels, patients, level), auc(second, labels, patients, level)
    if one.value is None or two.value is None:
        return Comparison(one if one.value is None else two, None, "none")
    labels = np.asarray(labels, dtype=bool)
    up_one, down_one = placements(first, labels)
    up_two, down_two = placements(second, labels)
    index = numbered(patients)[1]
    gap = one.value - two.value
    variance = clustered_area_variance(
        up_one - up_two - gap, down_one - down_two - gap, labels, index
    )
    name = (
        Message("DeLong")
        if one.clusters == one.n
        else Message("clustered DeLong (Obuchowski 1997)")
    )
    if variance:
        return _cautious(
            _wald(gap, variance, Message("{method}, paired", method=name), one),
            one.value,
            two.value,
        )
    if np.array_equal(scipy.stats.rankdata(first), scipy.stats.rankdata(second)):
        same = Estimate(
            0.0, 0.0, 0.0, Message("same ranking"), level, n=one.n, clusters=one.clusters
        )
        return Comparison(same, 1.0, Message("same ranking"))
    apart = independent_difference(one, two)
    return Comparison(replace(apart, n=one.n, clusters=one.clusters), None, "none")


def unpaired_auc_difference(first: Scored, second: Scored, level: float = 0.95) -> Comparison:
    """How much larger is the area on one set of cases than on another (two groups, two sites)?

    DeLong et al. 1988 for independent sets; patients who have cases in both add the covariance of
    their sums of placements (Obuchowski 1997). Wald interval; limits are held within ±1. Where one
    of the areas has no variance (1, for example), that says nothing about its uncertainty: then the
    limits of both are combined (MOVER), without a test.

    Args:
        first: minuend.
        second: subtrahend; none of its cases is in the first.
        level: confidence level, two-sided.
    """
    one = auc(first.scores, first.labels, first.patients, level)
    two = auc(second.scores, second.labels, second.patients, level)
    if one.value is None or two.value is None:
        return Comparison(one if one.value is None else two, None, "none")
    names = np.unique(np.asarray([*first.patients, *second.patients], dtype=str))
    (var_one, sums_one), (var_two, sums_two) = _parts(first, names), _parts(second, names)
    clusters = len(names)
    covariance = clusters / (clusters - 1) * float(sums_one @ sums_two)
    total = var_one + var_two - 2 * covariance
    counts = replace(one, n=one.n + two.n, clusters=clusters)
    if min(var_one, var_two, total) <= 0:
        apart = independent_difference(one, two)
        return Comparison(replace(apart, clusters=clusters), None, "none")
    whole = one.clusters == one.n and two.clusters == two.n and clusters == counts.n
    name = Message("DeLong") if whole else Message("clustered DeLong (Obuchowski 1997)")
    return _wald(one.value - two.value, total, Message("{method}, unpaired", method=name), counts)


def _parts(scored: Scored, names: npt.NDArray[np.str_]) -> _Parts:
    labels, patients = scored.labels, np.asarray(scored.patients, dtype=str)
    up, down = placements(scored.scores, labels)
    area = float(up.mean())
    own = np.unique(patients, return_inverse=True)[1]
    variance = clustered_area_variance(up - area, down - area, labels, own)
    index: IntArray = np.searchsorted(names, patients)
    values = np.empty(len(labels))
    values[labels], values[~labels] = (up - area) / len(up), (down - area) / len(down)
    sums = np.bincount(index, weights=values, minlength=len(names))
    return variance or 0.0, np.asarray(sums, dtype=np.float64)


def _wald(gap: float, variance: float, method: str, counts: Estimate) -> Comparison:
    """Z where every patient has one case, else t on patients - 1 degrees."""
    error, clustered = math.sqrt(variance), "clustered" in method
    degrees = (counts.clusters or 2) - 1 if clustered else np.inf
    half = float(scipy.stats.t.ppf(0.5 + counts.level / 2, degrees)) * error
    found = Estimate(
        gap,
        max(-1.0, gap - half),
        min(1.0, gap + half),
        Message("{method}, Wald", method=method),
        counts.level,
        n=counts.n,
        clusters=counts.clusters,
        unit=counts.unit,
    )
    p_value = float(2 * scipy.stats.t.sf(abs(gap) / error, degrees))
    test = "{method}, t" if clustered else "{method}, z"
    return Comparison(found, p_value, Message(test, method=method))


def _cautious(found: Comparison, *areas: float) -> Comparison:
    if not any(area in (0.0, 1.0) for area in areas):
        return found
    reason = Message("an area of 0 or 1 adds no variance of its own: the interval is too short")
    return replace(found, difference=found.difference.with_caution(reason))
