"""Disparity: how much better or worse a subgroup fares than the rest of the study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.errors import ConfigError
from xaudit.metrics.groups.sides import ResampledSides, Side, Sides
from xaudit.stats.difference import independent_difference
from xaudit.stats.groups.side_draws import AT_EDGE
from xaudit.stats.resampling.bootstrap import interval_of_draws

_KNOWN = (*AT_EDGE, "auc")


def gap_of_sides(
    metric: str,
    side: Side,
    sides: Sides,
    resampled: Callable[[], ResampledSides],
    edge: float | None = None,
) -> Estimate:
    """How much does a metric differ between a level and the rest (level minus rest)?

    Where no patient is on both sides the two are independent: Newcombe's hybrid score interval for
    proportions, the same construction from two DeLong intervals for the AUC. Otherwise patients
    are resampled jointly.

    Args:
        metric: "sensitivity", "specificity", "ppv", "npv" or "auc".
        side: the level.
        sides: of the study.
        resampled: the same, under draws of patients; asked for where a patient is on both sides.
        edge: a case is called positive above it; None for the AUC.

    Raises:
        ConfigError: no gap is known for a metric of this name.
    """
    if metric not in _KNOWN:
        raise ConfigError(f"no gap for metric {metric!r}; there is: {', '.join(_KNOWN)}")
    level, rest = (sides.estimate(metric, one, edge or 0.0) for one in (side, side.others))
    unit = sides.size.unit
    for one, said in ((level, "the subgroup: {why}"), (rest, "the rest: {why}")):
        if one.value is None:
            why = Message(said, why=one.undefined or "")
            return Estimate.missing(why, n=sides.size.cases, unit=unit)
    if not sides.shared(side):
        return independent_difference(level, rest)
    assert level.value is not None
    assert rest.value is not None
    first, second = (resampled().at(metric, one, edge).draws for one in (side, side.others))
    gap, draws = level.value - rest.value, (first - second).astype(np.float64)
    return replace(interval_of_draws(gap, draws, *sides.basis(metric, edge)), unit=unit)
