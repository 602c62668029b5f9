"""Bootstrap draws, read for every level of every column and its rest, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.cut import Cut

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.intp]

AT_EDGE = ("sensitivity", "specificity", "ppv", "npv")
_BINS = 512
"""Scores are told apart up to so many quantiles: fewer than one pair in 500 becomes a tie."""
_DRAWS = 32
"""How many draws are held at a time: so many counts of a patient fill two lines of a cache."""
_COUNTS = 1 << 22
"""How many counts of patients are held at a time at most."""
_CELLS, _FEWEST = 1 << 18, 4
"""How many counts of cells fit a cache, and of how few draws a step is not worth its while."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """N cases whose patients are resampled.

    Attributes:
        scores: (N,) without NaN, larger speaks for positive.
        labels: (N,) bool.
        index: (N,), the number of each case's patient.
        edges: a case is called positive above one of these; E of them.
    """

    scores: Array
    labels: BoolArray
    index: IntArray
    edges: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SideDraws:
    """Metrics inside and outside of G levels, in each draw of patients; NaN for no value.

    The metrics are four for each edge, in the order of `AT_EDGE`, and the area last: K = 4 E + 1.
    All of one draw are of the same patients. The draws are single floats.

    Attributes:
        inside: (draws, K, G).
        outside: (draws, K, G).
        values: (2, K, G), inside and outside, of the sample.
    """

    inside: Floats
    outside: Floats
    values: Array


def draw_sides(
    scene: Scene, cuts: Sequence[Cut], rng: np.random.Generator, draws: int = 2000
) -> SideDraws:
    """How would the metrics of all levels and of their rests vary if other patients had come?

    For each draw, patients are counted, and cases by level and quantile of the score; all metrics
    follow from these counts. Counts are exact; areas are those of scores cut into 512 quantiles,
    which moves a draw by less than a thousandth of its error.

    Args:
        scene: the cases.
        cuts: columns; the G levels are theirs, column by column.
        rng: source of the draws.
        draws: how many times patients are resampled.
    """
    patients = int(scene.index.max()) + 1
    grid = _Grid.of(scene)
    by_patient = _ByPatient.of(scene.index, patients)
    columns = [_Column.of(scene, cut, grid, by_patient) for cut in cuts]
    shape = draws, 4 * len(scene.edges) + 1, sum(column.levels for column in columns)
    found = SideDraws(
        np.empty(shape, np.float32),
        np.empty(shape, np.float32),
        _sides(columns, np.ones((patients, 1), np.float32), grid)[..., 0],
    )
    start = 0
    for counts in patient_draws(patients, rng, draws):
        stop = start + counts.shape[1]
        both = _sides(columns, counts, grid)
        for side, into in zip(both, (found.inside, found.outside), strict=True):
            into[start:stop] = side.transpose(2, 0, 1)
        start = stop
        # Before the next ones are drawn: of half a million patients they take 64 MB.
        del counts
    return found


def patient_draws(patients: int, rng: np.random.Generator, draws: int) -> Iterator[Floats]:
    """How often each patient comes, (patients, some draws): as many columns as memory allows."""
    most = min(_DRAWS, max(1, _COUNTS // patients))
    for start in range(0, draws, most):
        yield np.ascontiguousarray(_counts(patients, rng, min(most, draws - start)).T)


def _counts(patients: int, rng: np.random.Generator, draws: int) -> Floats:
    counts = np.empty((draws, patients), dtype=np.float32)
    for row in counts:
        row[:] = np.bincount(rng.integers(patients, size=patients), minlength=patients)
    return counts


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Bins of scores, with every edge between two of them.

    Attributes:
        bins: (N,), the bin of each case.
        count: how many bins there are.
        first: (E,), the first bin that is called positive.
    """

    bins: IntArray
    count: int
    first: tuple[int, ...]

    @classmethod
    def of(cls, scene: Scene) -> _Grid:
        borders = np.unique(scene.scores)
        if len(borders) > _BINS:
            shares = np.arange(1, _BINS) / _BINS
            borders = np.quantile(scene.scores, shares, method="inverted_cdf")
        borders = np.unique(np.concatenate([borders, scene.edges]))
        # A score that is exactly on an edge is not above it.
        bins = np.searchsorted(borders, scene.scores, side="left")
        first = np.searchsorted(borders, scene.edges, side="left") + 1
        return cls(bins, len(borders) + 1, tuple(first.tolist()))


@dataclass(frozen=True, slots=True, eq=False)
class _ByPatient:
    """Cases sorted by patient, and what their counts in any rows share.

    Attributes:
        order: (N,), cases patient by patient.
        starts: (patients + 1,), where those of each begin.
        ones: (N,).
    """

    order: IntArray
    starts: npt.NDArray[np.int32]
    ones: Floats

    @classmethod
    def of(cls, index: IntArray, patients: int) -> _ByPatient:
        ends = np.cumsum(np.bincount(index, minlength=patients), dtype=np.int32)
        starts = np.concatenate([np.zeros(1, np.int32), ends])
        return cls(np.argsort(index, kind="stable"), starts, np.ones(len(index), np.float32))

    def counted(self, row: npt.NDArray[np.int32], rows: int) -> scipy.sparse.csc_matrix:
        """(rows, patients): how many cases of each patient are in each row."""
        shape = rows, len(self.starts) - 1
        return scipy.sparse.csc_matrix((self.ones, row[self.order], self.starts), shape)


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """Cells of a level and a bin that hold cases, sorted by both.

    Attributes:
        cases: (2 cells, patients), positive and then negative cases of each patient in a cell.
        bins: (cells,).
        levels: how many there are.
        total: (levels, cells), sums over levels.
        between: (levels * (E + 1), cells), sums over the cells of a level between two edges.
        places: for each of the E edges, which of these sums are the first above it.
    """

    cases: scipy.sparse.csc_matrix
    bins: IntArray
    levels: int
    total: scipy.sparse.csr_matrix
    between: scipy.sparse.csr_matrix
    places: tuple[int, ...]

    @classmethod
    def of(cls, scene: Scene, cut: Cut, grid: _Grid, by_patient: _ByPatient) -> _Column:
        key = cut.codes.astype(np.intp) * grid.count + grid.bins
        there = np.flatnonzero(np.bincount(key, minlength=len(cut) * grid.count))
        place = np.zeros(len(cut) * grid.count, dtype=np.int32)
        place[there] = np.arange(len(there))
        level, bins = np.divmod(there, grid.count)
        row = place[key] + np.where(scene.labels, 0, len(there)).astype(np.int32)
        edges = np.unique(grid.first)
        between = level * (len(edges) + 1) + np.searchsorted(edges, bins, side="right")
        return cls(
            by_patient.counted(row, 2 * len(there)),
            bins,
            len(cut),
            _summing(level, len(cut)),
            _summing(between, len(cut) * (len(edges) + 1)),
            tuple((np.searchsorted(edges, grid.first) + 1).tolist()),
        )

    def above(self, cells: Array) -> tuple[Array, list[Array]]:
        """(levels, draws) sums over levels, and over the cells of a level above each edge."""
        parts = (self.between @ cells).reshape(self.levels, -1, cells.shape[1])
        sums = parts[:, ::-1].cumsum(axis=1)[:, ::-1]
        return sums[:, 0], [sums[:, place] for place in self.places]


def _summing(level: IntArray, levels: int) -> scipy.sparse.csr_matrix:
    at = np.arange(len(level))
    return scipy.sparse.csr_matrix((np.ones(len(at)), (level, at)), shape=(levels, len(level)))


def _sides(columns: Sequence[_Column], counts: Floats, grid: _Grid) -> Array:
    """(2, K, G, draws): inside and outside."""
    everyone = _everyone(columns[0], counts, grid)
    return np.concatenate([_in_parts(column, counts, everyone) for column in columns], axis=2)


@dataclass(frozen=True, slots=True, eq=False)
class _Everyone:
    """Counts of all cases, for each draw.

    Attributes:
        below: (bins, draws), negatives below a bin, those in it counting one half.
        above: (bins, draws), positives above a bin, likewise.
        called: for each edge, (draws,) positives and negatives that are called.
        won: (draws,), pairs of which the positive scores higher.
        sizes: (draws,) positives and negatives.
    """

    below: Array
    above: Array
    called: tuple[tuple[Array, Array], ...]
    won: Array
    sizes: tuple[Array, Array]

    def at(self, draws: slice) -> _Everyone:
        """The counts of some of the draws."""
        called = tuple((up[draws], down[draws]) for up, down in self.called)
        up, down = self.sizes
        return _Everyone(
            self.below[:, draws],
            self.above[:, draws],
            called,
            self.won[draws],
            (up[draws], down[draws]),
        )


def _everyone(column: _Column, counts: Floats, grid: _Grid) -> _Everyone:
    """Of any column: all cases are in each."""
    resampled = (column.cases @ counts).astype(np.float64)
    into_bins = _summing(column.bins, grid.count)
    up, down = (into_bins @ half for half in np.split(resampled, 2))
    below = np.cumsum(down, axis=0) - down / 2
    above = up.sum(axis=0) - np.cumsum(up, axis=0) + up / 2
    called = tuple((up[first:].sum(axis=0), down[first:].sum(axis=0)) for first in grid.first)
    won = np.einsum("bd,bd->d", up, below)
    return _Everyone(below, above, called, won, (up.sum(axis=0), down.sum(axis=0)))


def _in_parts(column: _Column, counts: Floats, every: _Everyone) -> Array:
    """`_of_column`, of fewer draws at a time where a column has very many cells."""
    size = max(_FEWEST, _CELLS // len(column.bins))
    if size >= counts.shape[1]:
        return _of_column(column, counts, every)
    parts = [slice(start, start + size) for start in range(0, counts.shape[1], size)]
    return np.concatenate(
        [
            _of_column(column, np.ascontiguousarray(counts[:, part]), every.at(part))
            for part in parts
        ],
        axis=-1,
    )


def _of_column(column: _Column, counts: Floats, every: _Everyone) -> Array:
    """(2, K, levels, draws)."""
    up, down = np.split((column.cases @ counts).astype(np.float64), 2)
    (ups, all_hits), (downs, all_alarms) = column.above(up), column.above(down)
    sizes = ups, downs, every.sizes[0] - ups, every.sizes[1] - downs
    inside, outside = [], []
    for hits, alarms, called in zip(all_hits, all_alarms, every.called, strict=True):
        inside += _rates(hits, alarms, *sizes[:2])
        outside += _rates(called[0] - hits, called[1] - alarms, *sizes[2:])
    running = np.cumsum(down, axis=0)
    running -= down / 2
    running *= up
    # Negatives of the levels before are below every case; sums of halves are exact.
    won = column.total @ running - ups * (np.cumsum(downs, axis=0) - downs)
    # Pairs without any case of the level: all, less those of its cases, plus those of two of them.
    up *= every.below[column.bins]
    down *= every.above[column.bins]
    up += down
    crossed = column.total @ up
    inside.append(_ratio(won, sizes[0] * sizes[1]))
    outside.append(_ratio(every.won - crossed + won, sizes[2] * sizes[3]))
    return np.stack([np.stack(inside), np.stack(outside)])


def _rates(hits: Array, alarms: Array, positives: Array, negatives: Array) -> list[Array]:
    """In the order of `AT_EDGE`."""
    right = negatives - alarms
    return [
        _ratio(hits, positives),
        _ratio(right, negatives),
        _ratio(hits, hits + alarms),
        _ratio(right, right + positives - hits),
    ]


def _ratio(top: Array, bottom: Array) -> Array:
    found = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=found, where=bottom > 0)
    return found
