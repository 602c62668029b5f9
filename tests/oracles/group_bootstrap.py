"""Many metrics of many groups, under the same draws of patients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy
from bca import acceleration, bca_of_draws

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.metrics.groups.gaps import correlation
from xaudit.stats.resampling.bootstrap import interval_of_draws
from xaudit.stats.roc.auc import placements
from xaudit.stats.weights import Patients, numbered

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
# Weights held at a time: 2 MB, which stay in the cache, but of 32 draws at least.
_CHUNK = 1 << 18
_DRAWS = 32


@dataclass(frozen=True, slots=True, eq=False)
class CaseTable:
    """What each of N cases adds to metrics that are ratios of sums, and to areas under ROC curves.

    Attributes:
        columns: name → (N,) finite.
        ratios: metric → names of the columns above and below the line.
        areas: metric → (N,) scores, larger speaks for positive.
        labels: (N,) bool, for the areas.
        patients: N names or numbers of the independent units.
        unit: what the study calls its independent unit.
    """

    columns: Mapping[str, Array]
    ratios: Mapping[str, tuple[str, str]]
    areas: Mapping[str, Array]
    labels: BoolArray
    patients: Patients
    unit: str = "patient"

    def __post_init__(self) -> None:
        n = len(self.patients)
        for name, column in [*self.columns.items(), *self.areas.items(), ("labels", self.labels)]:
            if len(column) != n:
                raise ValueError(f"{name}: {len(column)} values for {n} patient names")
        for name, column in self.columns.items():
            wrong = np.flatnonzero(~np.isfinite(column))
            if len(wrong):
                raise ValueError(f"column {name}, row {wrong[0]}: {column[wrong[0]]} is not finite")
        for name, scores in self.areas.items():
            wrong = np.flatnonzero(np.isnan(scores))
            if len(wrong):
                raise ValueError(f"scores of {name}, row {wrong[0]}: NaN; leave the case out")

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the K metrics: ratios first, then areas."""
        return (*self.ratios, *self.areas)


@dataclass(frozen=True, slots=True, eq=False)
class GroupDraws:
    """K metrics of G groups, and what they become in each draw of patients; NaN for no value.

    The arrays are for further calculation; `estimate` is what may be shown.

    Attributes:
        metrics: names of the K metrics.
        groups: names of the G groups.
        values: (K, G).
        replicates: (draws, K, G); all of one draw are of the same patients.
        accelerations: (K, G), by the influence of each patient.
        cases: (K, G), cases on which a metric rests.
        clusters: (K, G), patients on whom it rests.
        unit: what was drawn.
    """

    metrics: tuple[str, ...]
    groups: tuple[str, ...]
    values: Array
    replicates: Array
    accelerations: Array
    cases: IntArray
    clusters: IntArray
    unit: str

    def estimate(
        self,
        metric: str,
        group: str,
        interval: Literal["BCa", "percentile"] = "BCa",
        level: float = 0.95,
    ) -> Estimate:
        """What is a metric in a group? For proportions near 0 or 1 a score interval is better."""
        at = self.at(metric, group)
        value = None if np.isnan(self.values[at]) else float(self.values[at])
        draws, counts = self.replicates[:, *at], (int(self.cases[at]), int(self.clusters[at]))
        if interval == "BCa":
            found = bca_of_draws(value, draws, float(self.accelerations[at]), counts, level)
        else:
            found = interval_of_draws(value, draws, *counts, level)
        return replace(found, unit=self.unit)

    def correlation(self, metric: str, first: str, second: str) -> float | None:
        """How much does a metric vary together in two groups? None where one does not vary."""
        draws = self.replicates[:, *self.at(metric, first)]
        return correlation(draws, self.replicates[:, *self.at(metric, second)])

    def at(self, metric: str, group: str) -> tuple[int, int]:
        """Where a metric of a group is in the arrays."""
        for name, names in ((metric, self.metrics), (group, self.groups)):
            if name not in names:
                raise ValueError(f"{name!r} is not among {', '.join(names)}")
        return self.metrics.index(metric), self.groups.index(group)


def draw_groups(
    table: CaseTable,
    groups: Mapping[str, BoolArray],
    rng: np.random.Generator,
    draws: int = 2000,
) -> GroupDraws:
    """How would all metrics of all groups vary together if other patients had come?

    Each draw is told as how often each patient comes; sums over cases are then products with
    sparse matrices, and the area follows from sums over runs of cases of one class in the order
    of the scores, exactly.

    Args:
        table: the cases.
        groups: name → (N,) bool; they may overlap.
        rng: source of the draws.
        draws: how many times patients are resampled.

    Raises:
        ValueError: the lengths differ, or there are no cases or groups.
    """
    if not groups or not len(table.patients):
        raise ValueError(f"{len(groups)} groups of {len(table.patients)} cases: nothing to draw")
    for name, inside in groups.items():
        if len(inside) != len(table.patients):
            raise ValueError(f"group {name}: {len(inside)} values for {len(table.patients)} cases")
    clusters, index = numbered(table.patients)
    rows = [np.flatnonzero(np.asarray(inside, dtype=bool)) for inside in groups.values()]
    sums, areas = _Sums.of(table, rows, index), _areas(table, rows, index)
    whole = _metrics(sums, areas, np.ones((clusters, 1)))
    parts = [_metrics(sums, areas, w) for w in _weights(clusters, rng, draws)]
    cases, units = _counts(table, rows, index)
    return GroupDraws(
        table.metrics,
        tuple(groups),
        whole[0],
        np.concatenate(parts) if parts else np.empty((0, *whole.shape[1:])),
        _accelerations(table, rows, index, whole[0]),
        cases,
        units,
        table.unit,
    )


def _weights(clusters: int, rng: np.random.Generator, draws: int) -> Iterator[Array]:
    """How often each patient comes, (P, draws of a chunk); chunks change nothing."""
    step = max(_DRAWS, _CHUNK // clusters)
    for start in range(0, draws, step):
        size = min(step, draws - start)
        drawn = rng.integers(clusters, size=(size, clusters))
        drawn *= size
        drawn += np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=clusters * size)
        yield counts.reshape(clusters, size).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Sums of columns by patient for every group, and which of them are divided."""

    matrix: scipy.sparse.csr_matrix
    tops: IntArray
    bottoms: IntArray
    groups: int

    @classmethod
    def of(cls, table: CaseTable, rows: list[IntArray], index: IntArray) -> _Sums:
        places = {name: i for i, name in enumerate(table.columns)}
        stacked = np.stack([*table.columns.values()]) if places else np.empty((0, len(index)))
        blocks = [_by_patient(stacked[:, own], index[own], int(index.max()) + 1) for own in rows]
        pairs = [(places[top], places[bottom]) for top, bottom in table.ratios.values()]
        chosen = np.array(pairs, dtype=np.intp).reshape(-1, 2)
        return cls(scipy.sparse.vstack(blocks, format="csr"), chosen[:, 0], chosen[:, 1], len(rows))

    def ratios(self, weights: Array) -> Array:
        """(ratios, G, draws), NaN where nothing is below the line."""
        sums = (self.matrix @ weights).reshape(self.groups, -1, weights.shape[1])
        top, bottom = sums[:, self.tops].swapaxes(0, 1), sums[:, self.bottoms].swapaxes(0, 1)
        shares: Array = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom != 0)
        return shares


@dataclass(frozen=True, slots=True, eq=False)
class _Area:
    """The order of scores in a group, as runs of cases of one class or of one score.

    Cases of one class between which no case of the other falls all have the same cases of the
    other class below them, so that only their sum is needed.

    Attributes:
        positives: (runs, P), positive cases of each patient in each run, runs by rising score.
        negatives: (runs, P).
    """

    positives: scipy.sparse.csr_matrix
    negatives: scipy.sparse.csr_matrix

    @classmethod
    def of(cls, scores: Array, labels: BoolArray, index: IntArray, clusters: int) -> _Area:
        ties = np.unique(scores, return_inverse=True)[1]
        runs = int(ties.max()) + 1 if len(ties) else 0
        has_positive = np.bincount(ties[labels], minlength=runs) > 0
        has_negative = np.bincount(ties[~labels], minlength=runs) > 0
        one_class = has_positive != has_negative
        same = one_class[1:] & one_class[:-1] & (has_positive[1:] == has_positive[:-1])
        level = np.append(0, np.cumsum(~same))[ties] if runs else ties
        shape = (int(level.max()) + 1 if runs else 0, clusters)
        return cls(*(_counted(level[of], index[of], shape) for of in (labels, ~labels)))

    def draw(self, weights: Array) -> Array:
        """(draws,), NaN where a class is empty."""
        up, down = self.positives @ weights, self.negatives @ weights
        below = np.cumsum(down, axis=0)
        pairs = up.sum(axis=0) * (below[-1] if len(below) else 0.0)
        below -= down / 2
        won = np.einsum("ud,ud->d", up, below)
        areas: Array = np.divide(won, pairs, out=np.full(won.shape, np.nan), where=pairs != 0)
        return areas


def _areas(table: CaseTable, rows: list[IntArray], index: IntArray) -> list[list[_Area]]:
    labels, clusters = np.asarray(table.labels, dtype=bool), int(index.max()) + 1
    return [
        [_Area.of(np.asarray(scores)[own], labels[own], index[own], clusters) for own in rows]
        for scores in table.areas.values()
    ]


def _metrics(sums: _Sums, areas: list[list[_Area]], weights: Array) -> Array:
    """(draws, K, G)."""
    parts = [sums.ratios(weights)]
    parts += [np.stack([area.draw(weights) for area in row])[None] for row in areas]
    together = np.concatenate(parts).transpose(2, 0, 1)
    return np.ascontiguousarray(together, dtype=np.float64)


def _by_patient(columns: Array, index: IntArray, clusters: int) -> scipy.sparse.csr_matrix:
    """Sums of (C, n) columns by patient: (C, P)."""
    which, case = np.nonzero(columns)
    entries = columns[which, case], (which, index[case])
    return scipy.sparse.csr_matrix(entries, shape=(len(columns), clusters))


def _counted(level: IntArray, index: IntArray, shape: tuple[int, int]) -> scipy.sparse.csr_matrix:
    return scipy.sparse.csr_matrix((np.ones(len(level)), (level, index)), shape=shape)


def _counts(table: CaseTable, rows: list[IntArray], index: IntArray) -> tuple[IntArray, IntArray]:
    cases = np.zeros((len(table.metrics), len(rows)), dtype=np.intp)
    clusters = np.zeros_like(cases)
    bottoms = [table.columns[bottom] for _, bottom in table.ratios.values()]
    for g, own in enumerate(rows):
        for k in range(len(table.metrics)):
            counted = own[bottoms[k][own] != 0] if k < len(bottoms) else own
            cases[k, g], clusters[k, g] = len(counted), len(np.unique(index[counted]))
    return cases, clusters


def _accelerations(table: CaseTable, rows: list[IntArray], index: IntArray, values: Array) -> Array:
    found = np.zeros(values.shape)
    for k, (top, bottom) in enumerate(table.ratios.values()):
        over, under = table.columns[top], table.columns[bottom]
        for g, own in enumerate(rows):
            if not np.isnan(values[k, g]):
                found[k, g] = acceleration(over[own] - values[k, g] * under[own], index[own])
    labels = np.asarray(table.labels, dtype=bool)
    for k, scores in enumerate(table.areas.values(), start=len(table.ratios)):
        for g, own in enumerate(rows):
            if not np.isnan(values[k, g]):
                found[k, g] = acceleration(_pull(np.asarray(scores)[own], labels[own]), index[own])
    return found


def _pull(scores: Array, labels: BoolArray) -> Array:
    """What each case adds to the error of the area, (n,)."""
    up, down = placements(scores, labels)
    pull = np.empty(len(scores))
    pull[labels], pull[~labels] = (up - up.mean()) / len(up), (down - down.mean()) / len(down)
    return pull
