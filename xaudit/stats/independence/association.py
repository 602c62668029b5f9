"""Association of an attribute with the label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.stats.weights import Patients, numbered

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.integer]
IntArray = npt.NDArray[np.intp]
_MANY = 1000
"""From so many patients on, kinds of them are dealt out instead of each."""
_COUNTED = 1 << 18
"""Levels of cases that are counted at once, which fit a cache."""
_CELLS, _CALL, _STEP = 1 << 14, 50, 50
"""Counts at most; what a call costs in steps; what a step costs in patients that are permuted."""


def association_p_value(
    levels: Codes,
    labels: BoolArray,
    patients: Patients,
    rng: np.random.Generator,
    draws: int = 999,
) -> tuple[int, int]:
    """How often does chance alone tie a column to the label as closely as it is?

    `association_p_values` of one column.

    Args:
        levels: (N,) number of the level of each case, from 0.
        labels: (N,) bool.
        patients: N names.
        rng: source of the permutations.
        draws: permutations, besides the one that is there.
    """
    return association_p_values([levels], labels, patients, rng, draws)[0]


def association_p_values(
    columns: Sequence[Codes],
    labels: BoolArray,
    patients: Patients,
    rng: np.random.Generator,
    draws: int = 999,
) -> list[tuple[int, int]]:
    """How often does chance alone tie each of these columns to the label as closely as it is?

    A permutation test that keeps patients whole: what is permuted, among patients with equally
    many cases, is whose levels go with whose labels. The statistic is the largest standardized
    count of positives over the levels, so that a small level that is all positive is seen beside
    large ones (Westfall and Young 1993). Exact, whatever the correlation within patients. Columns
    share permutations where patients are dealt out one by one.

    Args:
        columns: for each, (N,) number of the level of each case, from 0.
        labels: (N,) bool.
        patients: N names.
        rng: source of the permutations.
        draws: permutations, besides the one that is there.

    Returns:
        For each column, draws at least as extreme, the one that is there included, and draws,
        included likewise: their ratio is the p-value.
    """
    counts = [int(levels.max()) + 1 for levels in columns]
    tables = [np.zeros((draws + 1, count)) for count in counts]
    expected = [np.zeros(count) for count in counts]
    for rows in _blocks(patients):
        among, singly = labels[rows], []
        for place, (levels, table) in enumerate(zip(columns, tables, strict=True)):
            block = _Block(levels[rows], among)
            expected[place] += block.expected(counts[place])
            if block.by_kind:
                _deal_kinds(block, table, rng)
            else:
                singly.append((block.own, table))
        _deal_singly(singly, among, rng)
    return [_extreme(table, mean) for table, mean in zip(tables, expected, strict=True)]


def _extreme(table: Array, expected: Array) -> tuple[int, int]:
    """Draws (rows) at least as extreme as the first, and draws."""
    spread = table.std(axis=0)
    there = spread > 0
    if not there.any():
        return len(table), len(table)
    extreme = np.abs((table[:, there] - expected[there]) / spread[there]).max(axis=1)
    # Sums of floats that stand for the same table may differ in the last digit.
    return int((extreme >= extreme[0] - 1e-9).sum()), len(table)


@dataclass(frozen=True, eq=False)
class _Block:
    """Patients with equally many cases.

    Attributes:
        own: (n, k), the level of each case of each patient.
        among: (n, k) bool, its label.
    """

    own: Codes
    among: BoolArray

    def expected(self, count: int) -> Array:
        """(count,): positives in each level, on average over all permutations."""
        share = self.among.mean(axis=0)
        return sum(
            (np.bincount(column, minlength=count) * positive
             for column, positive in zip(self.own.T, share, strict=True)),
            start=np.zeros(count),
        )  # fmt: skip

    @cached_property
    def kinds(self) -> tuple[Codes, IntArray, IntArray]:
        """Levels that differ, (kinds, k); which each patient has; and how many patients have it."""
        kinds, kind, sizes = np.unique(self.own, axis=0, return_inverse=True, return_counts=True)
        return kinds, kind.ravel(), sizes

    @cached_property
    def patterns(self) -> tuple[BoolArray, IntArray, IntArray]:
        """Labels that differ, (patterns, k); which each patient has; and how many have it."""
        among = self.among
        if (self.own == self.own[:, :1]).all():
            # Whose cases are all in one level: which of his labels are positive does not matter.
            among = np.sort(among, axis=1)
        found, pattern, sizes = np.unique(among, axis=0, return_inverse=True, return_counts=True)
        return found, pattern.ravel(), sizes

    @property
    def by_kind(self) -> bool:
        """Whether there are far fewer kinds of patients than patients."""
        if len(self.own) < _MANY:
            return False
        kinds, patterns = len(self.kinds[0]), len(self.patterns[0])
        # A call for each pattern, and a step for each kind in it, against one for each patient.
        steps = patterns * (kinds + _CALL)
        return steps <= len(self.own) / _STEP and kinds * patterns <= _CELLS


def _deal_kinds(block: _Block, table: Array, rng: np.random.Generator) -> None:
    """Add the positives in each level to (draws + 1, levels): as they are, and dealt out again.

    Patients with the same levels are the same, and so are those with the same labels: how many of
    two kinds meet is drawn at once, from the multivariate hypergeometric distribution that dealing
    them one by one has.
    """
    kinds, kind, sizes = block.kinds
    patterns, pattern, needed = block.patterns
    meets = np.zeros((len(table), len(kinds), len(patterns)), dtype=np.int64)
    np.add.at(meets[0], (kind, pattern), 1)
    for meet in meets[1:]:
        left = sizes.copy()
        for place, size in enumerate(needed[:-1]):
            taken = rng.multivariate_hypergeometric(left, size, method="marginals")
            meet[:, place] = taken
            left -= taken
        meet[:, -1] = left
    for column, positive in zip(kinds.T, patterns.T, strict=True):
        np.add.at(table.T, column, meets[:, :, positive].sum(axis=2).T)


def _deal_singly(
    columns: Sequence[tuple[Codes, Array]], among: BoolArray, rng: np.random.Generator
) -> None:
    """As `_deal_kinds`, of the same patients in several columns; all get the same permutations."""
    (patient, case), order = np.nonzero(among), np.arange(len(among))
    most = max(1, _COUNTED // max(1, among.size))
    parts = [_Together.of(columns[at : at + most]) for at in range(0, len(columns), most)]
    for draw in range(len(columns[0][1]) if columns else 0):
        positive = order[patient] * among.shape[1] + case
        for part in parts:
            part.count(positive, draw)
        order = rng.permutation(len(order))


@dataclass(frozen=True, slots=True)
class _Together:
    """Columns whose levels have numbers of their own, so that one count counts all of them.

    Attributes:
        levels: (cases, columns).
        ends: where the numbers of each column end.
        tables: to add counts to, by draw and level.
    """

    levels: IntArray
    ends: IntArray
    tables: tuple[Array, ...]

    @classmethod
    def of(cls, columns: Sequence[tuple[Codes, Array]]) -> _Together:
        tables = tuple(table for _, table in columns)
        ends = np.cumsum([table.shape[1] for table in tables])
        starts = (0, *ends[:-1])
        levels = [
            own.ravel().astype(np.intp) + start
            for (own, _), start in zip(columns, starts, strict=True)
        ]
        return cls(np.stack(levels, axis=1), ends, tables)

    def count(self, cases: IntArray, draw: int) -> None:
        found = np.bincount(self.levels.take(cases, axis=0).ravel(), minlength=self.ends[-1])
        for table, counts in zip(self.tables, np.split(found, self.ends[:-1]), strict=True):
            table[draw] += counts


def _blocks(patients: Patients) -> Iterator[IntArray]:
    """For each number of cases k: rows of the patients that have k; (n, k) each."""
    index = numbered(patients)[1]
    order = np.argsort(index, kind="stable")
    sizes = np.bincount(index)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    for size in np.unique(sizes):
        yield order[starts[sizes == size][:, None] + np.arange(size)]
