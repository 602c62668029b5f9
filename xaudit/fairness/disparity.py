"""How much better or worse a level fares than the rest of the study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.errors import ConfigError
from xaudit.metrics import discrimination
from xaudit.metrics.discrimination import Predictions
from xaudit.stats.auc import auc_value
from xaudit.stats.bootstrap import IntArray, bootstrap, clustered_difference
from xaudit.stats.difference import independent_difference

# What succeeds, and among which cases; both (N,) bool.
Rows = tuple[BoolArray, BoolArray]

PROPORTIONS: dict[str, Callable[[Predictions], Rows]] = {
    "sensitivity": lambda p: (p.called, p.labels),
    "specificity": lambda p: (~p.called, ~p.labels),
    "ppv": lambda p: (p.labels, p.called),
    "npv": lambda p: (~p.labels, ~p.called),
    "accuracy": lambda p: (p.called == p.labels, np.ones(len(p), dtype=bool)),
}
_ESTIMATES: dict[str, Callable[[Predictions], Estimate]] = {
    "sensitivity": discrimination.sensitivity,
    "specificity": discrimination.specificity,
    "ppv": discrimination.ppv,
    "npv": discrimination.npv,
    "accuracy": discrimination.accuracy,
    "auc": discrimination.auc,
}


def gap_to_rest(
    metric: str | Callable[[Predictions], float | None],
    predictions: Predictions,
    in_level: BoolArray,
    rng: np.random.Generator,
    draws: int = 2000,
) -> Estimate:
    """How much does a metric differ between a level and the rest (level minus rest)?

    Where no patient is on both sides the two are independent: Newcombe's hybrid score interval for
    proportions, the same construction from two DeLong intervals for the AUC. Otherwise patients
    are drawn jointly. A metric given as a function is always drawn.

    Args:
        metric: "sensitivity", "specificity", "ppv", "npv", "accuracy", "auc", or a function that
            gives a value or None.
        predictions: all cases.
        in_level: (N,) bool.
        rng: source of the draws.
        draws: how many times patients are drawn.

    Raises:
        ConfigError: no gap is known for a metric of this name.
        ValueError: the lengths differ.
    """
    p, inside = predictions, np.asarray(in_level, dtype=bool)
    if len(inside) != len(p):
        raise ValueError(f"{len(inside)} memberships for {len(p)} cases")
    if not isinstance(metric, str):
        return _drawn(metric, p, inside, rng, draws)
    if metric not in _ESTIMATES:
        raise ConfigError(f"no gap for metric {metric!r}; there is: {', '.join(_ESTIMATES)}")
    level, rest = _ESTIMATES[metric](p.subset(inside)), _ESTIMATES[metric](p.subset(~inside))
    for name, side in (("the level", level), ("the rest", rest)):
        if side.value is None:
            return Estimate.missing(f"{name}: {side.undefined}", n=len(p), unit=p.unit)
    if not _shared_patients(p, inside):
        return independent_difference(level, rest)
    if metric == "auc":
        return _drawn(lambda q: auc_value(q.logits, q.labels), p, inside, rng, draws)
    success, among = PROPORTIONS[metric](p)
    patients = [p.patients[i] for i in np.flatnonzero(among)]
    gap = clustered_difference(
        success[among].astype(float), inside[among], patients, rng, draws=draws
    )
    return replace(gap, unit=p.unit)


def _shared_patients(p: Predictions, inside: BoolArray) -> bool:
    here = {p.patients[i] for i in np.flatnonzero(inside)}
    return any(p.patients[i] in here for i in np.flatnonzero(~inside))


def _drawn(
    value: Callable[[Predictions], float | None],
    p: Predictions,
    inside: BoolArray,
    rng: np.random.Generator,
    draws: int,
) -> Estimate:
    def gap(rows: IntArray) -> float | None:
        level, rest = value(p.subset(rows[inside[rows]])), value(p.subset(rows[~inside[rows]]))
        return None if level is None or rest is None else level - rest

    return replace(bootstrap(gap, p.patients, rng, draws), unit=p.unit)
