"""Does a group travel with the label?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.stats.weights import Patients, numbered

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
_MANY = 1000
"""From so many patients on, kinds of them are dealt out instead of each."""
_CELLS, _CALL = 1 << 14, 50


def association_p_value(
    levels: IntArray,
    labels: BoolArray,
    patients: Patients,
    rng: np.random.Generator,
    draws: int = 999,
) -> tuple[int, int]:
    """How often does chance alone tie a column to the label as closely as it is?

    A permutation test that keeps patients whole: what is permuted, among patients with equally
    many cases, is whose levels go with whose labels. The statistic is the largest standardized
    count of positives over the levels, so that a small level that is all positive is seen beside
    large ones (Westfall and Young 1993). Exact, whatever the correlation within patients.

    Args:
        levels: (N,) number of the level of each case, from 0.
        labels: (N,) bool.
        patients: N names.
        rng: source of the permutations.
        draws: permutations, besides the one that is there.

    Returns:
        Draws at least as extreme, the one that is there included, and draws, included likewise:
        their ratio is the p-value.
    """
    count = int(levels.max()) + 1
    blocks = _blocks(levels, labels, patients)
    table = np.zeros((draws + 1, count))
    expected = np.zeros(count)
    for own, among in blocks:
        for column, positive in zip(own.T, among.T, strict=True):
            expected += np.bincount(column, minlength=count) * positive.mean()
        table += _dealt(own, among, count, rng, draws)
    spread = table.std(axis=0)
    there = spread > 0
    if not there.any():
        return draws + 1, draws + 1
    extreme = np.abs((table[:, there] - expected[there]) / spread[there]).max(axis=1)
    # Sums of floats that stand for the same table may differ in the last digit.
    return int((extreme >= extreme[0] - 1e-9).sum()), draws + 1


def _dealt(
    own: IntArray, among: BoolArray, count: int, rng: np.random.Generator, draws: int
) -> Array:
    """(draws + 1, count): positives in each level, as they are and dealt out again.

    Patients with the same levels are the same, and so are those with the same labels. Where there
    are far fewer kinds than patients, how many of two kinds meet is drawn at once, from the
    multivariate hypergeometric distribution that dealing them one by one has.
    """
    if (own == own[:, :1]).all():
        # Whose cases are all in one level: which of his labels are positive does not matter.
        among = np.sort(among, axis=1)
    kinds, kind, sizes = np.unique(own, axis=0, return_inverse=True, return_counts=True)
    patterns, pattern, needed = np.unique(among, axis=0, return_inverse=True, return_counts=True)
    # A call for each pattern, and a step for each kind in it, against one for each patient.
    steps = len(patterns) * (len(kinds) + _CALL)
    if len(own) < _MANY or steps > len(own) / 8 or len(kinds) * len(patterns) > _CELLS:
        return _dealt_singly(own, among, count, rng, draws)
    meets = np.zeros((draws + 1, len(kinds), len(patterns)), dtype=np.int64)
    np.add.at(meets[0], (kind.ravel(), pattern.ravel()), 1)
    for draw in range(1, draws + 1):
        left = sizes.copy()
        for place, size in enumerate(needed[:-1]):
            taken = rng.multivariate_hypergeometric(left, size, method="marginals")
            meets[draw, :, place] = taken
            left -= taken
        meets[draw, :, -1] = left
    found = np.zeros((draws + 1, count))
    for column, positive in zip(kinds.T, patterns.T, strict=True):
        shown = meets[:, :, positive].sum(axis=2)
        np.add.at(found.T, column, shown.T)
    return found


def _dealt_singly(
    own: IntArray, among: BoolArray, count: int, rng: np.random.Generator, draws: int
) -> Array:
    places = np.flatnonzero(among.ravel())
    table = np.zeros((draws + 1, count))
    for draw in range(draws + 1):
        shown = own if draw == 0 else own[rng.permutation(len(own))]
        table[draw] = np.bincount(shown.ravel()[places], minlength=count)
    return table


def _blocks(
    levels: IntArray, labels: BoolArray, patients: Patients
) -> list[tuple[IntArray, BoolArray]]:
    """For each number of cases k: levels and labels of the patients that have k; (n, k) each."""
    index = numbered(patients)[1]
    order = np.argsort(index, kind="stable")
    sizes = np.bincount(index)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    blocks = []
    for size in np.unique(sizes):
        rows = order[starts[sizes == size][:, None] + np.arange(size)]
        blocks.append((levels[rows], labels[rows]))
    return blocks
