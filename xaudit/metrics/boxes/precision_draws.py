"""Average precision when other patients come: sums over blocks of drawn boxes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.metrics.boxes.matching import HIT, IGNORED, IntArray, Outcomes

Array = npt.NDArray[np.float64]
Single = npt.NDArray[np.float32]

RECALLS = np.linspace(0.0, 1.0, 101)
"""Where the precision is read (Lin et al. 2014)."""
BLOCKS = 256
"""Up to so many hits the curve of each draw is exact."""

_TINY = float(np.spacing(1))


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The drawn boxes of one class by falling rating, and the true boxes they are to find.

    Attributes:
        rows: (D,) number of the patient of each drawn box.
        ratings: (D,), falling.
        outcomes: (D, T), of one size.
        truths: (G,) number of the patient of each true box.
    """

    rows: IntArray
    ratings: Array
    outcomes: Outcomes
    truths: IntArray

    def precision(self) -> Array:
        """(T,): average precision at each threshold, as pycocotools computes it.

        Undefined without true boxes, which callers ask first.
        """
        # Precision rises at hits alone, so that only these can be the highest from a recall on.
        ever = (self.outcomes == HIT).any(axis=1)
        hits = np.cumsum(self.outcomes[ever] == HIT, axis=0, dtype=float)
        drawn = np.cumsum(self.outcomes != IGNORED, axis=0)[ever]
        precision = hits / (drawn + _TINY)
        precision = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
        # A recall that is never reached has none.
        readings = np.pad(precision, ((0, 1), (0, 0)))
        found = hits / len(self.truths)
        places = [np.searchsorted(column, RECALLS) for column in found.T]
        return np.array([readings[place, t].mean() for t, place in enumerate(places)])

    @property
    def ties(self) -> bool:
        """Whether ratings are equal."""
        return not (np.diff(self.ratings) != 0).all()

    def by_order_of_ties(self) -> Array:
        """(2, T): average precision with false boxes first among equal ratings, and last."""
        hits = (self.outcomes == HIT).sum(axis=1)
        orders = (np.lexsort((way * hits, -self.ratings)) for way in (1, -1))
        return np.stack(
            [replace(self, outcomes=self.outcomes[order]).precision() for order in orders]
        )

    def recall(self) -> Array:
        """(T,): share of the true boxes that are hit."""
        return np.asarray((self.outcomes == HIT).sum(axis=0) / len(self.truths))


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Drawn boxes in a row, added up where no reading of the curve tells them apart.

    A curve with at most `BLOCKS` hits is exact in every draw. A longer one is read at each of the
    first hits and at the ends of blocks of the others, and moved by what that changes in the study
    itself: limits move by up to 0.05 standard errors, as much as by another 2,000 draws.

    Attributes:
        sums: (blocks * kinds + 1, patients): weights of patients to weights of boxes of a kind; the
            last row is that of true boxes.
        kinds: (2 T, kinds): which kinds are hits at each threshold, and which are not ignored.
        moved: (T,): what is added to average precision.
    """

    sums: scipy.sparse.csr_array
    kinds: Single
    moved: Array

    @classmethod
    def of(cls, curve: Curve, patients: int) -> Blocks:
        """Blocks of a curve whose rows are of so many patients."""
        ever = (curve.outcomes == HIT).any(axis=1)
        total = int(ever.sum())
        blocks = min(total, BLOCKS)
        # A block ends with a hit; what comes after the last one changes nothing.
        before = np.cumsum(ever) - ever
        kept = np.flatnonzero((before < total) & (curve.outcomes != IGNORED).any(axis=1))
        kinds, kind = _kinds(curve.outcomes[kept])
        place = _block_of(before[kept], total) * len(kinds) + kind
        row = np.concatenate([place, np.full(len(curve.truths), blocks * len(kinds))])
        column = np.concatenate([curve.rows[kept], curve.truths])
        sums = scipy.sparse.csr_array(
            (np.ones(len(row), dtype=np.float32), (row, column)),
            shape=(blocks * len(kinds) + 1, patients),
        )
        both = np.hstack([kinds == HIT, kinds != IGNORED]).T.astype(np.float32)
        plain = cls(sums, both, np.zeros(curve.outcomes.shape[1]))
        if total <= BLOCKS:
            return plain
        coarse = plain.read(np.ones((patients, 1), dtype=np.float32))[0][0]
        return replace(plain, moved=curve.precision() - coarse)

    def read(self, weights: Single) -> tuple[Array, Array]:
        """Average precision and recall of many draws of patients.

        Args:
            weights: (patients, draws), how often each patient is drawn.

        Returns:
            Two (draws, T); NaN in draws without true boxes.
        """
        sums = self.sums @ weights
        truths = sums[-1]
        by_block = sums[:-1].reshape(-1, self.kinds.shape[1], weights.shape[1])
        curve = self.kinds @ by_block.sum(axis=0)
        hits = curve[: len(curve) // 2]
        recall = hits / np.maximum(truths, 1)
        precision = self._backwards(by_block, curve, truths)
        for one in (precision, recall):
            one[:, truths == 0] = np.nan
        return precision.T + self.moved, recall.T.astype(float)

    def _backwards(self, by_block: Single, curve: Single, truths: Single) -> Single:
        """(T, draws): from the most lenient rating up, so that the highest precision is known.

        Args:
            by_block: (blocks, kinds, draws).
            curve: (2 T, draws), hits and drawn boxes at the most lenient rating.
            truths: (draws,).
        """
        curve = curve.copy()
        hits, drawn = np.split(curve, 2)
        best, total = np.zeros_like(hits), np.zeros_like(hits)
        scale = np.asarray((len(RECALLS) - 1) / np.maximum(truths, 1), dtype=np.float32)
        reached = _reached(hits, scale)
        for step in (self.kinds @ by_block)[::-1]:
            np.maximum(best, hits / np.maximum(drawn, 1), out=best)
            curve -= step
            before = _reached(hits, scale)
            reached -= before
            reached *= best
            total += reached
            reached = before
        # A recall of 0 is always reached.
        return (total + best) / np.float32(len(RECALLS))


def _reached(hits: Single, scale: Single) -> Single:
    """At how many recalls above 0 the curve is read up to here."""
    found = hits * scale
    found += np.float32(1e-4)
    np.floor(found, out=found)
    return found


def _block_of(hit: IntArray, total: int) -> IntArray:
    """The block of each hit: the first ones have one each, as precision varies most there."""
    single = total if total <= BLOCKS else BLOCKS // 2
    rest = np.maximum(hit - single, 0) * (BLOCKS - single) // max(total - single, 1)
    return np.where(hit < single, hit, single + rest)


def _kinds(outcomes: Outcomes) -> tuple[Outcomes, IntArray]:
    """Rows that differ (at least one), and which of them each row is."""
    thresholds = outcomes.shape[1]
    # A number in base 3 for each row is sorted much faster than the row.
    code = (outcomes - IGNORED) @ 3 ** np.arange(thresholds)
    _, first, kind = np.unique(code, return_index=True, return_inverse=True)
    if not len(first):
        return np.full((1, thresholds), IGNORED, dtype=np.int8), kind
    return outcomes[first], kind
