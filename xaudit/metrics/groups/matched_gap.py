"""Gaps between cases that are alike in what makes a case hard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.cut import Cut
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.metrics.groups.proportions import PROPORTIONS
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.groups.side_draws import patient_draws
from xaudit.stats.resampling.bootstrap import interval_of_draws
from xaudit.stats.weights import Array, IntArray, numbered


@dataclass(frozen=True, slots=True)
class MatchedGap:
    """A gap within strata.

    Attributes:
        gap: level minus rest.
        compared: cases that stand in a stratum with cases of both sides, in the smaller side.
        left_out: cases of the level in strata without any case of the rest.
    """

    gap: Estimate
    compared: int
    left_out: int


def matched_gaps(
    metric: str,
    predictions: Predictions,
    levels: Mapping[str, BoolArray],
    strata: Cut,
    rng: np.random.Generator,
    draws: int = 2000,
) -> dict[str, MatchedGap]:
    """How much does a proportion differ between a level and the rest among cases of a kind?

    Mantel and Haenszel's risk difference: gaps within strata, each weighted by
    a b / (a + b) for a cases of the level and b of the rest (Greenland and Robins 1985, eq. 1). A
    stratum without cases of one side says nothing and weighs nothing. Strata keep their cases in
    every draw of patients; the interval is that of the draws.

    Args:
        metric: "sensitivity", "specificity", "ppv", "npv" or "accuracy".
        predictions: all N cases.
        levels: name → (N,) bool.
        strata: the kinds of cases.
        rng: source of the draws.
        draws: how many times patients are resampled.

    Raises:
        ValueError: the metric is no proportion, or the lengths differ.
    """
    if metric not in PROPORTIONS:
        raise ValueError(f"matched gaps are of {', '.join(PROPORTIONS)}, not of {metric!r}")
    if len(strata.codes) != len(predictions):
        raise ValueError(f"{len(strata.codes)} strata for {len(predictions)} cases")
    p = predictions
    success, among = PROPORTIONS[metric](p)
    patients, index = numbered(p.patients)
    rested = numbered(index[among])[0]
    masks = [np.ones(len(p), dtype=bool), *levels.values()]
    matrix = _sums(success & among, among, strata, masks, index)
    whole = (matrix @ np.ones((patients, 1))).reshape(len(masks), -1)
    resampled = [
        _resampled(matrix @ counts, len(masks)) for counts in patient_draws(patients, rng, draws)
    ]
    replicates = np.concatenate(resampled, axis=1) if resampled else np.empty((len(levels), 0))
    return {
        name: _matched(whole[0], own, gaps, rested, p.unit)
        for name, own, gaps in zip(levels, whole[1:], replicates, strict=True)
    }


def _resampled(sums: Array, masks: int) -> Array:
    """(levels, draws): the gap of every level but the first, which is all cases."""
    parts = np.asarray(sums, dtype=np.float64).reshape(masks, -1, sums.shape[1])
    return np.stack([_gaps(parts[0].T, own.T) for own in parts[1:]])


def _matched(every: Array, own: Array, replicates: Array, patients: int, unit: str) -> MatchedGap:
    inside, outside = own[1::2], (every - own)[1::2]
    both = (inside > 0) & (outside > 0)
    smaller = min(int(side[both].sum()) for side in (inside, outside))
    left_out, n = int(inside[~both].sum()), int((inside + outside)[both].sum())
    value = float(_gaps(every[None], own[None])[0])
    if np.isnan(value):
        return MatchedGap(
            Estimate.missing(Message("no kind of case is on both sides"), n=n, unit=unit),
            smaller,
            left_out,
        )
    gap = interval_of_draws(value, replicates, n, patients)
    return MatchedGap(replace(gap, unit=unit), smaller, left_out)


def _sums(
    success: BoolArray,
    among: BoolArray,
    strata: Cut,
    masks: Sequence[BoolArray],
    index: IntArray,
) -> scipy.sparse.csc_matrix:
    """(masks × 2 S, P): successes and cases of each patient, for each mask and stratum."""
    rows, columns = [], []
    for place, mask in enumerate(masks):
        for which, kind in enumerate((success, among)):
            at = np.flatnonzero(mask & kind)
            rows.append((place * len(strata) + strata.codes[at]) * 2 + which)
            columns.append(index[at])
    row, column = np.concatenate(rows), np.concatenate(columns)
    shape = (2 * len(strata) * len(masks), int(index.max()) + 1)
    ones = np.ones(len(row), dtype=np.float32)
    return scipy.sparse.coo_matrix((ones, (row, column)), shape=shape).tocsc()


def _gaps(every: Array, own: Array) -> Array:
    """(D,), NaN where no stratum of a draw has both sides."""
    inside, outside = own, every - own
    hits, cases, others, rest = inside[:, 0::2], inside[:, 1::2], outside[:, 0::2], outside[:, 1::2]
    whole = np.where(cases + rest > 0, cases + rest, 1.0)
    top = ((hits * rest - others * cases) / whole).sum(axis=1)
    bottom = (cases * rest / whole).sum(axis=1)
    gaps = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=gaps, where=bottom > 0)
    return gaps
