"""Bootstrap weights: how often each patient is sampled, and what follows for many groups."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Patients = Sequence[str] | IntArray
"""The patient of each row: names, or numbers, which are looked up much faster."""

# Small enough for the cache of a core: four times faster than one large block.
_CHUNK = 1 << 15
# So many counts are kept: 32 MB.
_KEPT = 1 << 22
# So many draws at once, and weights of patients: 32 MB.
_TOGETHER, _WEIGHTS = 500, 1 << 23
# Numbers up to so many times the rows are counted in one array.
_DENSE = 8


def numbered(patients: Patients) -> tuple[int, IntArray]:
    """How many patients there are, and each row's number among them, in the order of names."""
    names = patients if isinstance(patients, np.ndarray) else np.asarray(patients, dtype=str)
    if _countable(names):
        there = np.bincount(names) > 0
        if there.all():
            return len(there), names.astype(np.intp, copy=False)
        return int(there.sum()), (np.cumsum(there) - 1)[names]
    found, index = np.unique(names, return_inverse=True)
    return len(found), index.astype(np.intp)


def _countable(names: npt.NDArray[Any]) -> bool:
    """Whether they are numbers of about as many things: counting is faster than sorting."""
    if names.dtype.kind != "i" or not len(names):
        return False
    return bool(names.min() >= 0 and names.max() < _DENSE * len(names))


def taken(patients: Patients, rows: IntArray) -> Patients:
    """The patients of these rows, repeats allowed."""
    if isinstance(patients, np.ndarray):
        return patients[rows]
    return tuple(patients[row] for row in rows)


def patient_counts(clusters: int, rng: np.random.Generator, draws: int) -> Iterator[Array]:
    """How often each patient comes in each draw of as many patients, with replacement.

    The last draws of few patients are kept: metrics of one group that draw from the same state of
    the source get them without their being drawn again.

    Args:
        clusters: patients.
        rng: source of the draws.
        draws: how many times patients are resampled.

    Yields:
        (some draws, clusters), not to be written to: as many draws at once as bounded memory
        allows.
    """
    before = dict(rng.bit_generator.state)
    if clusters * draws > _KEPT or before["bit_generator"] != "PCG64":
        yield from _counted(clusters, rng, draws)
        return
    asked = clusters, draws, *before.pop("state").values(), *before.values()
    if _last.asked != asked:
        counts = tuple(_counted(clusters, rng, draws))
        for part in counts:
            part.setflags(write=False)
        _last.asked, _last.counts, _last.after = asked, counts, rng.bit_generator.state
    rng.bit_generator.state = _last.after
    yield from _last.counts


def patient_weights(
    clusters: int, rng: np.random.Generator, draws: int
) -> Iterator[npt.NDArray[np.float32]]:
    """The counts of `patient_counts` for sums over rows: patients first, and hundreds of draws.

    Args:
        clusters: patients.
        rng: source of the draws.
        draws: how many times patients are resampled.

    Yields:
        (clusters, some draws): as many draws at once as bounded memory allows.
    """
    size = max(1, min(_TOGETHER, _WEIGHTS // clusters))
    waiting: list[Array] = []
    for part in patient_counts(clusters, rng, draws):
        waiting.append(part)
        if sum(map(len, waiting)) >= size:
            yield np.concatenate(waiting, dtype=np.float32).T.copy()
            waiting = []
    if waiting:
        yield np.concatenate(waiting, dtype=np.float32).T.copy()


def _counted(clusters: int, rng: np.random.Generator, draws: int) -> Iterator[Array]:
    chunk = max(1, _CHUNK // clusters)
    for start in range(0, draws, chunk):
        size = min(chunk, draws - start)
        chosen = rng.integers(clusters, size=(size, clusters))
        # One count over all draws: each has a range of numbers of its own.
        chosen += np.arange(size)[:, None] * clusters
        counts = np.bincount(chosen.ravel(), minlength=size * clusters)
        yield counts.reshape(size, clusters).astype(np.float64)


class _Last(threading.local):
    """The last draws of few patients, of each thread."""

    asked: tuple[object, ...] = ()
    counts: Sequence[Array] = ()
    after: Mapping[str, Any] = {}


_last = _Last()
