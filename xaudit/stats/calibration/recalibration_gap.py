"""Gap of recalibration between a subgroup and all others, for very many subgroups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.stats.calibration.clustered_wald import clustered_wald, wald_of_squares
from xaudit.stats.calibration.recalibration import Which, coefficients, fitted
from xaudit.stats.weights import Patients, numbered

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
_ORDER = 4
_DERIVED, _POWERS = np.array(
    [(0, 0), (0, 1), *((k, power) for k in range(1, _ORDER + 1) for power in range(k + 2))]
).T
"""Of each of the terms of `_Line`: which derivative, 0 for (y - p), and which power of u."""
_NEAR = 0.02
"""Up to such a change of a logit the next term of the series is below 1e-11."""
_STEPS = 20
_ROWS = 1 << 17
_SMALL = 1e-13


class RecalibrationGaps:
    """By how much does slope or intercept differ between a group and all others (group minus rest)?

    Two regressions; what a patient adds to the error of both is taken together, so that a patient
    may be on both sides. Level 95 %, t on the patients of the smaller side less one.

    All others of a small group differ little from all cases. Their regression follows from that of
    all cases by a series in the change of the coefficients, whose terms are sums over all cases
    less those over the group: no case of the rest is looked at again.

    Args:
        logits: (N,).
        labels: (N,) bool.
        patients: N names or numbers.
        which: see `recalibrate`.
    """

    def __init__(self, logits: Array, labels: BoolArray, patients: Patients, which: Which) -> None:
        self._logits, self._labels, self._which = logits, labels, which
        self._patients, self._index = numbered(patients)
        whole = coefficients(logits, labels, self._patients, which)
        self._start = None if isinstance(whole, str) else whole
        self._last: tuple[IntArray, _Level] | None = None
        self._series = None
        if self._start is not None:
            self._series = _Series.of(logits, labels, self._index, self._start, which)

    def own(self, rows: IntArray) -> Estimate:
        """The coefficient of some of the cases, as `recalibrate` finds it; by their rows."""
        level = self._level(rows)
        if isinstance(level.fit, str):
            return Estimate.missing(level.fit, n=len(rows), clusters=level.clusters)
        return clustered_wald(*level.fit, level.own, level.clusters - 1)

    def gap(self, rows: IntArray) -> Estimate:
        """The gap of some of the cases, given by their rows."""
        n, every = len(self._labels), self._patients
        level = self._level(rows)
        fit, clusters = level.fit, level.clusters
        if isinstance(fit, str):
            return Estimate.missing(Message("the subgroup: {why}", why=fit), n=n, clusters=every)
        if self._series is not None:
            here = np.unique(self._index[rows])
            pull = _summed(level.own, fit[1], clusters)
            found = self._series.rest(rows, level.own, here, pull)
            if found is not None:
                value, squares, outside = found
                degrees = min(clusters, outside) - 1
                return wald_of_squares(fit[0] - value, squares, (n, every), degrees)
        return self._directly(rows, clusters, fit)

    def _level(self, rows: IntArray) -> _Level:
        """The regression of some of the cases; of those asked for last, it is kept."""
        if self._last is None or not np.array_equal(self._last[0], rows):
            clusters, own = numbered(self._index[rows])
            fit = fitted(self._logits[rows], self._labels[rows], clusters, self._which, self._start)
            self._last = rows, _Level(clusters, own, fit)
        return self._last[1]

    def _directly(self, rows: IntArray, clusters: int, level: tuple[float, Array]) -> Estimate:
        n, every = len(self._labels), self._patients
        outside = np.ones(n, dtype=bool)
        outside[rows] = False
        others = numbered(self._index[outside])[0]
        rest = fitted(
            self._logits[outside], self._labels[outside], others, self._which, self._start
        )
        if isinstance(rest, str):
            return Estimate.missing(Message("the rest: {why}", why=rest), n=n, clusters=every)
        influence = np.zeros(n)
        influence[rows], influence[outside] = level[1], -rest[1]
        degrees = min(clusters, others) - 1
        return clustered_wald(level[0] - rest[0], influence, self._index, degrees)


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """The regression of some cases.

    Attributes:
        clusters: patients among them.
        own: for each case, the number of its patient among these.
        fit: see `fitted`.
    """

    clusters: int
    own: IntArray
    fit: tuple[float, Array] | str


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """The regression of all cases, and the terms of the series around it.

    With u a standardized logit, p the fitted probability and s_k the k-th derivative of the
    logistic function there, the terms are (y - p) u^j for j of 0 and 1, and s_k u^j / k! for k of 1
    to 4 and j of 0 to k + 1: T = 20 of them, or the 5 without u where only the intercept changes.

    Attributes:
        start: intercept and slope.
        center: of the logits.
        scale: of the logits.
        free: which of intercept (0) and slope (1) change.
        kept: (20,) bool, which terms there are.
    """

    start: Array
    center: float
    scale: float
    free: tuple[int, ...]
    kept: BoolArray

    @classmethod
    def of(cls, logits: Array, start: Array, which: Which) -> _Line:
        slope = which == "slope"
        kept = np.ones(len(_POWERS), dtype=bool) if slope else _POWERS == 0
        scale = float(logits.std()) or 1.0
        return cls(start, float(logits.mean()), scale, (0, 1) if slope else (0,), kept)

    def standardized(self, logits: Array) -> Array:
        """(n,): u."""
        return (logits - self.center) / self.scale

    def sums(self, logits: Array, labels: BoolArray, index: IntArray, patients: int) -> Array:
        """(patients, T): terms by patient, from some cases at a time: of a million all are 160 MB.

        Args:
            logits: (n,).
            labels: (n,) bool.
            index: (n,), the number of each case's patient.
            patients: how many there are.
        """
        found = np.zeros((patients, int(self.kept.sum())))
        for first in range(0, len(logits), _ROWS):
            part = slice(first, first + _ROWS)
            for place, term in enumerate(self._terms(logits[part], labels[part])):
                found[:, place] += _summed(index[part], term, patients)
        return found

    def _terms(self, logits: Array, labels: BoolArray) -> Iterator[Array]:
        u = self.standardized(logits)
        p = scipy.special.expit(self.start[0] + self.start[1] * logits)
        spread = p * (1 - p)
        slopes = (
            spread,
            spread * (1 - 2 * p),
            spread * (1 - 6 * spread),
            spread * (1 - 2 * p) * (1 - 12 * spread),
        )
        factors = [labels - p, *(slope / factorial(k) for k, slope in enumerate(slopes, start=1))]
        powers = [u**power for power in range(int(_POWERS[self.kept].max()) + 1)]
        for k, power in zip(_DERIVED[self.kept], _POWERS[self.kept], strict=True):
            yield factors[k] * powers[power]


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    """The regression of all cases, and its derivatives, summed by patient.

    Attributes:
        line: the regression, with T terms.
        logits: (N,).
        labels: (N,) bool.
        sums: (patients, T).
        totals: (T,), added up over patients.
        gram: (T, T), products of the sums, added up over patients.
        sizes: (patients,), cases.
        reach: the largest u, whatever its sign.
    """

    line: _Line
    logits: Array
    labels: BoolArray
    sums: Array
    totals: Array
    gram: Array
    sizes: IntArray
    reach: float

    @classmethod
    def of(
        cls, logits: Array, labels: BoolArray, index: IntArray, start: Array, which: Which
    ) -> _Series:
        line, sizes = _Line.of(logits, start, which), np.bincount(index)
        sums = line.sums(logits, labels, index, len(sizes))
        reach = float(np.abs(line.standardized(logits)).max())
        totals, gram = sums.sum(axis=0), sums.T @ sums
        return cls(line, logits, labels, sums, totals, gram, sizes, reach)

    def rest(
        self, rows: IntArray, own: IntArray, here: IntArray, pull: Array
    ) -> tuple[float, float, int] | None:
        """The coefficient of all other cases, squares over patients, and patients among them.

        Args:
            rows: cases of the group.
            own: for each of them, the place of its patient in ``here``.
            here: numbers of the patients of the group.
            pull: what each of them adds to the error of the group's coefficient.

        Returns:
            None where the rest is too far from all cases for a series.
        """
        line, whole = self.line, self.sums[here]
        entire = self.sizes[here] == np.bincount(own, minlength=len(here))
        # Patients of whom all cases are in the group are summed already.
        mine = whole
        if not entire.all():
            mine = line.sums(self.logits[rows], self.labels[rows], own, len(here))
        change = self._solved(self.totals - mine.sum(axis=0))
        if change is None:
            return None
        moved, bread = change
        push = _weights(bread, moved)[line.kept]
        others = float(push @ (self.gram - whole.T @ whole) @ push)
        # In place: terms of half a million patients take 80 MB.
        left = np.subtract(whole, mine, out=whole)
        squares = max(0.0, others) + float(((pull - left @ push) ** 2).sum())
        last = line.free[-1]
        value = float(line.start[last] + moved[last] / (line.scale if last else 1.0))
        return value, squares, len(self.sizes) - int(entire.sum())

    def _solved(self, totals: Array) -> tuple[Array, Array] | None:
        """The change of both coefficients, and what turns a case's error into that of the last."""
        moved, free, kept = np.zeros(2), self.line.free, self.line.kept
        for _ in range(_STEPS):
            gradient, slopes = _derivatives(moved, kept, totals)
            gradient = gradient[: len(free)]
            hessian = np.array([[slopes[i + j] for j in free] for i in free])
            if np.linalg.det(hessian) <= 0:
                return None
            step = np.linalg.solve(hessian, gradient)
            moved[: len(step)] += step
            if not np.abs(moved) @ np.array([1.0, self.reach]) < _NEAR:
                return None
            if np.abs(step).max() < _SMALL:
                bread = np.zeros(2)
                bread[: len(step)] = np.linalg.inv(hessian)[:, -1]
                return moved, bread / (self.line.scale if len(step) > 1 else 1.0)
        return None


def _summed(index: IntArray, values: Array, size: int) -> Array:
    return np.asarray(np.bincount(index, values, size), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Powers:
    """For each of the 20 terms, a product of powers of the change of both coefficients.

    Attributes:
        factor: (R, 20), 0 where there is none.
        first: (R, 20), the power of the change of the intercept.
        second: (R, 20), that of the change of the slope.
    """

    factor: Array
    first: IntArray
    second: IntArray

    @classmethod
    def of(cls, order: IntArray, power: IntArray, times: IntArray) -> _Powers:
        """What stands before u^power in (change_0 + change_1 u)^order, so many times."""
        there = (power >= 0) & (power <= order)
        order, power = np.where(there, order, 0), np.where(there, power, 0)
        return cls(times * there * scipy.special.comb(order, power), order - power, power)

    def at(self, moved: Array) -> Array:
        """(R, 20), of a change of intercept and slope."""
        powers = moved[:, None] ** np.arange(_ORDER + 1)
        found: Array = self.factor * powers[0, self.first] * powers[1, self.second]
        return found


_OF_ERROR = _Powers.of(_DERIVED, _POWERS - np.arange(2)[:, None], np.sign(_DERIVED))
_OF_SLOPE = _Powers.of(_DERIVED - 1, _POWERS - np.arange(3)[:, None], _DERIVED)


def _weights(bread: Array, moved: Array) -> Array:
    """(20,): of the terms in (bread_0 + bread_1 u) (y - p), with p after the change."""
    found: Array = -bread @ _OF_ERROR.at(moved)
    found[:2] = bread
    return found


def _derivatives(moved: Array, kept: BoolArray, totals: Array) -> tuple[Array, Array]:
    """After the change: the sums of (y - p) u^j for j of 0 and 1, and of p (1 - p) u^j to 2.

    Args:
        moved: the change of intercept and slope.
        kept: (20,) bool, which terms there are.
        totals: their sums.
    """
    errors = -_OF_ERROR.at(moved)
    errors[:, :2] = np.eye(2)
    slopes = _OF_SLOPE.at(moved)
    return errors[:, kept] @ totals, slopes[:, kept] @ totals
