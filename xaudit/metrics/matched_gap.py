"""Gaps between cases that are alike in what makes a case hard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.metrics.discrimination import Predictions
from xaudit.metrics.group_table import PROPORTIONS
from xaudit.stats.bootstrap import interval_of_draws
from xaudit.stats.weights import Array, Counts, IntArray, numbered


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
    strata: Sequence[str],
    counts: Counts,
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
        strata: of each case, the kind that it is.
        counts: (D, patients), how often each patient is drawn, in the order of their names.

    Raises:
        ValueError: the metric is no proportion, or the lengths differ.
    """
    if metric not in PROPORTIONS:
        raise ValueError(f"matched gaps are of {', '.join(PROPORTIONS)}, not of {metric!r}")
    if len(strata) != len(predictions):
        raise ValueError(f"{len(strata)} strata for {len(predictions)} cases")
    p = predictions
    success, among = PROPORTIONS[metric](p)
    columns = _columns(success, among, np.asarray(strata, dtype=str))
    patients, index = numbered(p.patients)
    every = _by_patient(columns, index, patients)
    drawn = counts @ every
    rested = numbered(index[among])[0]
    found = {}
    for name, inside in levels.items():
        own = _by_patient(columns[inside], index[inside], patients)
        replicates = _gaps(drawn, counts @ own)
        found[name] = _matched(every.sum(axis=0), own.sum(axis=0), replicates, rested, p.unit)
    return found


def _matched(every: Array, own: Array, replicates: Array, patients: int, unit: str) -> MatchedGap:
    inside, outside = own[1::2], (every - own)[1::2]
    both = (inside > 0) & (outside > 0)
    smaller = min(int(side[both].sum()) for side in (inside, outside))
    left_out, n = int(inside[~both].sum()), int((inside + outside)[both].sum())
    value = float(_gaps(every.astype(np.float32)[None], own.astype(np.float32)[None])[0])
    if np.isnan(value):
        return MatchedGap(
            Estimate.missing("no kind of case is on both sides", n=n, unit=unit), smaller, left_out
        )
    gap = interval_of_draws(value, replicates, n, patients)
    return MatchedGap(replace(gap, unit=unit), smaller, left_out)


def _columns(success: BoolArray, among: BoolArray, strata: npt.NDArray[np.str_]) -> Counts:
    """(N, 2 S): what each case adds to successes and to cases of each stratum."""
    names, kind = np.unique(strata, return_inverse=True)
    columns = np.zeros((len(strata), 2 * len(names)), dtype=np.float32)
    rows = np.arange(len(strata))
    columns[rows, 2 * kind] = success & among
    columns[rows, 2 * kind + 1] = among
    return columns


def _by_patient(columns: Counts, index: IntArray, patients: int) -> Counts:
    """(P, 2 S): sums over the cases of each patient."""
    parts = [np.bincount(index, column, minlength=patients) for column in columns.T]
    return np.stack(parts, axis=1).astype(np.float32)


def _gaps(every: Counts, own: Counts) -> Array:
    """(D,), NaN where no stratum of a draw has both sides."""
    inside, outside = own.astype(np.float64), (every - own).astype(np.float64)
    hits, cases, others, rest = inside[:, 0::2], inside[:, 1::2], outside[:, 0::2], outside[:, 1::2]
    whole = np.where(cases + rest > 0, cases + rest, 1.0)
    top = ((hits * rest - others * cases) / whole).sum(axis=1)
    bottom = (cases * rest / whole).sum(axis=1)
    gaps = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=gaps, where=bottom > 0)
    return gaps
