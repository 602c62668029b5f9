"""Sides: what intervals of every level of a column and of its rest are made from, in one pass.

A level and its rest share all that is said of the whole study. What is summed once by patient, and
once by patient and level, gives both sides of every level without a look at any case again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.stats.proportions import Share
from xaudit.stats.roc.auc import Area

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]
IntArray = npt.NDArray[np.intp]


_DENSE = 8
"""Of so many possible cells a case those that are not empty are marked; of more, sorted."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The cases of each patient in each level: M cells that are not empty.

    Attributes:
        cell: (N,), the cell of each case.
        level: (M,), the place of its level.
        patient: (M,), the number of its patient.
        levels: how many levels there are.
        patients: how many patients there are.
    """

    cell: Codes
    level: Codes
    patient: Codes
    levels: int
    patients: int

    @classmethod
    def of(cls, codes: Codes, levels: int, index: IntArray, patients: int) -> Cells:
        """The cells of a column.

        Args:
            codes: (N,), the place of each case's level.
            levels: how many levels there are.
            index: (N,), the number of each case's patient.
            patients: how many patients there are.
        """
        key = codes.astype(np.int64) * patients + index
        if levels * patients <= _DENSE * len(key):
            there = np.zeros(levels * patients, dtype=bool)
            there[key] = True
            found, cell = np.flatnonzero(there), np.cumsum(there, dtype=np.int32)[key] - 1
        else:
            found, cell = np.unique(key, return_inverse=True)
        level, patient = np.divmod(found, max(patients, 1))
        cell, level, patient = (one.astype(np.int32) for one in (cell, level, patient))
        return cls(cell, level, patient, levels, patients)

    def sums(self, values: npt.NDArray[np.generic]) -> Array:
        """(M,) sums of (N,) values over the cases of each cell."""
        return _sums(self.cell, values.astype(np.float64), len(self.level))

    def by_patient(self, sums: Array) -> Array:
        """(P,) sums of (M,) sums over the levels of each patient."""
        return _sums(self.patient, sums, self.patients)

    def by_level(self, sums: Array) -> Array:
        """(L,) sums of (M,) sums over the patients of each level."""
        return _sums(self.level, sums, self.levels)

    def left(self, every: Array, own: Array) -> Array:
        """(M,): what (P,) sums of each patient leave beside (M,) sums of the cell."""
        found: Array = every[self.patient]
        found -= own
        return found

    def beyond(self, sums: Array, counts: Array, mean: Array) -> Array:
        """(M,): sums less what (M,) cases of the (L,) means of their levels would add up to."""
        found: Array = mean[self.level]
        found *= counts
        np.subtract(sums, found, out=found)
        return found

    def shared(self) -> BoolArray:
        """(L,), whether a patient has cases in the level and in its rest."""
        several = np.bincount(self.patient, minlength=self.patients)[self.patient] > 1
        return self.by_level(several.astype(np.float64)) > 0


def _sums(places: npt.NDArray[np.integer], values: Array, size: int) -> Array:
    return np.asarray(np.bincount(places, values, size), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class SideSums:
    """Sums over one side of every level; all are (L,).

    Attributes:
        n: cases.
        k: of a value over them.
        clusters: patients.
        nn: squares of the cases of each patient.
        kn: products of the value and the cases of each patient.
        kk: squares of the value of each patient.
    """

    n: Array
    k: Array
    clusters: Array
    nn: Array
    kn: Array
    kk: Array

    def residual(self, center: Array) -> Array:
        """(L,): squares of each patient's value less so much for each of his cases."""
        found: Array = self.kk - 2 * center * self.kn + center**2 * self.nn
        return np.maximum(found, 0.0)


def side_sums(
    cells: Cells, value: npt.NDArray[np.generic], among: BoolArray
) -> tuple[SideSums, SideSums]:
    """Sums over every level, and over the rest of each.

    Args:
        cells: of the column.
        value: (N,), 0 outside ``among``.
        among: (N,) bool, which cases count.
    """
    n, k = cells.sums(among), cells.sums(value)
    all_n, all_k = cells.by_patient(n), cells.by_patient(k)
    inside = SideSums(
        *(cells.by_level(one) for one in (n, k, (n > 0).astype(float), n * n, k * n, k * k))
    )
    # A patient with cases on both sides counts with what is left of him.
    left_n, left_k = cells.left(all_n, n), cells.left(all_k, k)
    # Of a million cases each takes 6 MB.
    del n, k
    outside = SideSums(
        all_n.sum() - inside.n,
        all_k.sum() - inside.k,
        _but(cells, (all_n > 0).astype(float), (left_n > 0).astype(float)),
        _but(cells, all_n**2, left_n**2),
        _but(cells, all_k * all_n, left_k * left_n),
        _but(cells, all_k**2, left_k**2),
    )
    return inside, outside


def _but(cells: Cells, every: Array, left: Array) -> Array:
    """(L,): the sum over patients, where those of a level count with what is left of them."""
    found: Array = every.sum() - cells.by_level(every[cells.patient] - left)
    return found


def side_shares(
    cells: Cells, success: BoolArray, among: BoolArray
) -> tuple[tuple[Share, ...], tuple[Share, ...]]:
    """The share of successes in every level, and in the rest of each; L and L.

    Args:
        cells: of the column.
        success: (N,) bool.
        among: (N,) bool, which cases count.
    """
    sides = side_sums(cells, success & among, among)
    return _shares(sides[0]), _shares(sides[1])


def _shares(sums: SideSums) -> tuple[Share, ...]:
    n, k, clusters = sums.n, sums.k, sums.clusters
    whole = np.maximum(n, 1.0)
    share = k / whole
    variance = clusters / np.maximum(clusters - 1, 1.0) * sums.residual(share) / whole**2
    plain = share * (1 - share) / whole
    varies = (plain > 0) & (clusters < n)
    effect = np.divide(variance, plain, out=np.ones_like(share), where=varies)
    effective = np.where(varies, n / np.maximum(1.0, effect), clusters)
    return tuple(
        Share(round(one), round(of), round(units), float(size))
        for one, of, units, size in zip(k, n, clusters, effective, strict=True)
    )


@dataclass(frozen=True, slots=True, eq=False)
class SideMeans:
    """Means in every level against those in its rest; all are (L,).

    Attributes:
        gap: level minus rest.
        squares: of what each patient adds to the error of the gap, added up over patients.
        inside: patients in the level.
        outside: patients in the rest.
    """

    gap: Array
    squares: Array
    inside: Array
    outside: Array


def side_means(cells: Cells, value: Array) -> SideMeans:
    """How far is the mean of (N,) values in every level of a column from that in the rest?"""
    inside, outside = side_sums(cells, value, np.ones(len(value), dtype=bool))
    sizes = [np.maximum(side.n, 1.0) for side in (inside, outside)]
    means = [side.k / size for side, size in zip((inside, outside), sizes, strict=True)]
    n, k = cells.sums(np.ones(len(value), dtype=bool)), cells.sums(value)
    left_n, left_k = (cells.left(cells.by_patient(one), one) for one in (n, k))
    # Patients on both sides add to both errors.
    product = cells.beyond(k, n, means[0])
    del n, k
    product *= cells.beyond(left_k, left_n, means[1])
    both = cells.by_level(product)
    squares = (
        inside.residual(means[0]) / sizes[0] ** 2
        + outside.residual(means[1]) / sizes[1] ** 2
        - 2 * both / (sizes[0] * sizes[1])
    )
    gap = means[0] - means[1]
    return SideMeans(gap, np.maximum(squares, 0.0), inside.clusters, outside.clusters)


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Cases in the order of their scores, so that the area of any two sets of them needs no sort.

    Attributes:
        order: (N,), rows by rising score.
        low: (N,), how many cases score below each, in that order.
        high: (N,), how many score no higher.
        index: (N,), the number of each case's patient, in that order.
        patients: how many patients there are.
    """

    order: Codes
    low: Codes
    high: Codes
    index: Codes
    patients: int

    @classmethod
    def of(cls, scores: Array, index: IntArray, patients: int) -> Ranking:
        """The ranking of (N,) scores without NaN of (N,) numbered patients."""
        order = np.argsort(scores, kind="stable")
        ranked = scores[order]
        low, high = (np.searchsorted(ranked, ranked, side) for side in ("left", "right"))
        small = [one.astype(np.int32) for one in (order, low, high, index[order])]
        return cls(small[0], small[1], small[2], small[3], patients)

    def area(self, positives: BoolArray, negatives: BoolArray) -> Area:
        """How often does one of these score above one of those, and all that its interval needs?

        As `Area.of`, in one pass over the cases.

        Args:
            positives: (N,) bool, in the order of the ranking.
            negatives: (N,) bool, of other cases.
        """
        up, down = np.flatnonzero(positives), np.flatnonzero(negatives)
        ups, downs = (self._of_patients(rows) for rows in (up, down))
        units = int((ups > 0).sum()), int((downs > 0).sum())
        n, clusters = len(up) + len(down), int(((ups > 0) | (downs > 0)).sum())
        if not len(up) or not len(down):
            return Area(None, None, units, n, clusters)
        won = self._below(negatives, up) / len(down)
        value = float(won.mean())
        if min(units) < 2:
            return Area(value, None, units, n, clusters)
        lost = 1 - self._below(positives, down) / len(up)
        pull = _sums(self.index[up], (won - value) / len(up), self.patients)
        push = _sums(self.index[down], (lost - value) / len(down), self.patients)
        variance = (
            units[0] / (units[0] - 1) * float(pull @ pull)
            + units[1] / (units[1] - 1) * float(push @ push)
            + 2 * clusters / (clusters - 1) * float(pull @ push)
        )
        return Area(value, variance if variance > 1e-24 else 0.0, units, n, clusters)

    def _below(self, theirs: BoolArray, rows: IntArray) -> Array:
        """How many of theirs score below each of these rows, a tie counting one half."""
        running = np.zeros(len(theirs) + 1, dtype=np.int32)
        np.cumsum(theirs, dtype=np.int32, out=running[1:])
        found: Array = (running[self.low[rows]] + running[self.high[rows]]) / 2.0
        return found

    def _of_patients(self, rows: IntArray) -> IntArray:
        return np.bincount(self.index[rows], minlength=self.patients)
