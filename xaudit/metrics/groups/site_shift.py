"""Site shift: whether the images of one site, or their features, differ from the others'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message, counted
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.independence.two_sample import (
    Array,
    IntArray,
    Permuted,
    classifier_test,
    dealt_again,
    gaussian_kernel,
    held_out,
    linear_kernel,
    mean_discrepancy,
    patient_folds,
    standardized,
)
from xaudit.stats.multiple.multiplicity import holm
from xaudit.stats.proportions import t_quantile
from xaudit.stats.roc import auc as area
from xaudit.stats.weights import numbered

MOST_CASES = 1000
"""Cases that the tests read; of more, as many of each site as can be are sampled."""
_PAIR = 2


@dataclass(frozen=True, slots=True)
class SiteShift:
    """One site against all others.

    Attributes:
        auc: how well a linear classifier tells its cases from the others', on patients that it has
            not seen; 0.5 is not at all.
        auc_chance: the same where patients are dealt out to sites again: mean, and where 95 of 100
            fall.
        auc_p: of such an area or a larger one; after Holm.
        mmd_p: of such a maximum mean discrepancy or a larger one; after Holm.
    """

    auc: Estimate
    auc_chance: Estimate
    auc_p: Estimate
    mmd_p: Estimate

    @property
    def parts(self) -> Mapping[str, Estimate]:
        """The same by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def site_shift(
    values: Array,
    predictions: Predictions,
    sites: Mapping[str, BoolArray],
    tested: Sequence[str],
    rng: np.random.Generator,
) -> dict[str, SiteShift]:
    """Which sites can be told from the others by these numbers?

    A classifier two-sample test (Lopez-Paz and Oquab 2017) and the maximum mean discrepancy
    (Gretton et al. 2012), each against permutations of whole patients, those with a fracture and
    those without apart: a site that has more fractures and is no different otherwise is not shown
    to differ. Holm's correction over the sites that are tested. With two sites there is one
    comparison, which is that of both.

    Args:
        values: (N, D) finite, what is compared.
        predictions: the cases; their scores are not read, and where labels are not known all of
            them are the same.
        sites: name → (N,) bool; every case is in one of them, no patient in two.
        tested: names of the sites to test.
        rng: source of folds and permutations.
    """
    p, scaled = predictions, standardized(values)
    clusters, index = numbered(p.patients)
    kernel = gaussian_kernel(scaled, index) if scaled.shape[1] else None
    if kernel is None:
        return dict.fromkeys(tested, _nothing(p, clusters))
    fold = patient_folds(clusters, rng)[index]
    operator = held_out(linear_kernel(scaled), fold)
    compared = tested[:1] if len(sites) == _PAIR else tested
    draws = max(999, 40 * len(compared) - 1)
    found = {
        name: _against_rest(p, index, sites[name], (operator, kernel), (rng, draws))
        for name in compared
    }
    made = _adjusted(found, p, clusters, draws)
    return {name: made[name if name in made else compared[0]] for name in tested}


def sampled_cases(
    predictions: Predictions,
    sites: Mapping[str, BoolArray],
    rng: np.random.Generator,
    most: int = MOST_CASES,
) -> IntArray:
    """Rows of whole patients of known sites, at most so many, small sites first.

    Every site may give the same number of cases; what a small one does not use is left to the
    others. Of a site that has more, patients are sampled, to the first that does not fit.

    Args:
        predictions: the cases.
        sites: name → (N,) bool, without those of no known site.
        rng: source of the draw.
        most: cases.
    """
    index = numbered(predictions.patients)[1]
    left, chosen = most, []
    by_size = sorted(sites, key=lambda name: (int(sites[name].sum()), name))
    for place, name in enumerate(by_size):
        rows = np.flatnonzero(sites[name])
        quota = left // (len(by_size) - place)
        if len(rows) > quota:
            rows = _of_patients(rows, index, quota, rng)
        left -= len(rows)
        chosen.append(rows)
    return np.sort(np.concatenate(chosen)) if chosen else np.array([], dtype=np.intp)


def standardized_difference(
    values: Array, predictions: Predictions, inside: BoolArray, comparisons: int = 1
) -> Estimate:
    """By how many standard deviations does the mean of a site differ from that of all others?

    Variances of both means over patients (ratio estimators), t on the patients of the smaller side
    less one, Bonferroni over the comparisons. The standard deviation of all cases is taken as
    known.

    Args:
        values: (N,) finite.
        predictions: the cases; their scores are not read.
        inside: (N,) bool, the site; no patient is on both sides.
        comparisons: that are to hold together.
    """
    p, index = predictions, numbered(predictions.patients)[1]
    n, spread = len(p), float(values.std())
    sides = [_mean_over_patients(values[side], index[side]) for side in (inside, ~inside)]
    clusters = sum(one[2] for one in sides)
    smaller = min(one[2] for one in sides)
    if smaller < _PAIR:
        why = Message(
            "{n} {units} on one side, 2 needed", n=smaller, units=counted(p.unit, smaller)
        )
        return Estimate.missing(why, n=n, clusters=clusters, unit=p.unit)
    if spread <= 1e-9 * max(1.0, float(np.abs(values).max())):
        why = Message("the same in every case")
        return Estimate.missing(why, n=n, clusters=clusters, unit=p.unit)
    at = (sides[0][0] - sides[1][0]) / spread
    level = 0.95
    quantile = t_quantile(1 - (1 - level) / comparisons, smaller - 1)
    half = quantile * float(np.sqrt(sides[0][1] + sides[1][1])) / spread
    method = Message(
        "t over {units}, all {n} differences at once (Bonferroni)",
        units=counted(p.unit),
        n=comparisons,
    )
    return Estimate(at, at - half, at + half, method, level, n=n, clusters=clusters, unit=p.unit)


def _mean_over_patients(values: Array, index: IntArray) -> tuple[float, float, int]:
    """Mean over cases, its variance over patients (0 with one), and how many patients there are."""
    clusters, own = numbered(index)
    mean = float(values.mean()) if len(values) else 0.0
    residuals = np.bincount(own, values - mean, minlength=clusters)
    if clusters < _PAIR:
        return mean, 0.0, clusters
    variance = float((residuals**2).sum()) / len(values) ** 2 * clusters / (clusters - 1)
    return mean, variance, clusters


def _of_patients(rows: IntArray, index: IntArray, quota: int, rng: np.random.Generator) -> IntArray:
    order = rng.permutation(np.unique(index[rows]))
    place = np.empty(int(index.max()) + 1, dtype=np.intp)
    place[order] = np.arange(len(order))
    sizes = np.bincount(place[index[rows]])
    taken = int((np.cumsum(sizes) <= quota).sum())
    return rows[place[index[rows]] < taken]


@dataclass(frozen=True, slots=True, eq=False)
class _Tested:
    auc: Estimate
    area: Permuted
    distance: Permuted


def _against_rest(
    p: Predictions,
    index: IntArray,
    inside: BoolArray,
    matrices: tuple[Array, Array],
    draw: tuple[np.random.Generator, int],
) -> _Tested:
    operator, kernel = matrices
    clusters = int(index.max()) + 1
    here = np.bincount(index, inside, minlength=clusters) > 0
    ill = np.bincount(index, p.labels, minlength=clusters) > 0
    dealt = np.concatenate([here[None], dealt_again(here, ill, *draw)])
    sides = dealt[:, index]
    found, scores = classifier_test(operator, sides)
    one = _as_wide_as_chance(area.auc(scores, inside, index), found)
    return _Tested(replace(one, unit=p.unit), found, mean_discrepancy(kernel, sides))


def _as_wide_as_chance(estimate: Estimate, found: Permuted) -> Estimate:
    """Limits that are never nearer than those of permutations.

    An interval of out-of-fold scores takes the classifiers as given; how far the area varies
    because they are trained on few patients is seen in the permutations, where nothing is to be
    learned and areas vary most. An area below those of chance proves no likeness: the upper limit
    is at least theirs.
    """
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return estimate
    low, high = (float(x) for x in np.quantile(found.null, (0.025, 0.975)))
    mean = float(found.null.mean())
    return replace(
        estimate,
        low=max(0.0, min(estimate.low, estimate.value - (mean - low))),
        high=min(1.0, max(estimate.high, estimate.value + (high - mean), high)),
        method=Message(
            "{method}, of out-of-fold scores, at least as wide as permutations spread",
            method=estimate.method,
        ),
    )


def _adjusted(
    found: Mapping[str, _Tested], p: Predictions, clusters: int, draws: int
) -> dict[str, SiteShift]:
    """The estimates, with p-values that hold over all sites together."""
    method = Message("{n} permutations of {units}", n=draws, units=counted(p.unit))
    if len(set(p.labels.tolist())) > 1:
        method = Message(
            "{n} permutations of {units} within fracture status", n=draws, units=counted(p.unit)
        )
    exactly = Message("{method}; exact, no interval", method=method)
    if len(found) > 1:
        exactly = Message(
            "{method}, Holm over {n} sites; exact, no interval", method=method, n=len(found)
        )
    areas = holm([one.area.p_value for one in found.values()])
    distances = holm([one.distance.p_value for one in found.values()])

    def exact(at: float) -> Estimate:
        return Estimate(at, at, at, exactly, n=len(p), clusters=clusters, unit=p.unit)

    made = {}
    for (name, one), first, second in zip(found.items(), areas, distances, strict=True):
        low, high = (float(x) for x in np.quantile(one.area.null, (0.025, 0.975)))
        mean = min(max(float(one.area.null.mean()), low), high)
        chance = Estimate(
            mean,
            low,
            high,
            Message("mean and range of {method}", method=method),
            n=len(p),
            clusters=clusters,
            unit=p.unit,
        )
        made[name] = SiteShift(one.auc, chance, exact(float(first)), exact(float(second)))
    return made


def _nothing(p: Predictions, clusters: int) -> SiteShift:
    why = "most cases have the same numbers"
    missing = Estimate.missing(why, n=len(p), clusters=clusters, unit=p.unit)
    return SiteShift(missing, missing, missing, missing)
