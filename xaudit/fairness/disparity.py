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
from xaudit.metrics.group_table import PROPORTIONS
from xaudit.stats.auc import auc_value
from xaudit.stats.bootstrap import (
    IntArray,
    bootstrap,
    clustered_difference,
    interval_of_draws,
)
from xaudit.stats.difference import independent_difference
from xaudit.stats.weights import Array, numbered, taken

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
    replicates: Array | None = None,
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
        replicates: (D,) of the gap, where `drawn_gaps` has drawn those of all levels together; used
            where a patient is on both sides.

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
    if replicates is not None:
        return _of_draws(metric, p, (level, rest), replicates)
    return _drawn_by_name(metric, p, inside, rng, draws)


def _drawn_by_name(
    metric: str, p: Predictions, inside: BoolArray, rng: np.random.Generator, draws: int
) -> Estimate:
    if metric == "auc":
        return _drawn(lambda q: auc_value(q.logits, q.labels), p, inside, rng, draws)
    success, among = PROPORTIONS[metric](p)
    patients = taken(p.patients, np.flatnonzero(among))
    gap = clustered_difference(
        success[among].astype(float), inside[among], patients, rng, draws=draws
    )
    return replace(gap, unit=p.unit)


def _of_draws(
    metric: str, p: Predictions, sides: tuple[Estimate, Estimate], replicates: Array
) -> Estimate:
    level, rest = (side.value for side in sides)
    assert level is not None
    assert rest is not None
    among = p.patients
    if metric != "auc":
        among = taken(p.patients, np.flatnonzero(PROPORTIONS[metric](p)[1]))
    clusters = numbered(among)[0]
    found = interval_of_draws(level - rest, replicates, len(among), clusters)
    return replace(found, unit=p.unit)


def _shared_patients(p: Predictions, inside: BoolArray) -> bool:
    patients, index = numbered(p.patients)
    here, there = (np.bincount(index[side], minlength=patients) for side in (inside, ~inside))
    return bool(np.any((here > 0) & (there > 0)))


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
