"""How often each patient is drawn in a bootstrap, and what follows for many groups at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Counts = npt.NDArray[np.float32]
Patients = Sequence[str] | IntArray
"""The patient of each row: names, or numbers, which are looked up much faster."""

_CHUNK = 1 << 21
_CELLS = 1 << 22


def numbered(patients: Patients) -> tuple[int, IntArray]:
    """How many patients there are, and each row's number among them, in the order of names."""
    names = patients if isinstance(patients, np.ndarray) else np.asarray(patients, dtype=str)
    found, index = np.unique(names, return_inverse=True)
    return len(found), index.astype(np.intp)


def taken(patients: Patients, rows: IntArray) -> Patients:
    """The patients of these rows, repeats allowed."""
    if isinstance(patients, np.ndarray):
        return patients[rows]
    return tuple(patients[row] for row in rows)


def patient_counts(clusters: int, rng: np.random.Generator, draws: int) -> Iterator[Array]:
    """How often each patient comes in each draw of as many patients, with replacement.

    Args:
        clusters: patients.
        rng: source of the draws.
        draws: how many times patients are drawn.

    Yields:
        (some draws, clusters): as many draws at once as bounded memory allows.
    """
    chunk = max(1, _CHUNK // clusters)
    for start in range(0, draws, chunk):
        size = min(chunk, draws - start)
        chosen = rng.integers(clusters, size=(size, clusters))
        # One count over all draws: each has a range of numbers of its own.
        chosen += np.arange(size)[:, None] * clusters
        counts = np.bincount(chosen.ravel(), minlength=size * clusters)
        yield counts.reshape(size, clusters).astype(np.float64)


def sums_in_and_out(
    columns: Counts, levels: Sequence[BoolArray], index: IntArray, counts: Counts
) -> tuple[Array, Array]:
    """Weighted column sums inside and outside of every level, for each draw.

    Args:
        columns: (N, C), what each case adds; whole numbers are summed exactly.
        levels: L of (N,) bool.
        index: (N,), the number of each case's patient.
        counts: (D, patients), how often each is drawn.

    Returns:
        Two of (D, L, C).
    """
    patients, width = counts.shape[1], columns.shape[1]
    parts = np.empty((patients, len(levels), width), dtype=np.float32)
    for place, inside in enumerate(levels):
        rows = np.flatnonzero(inside)
        for column in range(width):
            weights = columns[rows, column]
            parts[:, place, column] = np.bincount(index[rows], weights, minlength=patients)
    total = [np.bincount(index, column, minlength=patients) for column in columns.T]
    every = counts @ np.stack(total, axis=1).astype(np.float32)
    inner = (counts @ parts.reshape(patients, -1)).reshape(-1, len(levels), width)
    return inner.astype(np.float64), (every[:, None, :] - inner).astype(np.float64)


def auc_in_and_out(
    scores: Array, labels: BoolArray, groups: IntArray, index: IntArray, counts: Counts
) -> tuple[Array, Array]:
    """The area under the ROC curve inside each group and among all others, for each draw.

    A case counts as often as its patient is drawn; ties count one half. With weights w, positives i
    and negatives j, the area is the sum of w_i w_j [s_i > s_j] over the sum of w_i w_j. The pairs
    without any case of a group are all pairs, less those of its positives and those of its
    negatives, plus those of both: no second sort is needed for the others.

    Args:
        scores: (N,), larger speaks for positive.
        labels: (N,) bool.
        groups: (N,), the group of each case, 0 to G - 1; each occurs.
        index: (N,), the number of each case's patient.
        counts: (D, patients), how often each is drawn.

    Returns:
        Two of (D, G); NaN where a draw has no positive or no negative case.
    """
    step = max(1, _CELLS // len(scores))
    parts = [
        _areas(scores, labels, groups, counts[start : start + step].T[index].astype(float))
        for start in range(0, len(counts), step)
    ]
    return np.concatenate([one[0] for one in parts]), np.concatenate([one[1] for one in parts])


def _areas(
    scores: Array, labels: BoolArray, groups: IntArray, weights: Array
) -> tuple[Array, Array]:
    """Areas for some draws; weights are (N, D)."""
    up, down = weights * labels[:, None], weights * ~labels[:, None]
    whole = np.zeros(len(scores), dtype=np.intp)
    order, starts = _sorted(scores, groups)
    won = _wins(scores, whole, up, down)
    lost = _wins(-scores, whole, down, up)
    inner = _wins(scores, groups, up, down)

    def by_group(values: Array) -> Array:
        return np.add.reduceat(values[order], starts, axis=0)

    m, n, both = by_group(up), by_group(down), by_group(inner)
    outer = won.sum(axis=0) - by_group(won + lost) + both
    pairs = (up.sum(axis=0) - m) * (down.sum(axis=0) - n)
    return _ratio(both, m * n).T, _ratio(outer, pairs).T


def _wins(scores: Array, groups: IntArray, ours: Array, theirs: Array) -> Array:
    """For each case: our weight times their weight below it in its group, ties one half; (N, D)."""
    order, _ = _sorted(scores, groups)
    ranked, member = scores[order], groups[order]
    new_group = np.append(True, member[1:] != member[:-1])
    new_value = new_group | np.append(True, ranked[1:] != ranked[:-1])
    heads = np.flatnonzero(new_value)
    tie = np.cumsum(new_value) - 1
    first, last = heads[tie], np.append(heads[1:], len(scores))[tie]
    base = np.flatnonzero(new_group)[np.cumsum(new_group) - 1]
    running = np.zeros((len(scores) + 1, ours.shape[1]))
    np.cumsum(theirs[order], axis=0, out=running[1:])
    below = 0.5 * (running[first] + running[last]) - running[base]
    result = np.empty_like(ours)
    result[order] = ours[order] * below
    return result


def _sorted(scores: Array, groups: IntArray) -> tuple[IntArray, IntArray]:
    """Rows by group, then score; and where each group begins."""
    order = np.lexsort((scores, groups))
    member = groups[order]
    return order, np.flatnonzero(np.append(True, member[1:] != member[:-1]))


def _ratio(top: Array, bottom: Array) -> Array:
    found = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=found, where=bottom > 0)
    return found
