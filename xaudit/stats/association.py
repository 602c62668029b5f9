"""Does a group travel with the label?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.stats.weights import Patients, numbered

IntArray = npt.NDArray[np.intp]


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
        places = np.flatnonzero(among.ravel())
        for draw in range(draws + 1):
            shown = own if draw == 0 else own[rng.permutation(len(own))]
            table[draw] += np.bincount(shown.ravel()[places], minlength=count)
    spread = table.std(axis=0)
    there = spread > 0
    if not there.any():
        return draws + 1, draws + 1
    extreme = np.abs((table[:, there] - expected[there]) / spread[there]).max(axis=1)
    # Sums of floats that stand for the same table may differ in the last digit.
    return int((extreme >= extreme[0] - 1e-9).sum()), draws + 1


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
