"""How much better or worse calibrated a group is than all others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import expit

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.metrics.discrimination import Predictions
from xaudit.stats.clustered_wald import clustered_wald
from xaudit.stats.recalibration import recalibration_gap
from xaudit.stats.weights import numbered, taken

CALIBRATION_GAPS = ("brier", "calibration_slope", "calibration_intercept")
"""Not the expected calibration error: its bias depends on the size of a group."""
_PAIR = 2


def calibration_gap(name: str, predictions: Predictions, inside: BoolArray) -> Estimate:
    """How far is a measure of calibration in a group from that in the rest (group minus rest)?

    Errors are summed within patients over both sides, so that a patient may be on both.

    Args:
        name: one of `CALIBRATION_GAPS`.
        predictions: the cases.
        inside: (N,) bool, the group.
    """
    p = predictions
    if name == "brier":
        found = _brier_gap(p, inside)
    elif name == "calibration_slope":
        found = recalibration_gap(p.logits, p.labels, p.patients, inside, "slope")
    else:
        found = recalibration_gap(p.logits, p.labels, p.patients, inside, "intercept")
    return replace(found, unit=p.unit)


def _brier_gap(p: Predictions, inside: BoolArray) -> Estimate:
    squared = (expit(p.logits) - p.labels) ** 2
    sizes = [
        numbered(taken(p.patients, rows))[0] if len(rows) else 0
        for rows in (np.flatnonzero(inside), np.flatnonzero(~inside))
    ]
    if min(sizes) < _PAIR:
        why = f"{min(sizes)} {p.unit}s on one side, 2 needed"
        return Estimate.missing(why, n=len(p), clusters=numbered(p.patients)[0])
    here, rest = float(squared[inside].mean()), float(squared[~inside].mean())
    influence = np.where(
        inside, (squared - here) / inside.sum(), (rest - squared) / (~inside).sum()
    )
    return clustered_wald(here - rest, influence, p.patients, min(sizes) - 1)
