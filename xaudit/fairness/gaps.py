"""Draws of the gaps of every level at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xaudit.core.case import BoolArray
from xaudit.metrics.discrimination import Predictions
from xaudit.metrics.group_table import PROPORTIONS
from xaudit.stats.weights import Array, Counts, auc_in_and_out, numbered, sums_in_and_out

# A column and a level of it.
Level = tuple[str, str]


def drawn_gaps(
    metrics: Sequence[str],
    predictions: Predictions,
    levels: Mapping[Level, BoolArray],
    counts: Counts,
) -> dict[tuple[str, Level], Array]:
    """How far do gaps to the rest vary over draws of patients that all of them share?

    Args:
        metrics: names of proportions, or "auc".
        predictions: all N cases.
        levels: column and level → (N,) bool.
        counts: (D, patients), how often each patient is drawn; patients in the order of their
            names or numbers.

    Returns:
        (metric, level) → (D,), level minus rest, NaN where a draw has none.
    """
    p, index = predictions, numbered(predictions.patients)[1]
    found: dict[tuple[str, Level], Array] = {}
    shares = [name for name in metrics if name != "auc"]
    if shares:
        pairs = [PROPORTIONS[name](p) for name in shares]
        columns = np.stack(
            [side for success, among in pairs for side in (success & among, among)], axis=1
        ).astype(np.float32)
        inside, outside = sums_in_and_out(columns, list(levels.values()), index, counts)
        gaps = _shares(inside) - _shares(outside)
        for number, name in enumerate(shares):
            found |= {(name, level): gaps[:, place, number] for place, level in enumerate(levels)}
    if "auc" in metrics:
        within, without = auc_in_and_out(p.logits, p.labels, list(levels.values()), index, counts)
        found |= {("auc", level): (within - without)[:, n] for n, level in enumerate(levels)}
    return found


def _shares(sums: Array) -> Array:
    top, bottom = sums[..., 0::2], sums[..., 1::2]
    shares = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=shares, where=bottom > 0)
    return shares
