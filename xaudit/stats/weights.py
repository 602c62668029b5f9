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

# Small enough for the cache of a core: four times faster than one large block.
_CHUNK = 1 << 17
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
    scores: Array, labels: BoolArray, levels: Sequence[BoolArray], index: IntArray, counts: Counts
) -> tuple[Array, Array]:
    """The area under the ROC curve inside each level and among all others, for each draw.

    A case counts as often as its patient is drawn; ties count one half. With weights w, positives i
    and negatives j, the area is the sum of w_i w_j [s_i > s_j] over the sum of w_i w_j. The pairs
    without any case of a level are all pairs, less those of its positives and those of its
    negatives, plus those of both: the others need no sum of their own.

    Args:
        scores: (N,), larger speaks for positive.
        labels: (N,) bool.
        levels: L of (N,) bool; they may overlap.
        index: (N,), the number of each case's patient.
        counts: (D, patients), how often each is drawn.

    Returns:
        Two of (D, L); NaN where a draw has no positive or no negative case.
    """
    order = np.argsort(scores, kind="stable")
    ranked, truth, number = scores[order], labels[order], index[order]
    members = [np.flatnonzero(inside[order]) for inside in levels]
    step = max(1, _CELLS // len(scores))
    parts = [
        _areas(ranked, truth, members, counts[start : start + step].T[number].astype(float))
        for start in range(0, len(counts), step)
    ]
    return np.concatenate([one[0] for one in parts]), np.concatenate([one[1] for one in parts])


def _areas(
    scores: Array, labels: BoolArray, members: Sequence[IntArray], weights: Array
) -> tuple[Array, Array]:
    """Areas for some draws; scores ascend, weights are (N, D)."""
    up, down = np.flatnonzero(labels), np.flatnonzero(~labels)
    pairs = np.empty_like(weights)
    pairs[up] = weights[up] * _below(scores[up], scores[down], weights[down])
    pairs[down] = weights[down] * (
        weights[up].sum(axis=0) - _below(scores[down], scores[up], weights[up])
    )
    whole = (pairs[up].sum(axis=0), weights[up].sum(axis=0), weights[down].sum(axis=0))
    within, without = [], []
    for rows in members:
        up, down = rows[labels[rows]], rows[~labels[rows]]
        below = _below(scores[up], scores[down], weights[down])
        won = np.einsum("nd,nd->d", weights[up], below)
        m, n = weights[up].sum(axis=0), weights[down].sum(axis=0)
        within.append(_ratio(won, m * n))
        rest = whole[0] - pairs[rows].sum(axis=0) + won
        without.append(_ratio(rest, (whole[1] - m) * (whole[2] - n)))
    return np.stack(within, axis=1), np.stack(without, axis=1)


def _below(ours: Array, theirs: Array, weights: Array) -> Array:
    """Their weight below each of our scores, ties one half; (ours, D). Their scores ascend."""
    running = np.zeros((len(theirs) + 1, weights.shape[1]))
    np.cumsum(weights, axis=0, out=running[1:])
    low, high = (np.searchsorted(theirs, ours, side) for side in ("left", "right"))
    below = running[low]
    below += running[high]
    below *= 0.5
    return below


def _ratio(top: Array, bottom: Array) -> Array:
    found = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=found, where=bottom > 0)
    return found
