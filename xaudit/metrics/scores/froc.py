"""FROC curves of many draws of patients: marks are put in order once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Single = npt.NDArray[np.float32]

# Marks in a row whose sum is made at once.
_BLOCK = 128


@dataclass(frozen=True, slots=True, eq=False)
class Froc:
    """Marks by falling rating.

    Attributes:
        rows: (M,) number of the patient of each mark, from 0.
        hit: (M,) which marks hit a lesion.
        last: (M,) which marks are the last of their rating: equal ones move together.
        lesions: (P,) lesions of each patient.
        cases: (P,) cases of each patient.
    """

    rows: IntArray
    hit: BoolArray
    last: BoolArray
    lesions: IntArray
    cases: IntArray

    def corners(self, counts: Array) -> tuple[Array, Array]:
        """False marks per case, and share of lesions found, at every corner of the curve.

        Args:
            counts: (draws, P), how often each patient is drawn.

        Returns:
            Two (draws, corners); shares are NaN in draws without lesions.
        """
        own = np.pad(counts[:, self.rows], ((0, 0), (1, 0)))
        last = np.append(True, self.last)
        hits = np.cumsum(own * np.append(False, self.hit), axis=1)[:, last]
        alarms = np.cumsum(own, axis=1)[:, last] - hits
        return alarms / (counts @ self.cases)[:, None], _share(hits, counts @ self.lesions)

    def found_at(self, rates: Sequence[float], weights: Single) -> Array:
        """Share of lesions found at the last corner with at most so many false marks per case.

        Args:
            rates: false marks per case.
            weights: (P, draws), how often each patient is drawn.

        Returns:
            (draws, rates); NaN in draws without lesions.
        """
        starts = np.append(0, np.flatnonzero(self.last)[_BLOCK - 1 :: _BLOCK] + 1)
        hits, alarms = (self._before(starts, which, weights) for which in (self.hit, ~self.hit))
        cases, lesions = (
            (one.astype(np.float32) @ weights).astype(float) for one in (self.cases, self.lesions)
        )
        found = np.empty((weights.shape[1], len(rates)))
        for column, rate in enumerate(rates):
            most = (rate + 1e-12) * cases
            block = np.count_nonzero(alarms <= most, axis=0) - 1
            for number in np.unique(block):
                mine = np.flatnonzero(block == number)
                marks = slice(starts[number], np.append(starts, len(self.rows))[number + 1])
                own = weights[np.ix_(self.rows[marks], mine)]
                more = self._more(marks, own, most[mine] - alarms[number, mine])
                found[mine, column] = hits[number, mine] + more
        return _share(found, lesions)

    def _before(self, starts: IntArray, which: BoolArray, weights: Single) -> Single:
        """(starts, draws): how many of these marks come before each start."""
        place = np.searchsorted(starts, np.flatnonzero(which), side="right")
        ones = np.ones(len(place), dtype=np.float32)
        shape = len(starts) + 1, len(weights)
        sums = scipy.sparse.csr_array((ones, (place, self.rows[which])), shape=shape) @ weights
        return np.asarray(np.cumsum(sums[:-1], axis=0))

    def _more(self, marks: slice, own: Single, most: Array) -> Array:
        """(draws,): hits among some marks up to the last corner with at most so many false ones.

        Args:
            marks: which.
            own: (marks, draws), how often each of them is there.
            most: (draws,) false ones.
        """
        hit, last = self.hit[marks, None], self.last[marks]
        alarms = np.cumsum(own * ~hit, axis=0)[last]
        hits = np.cumsum(own * hit, axis=0)[last]
        none = np.zeros((1, len(most)), dtype=hits.dtype)
        corner = (alarms <= most).sum(axis=0)
        return np.asarray(np.concatenate([none, hits])[corner, np.arange(len(most))])


def _share(hits: Array, lesions: Array) -> Array:
    """(draws, C) of (draws,); NaN in draws without lesions."""
    lesions = lesions[:, None]
    return np.divide(hits, lesions, out=np.full_like(hits, np.nan), where=lesions > 0)
