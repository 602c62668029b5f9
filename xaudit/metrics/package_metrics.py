"""Metrics that no analysis calls by name, called so that a fault is a reason, not a crash.

Other packages bring theirs; a file of xaudit's own that states a kind is enough, too.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from functools import cache
from typing import Any

import numpy as np

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import METRICS, Kind, Metric, MetricFacts, Score, Undefined
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.weights import numbered

_ROOMS = ("xaudit.metrics.maps", "xaudit.metrics.scores")


def added(kind: Kind) -> tuple[Metric[Any, Any], ...]:
    """Metrics that an audit calls in this way, those of installed packages included, by name."""
    load_rooms()
    metrics = (METRICS[name] for name in METRICS)
    return tuple(metric for metric in metrics if metric.kind == kind)


@cache
def load_rooms() -> None:
    """Import every file of metrics of maps and of scores."""
    for room in map(importlib.import_module, _ROOMS):
        for module in pkgutil.iter_modules(room.__path__):
            importlib.import_module(f"{room.__name__}.{module.name}")


def added_map_scores(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> dict[str, Score]:
    """What the metrics of other packages say of one map.

    A metric that fails, or returns what is no score or lies beyond its bounds, has no score there;
    the reason says so.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
    """
    given = [_locked(one) for one in (values, lesions, inside)]
    return {one.facts.name: _score(one, *given) for one in added("map")}


def added_estimate(
    metric: Metric[Any, Any], predictions: Predictions, rng: np.random.Generator, draws: int
) -> Estimate:
    """What a metric of another package says of the scores of cases.

    Args:
        metric: one of `added` with "scores".
        predictions: the cases.
        rng: source of the draws.
        draws: how many times patients are resampled.

    Returns:
        One without a value, and the reason, where the metric fails or returns no estimate.
    """
    try:
        found: object = metric(predictions, rng, draws)
    except Exception as error:
        return _missing(_failure(metric, error), predictions)
    if not isinstance(found, Estimate):
        said = f"expected an Estimate, got {type(found).__name__}"
        return _missing(_failure(metric, TypeError(said)), predictions)
    wrong = None if found.value is None else _beyond(metric.facts, found.value)
    return _missing(wrong, predictions) if wrong else found


def _missing(reason: str, p: Predictions) -> Estimate:
    return Estimate.missing(reason, n=len(p), clusters=numbered(p.patients)[0], unit=p.unit)


def _score(metric: Metric[Any, Any], *given: np.ndarray) -> Score:
    try:
        found = metric(*given)
        if isinstance(found, Undefined):
            return found
        value = float(found)
    except Exception as error:
        return Undefined(_failure(metric, error))
    wrong = _beyond(metric.facts, value)
    return Undefined(wrong) if wrong else value


def _beyond(facts: MetricFacts, value: float) -> Message | None:
    """What is wrong with a value; nothing where it lies within the bounds."""
    low = -math.inf if facts.low is None else facts.low
    high = math.inf if facts.high is None else facts.high
    if math.isfinite(value) and low <= value <= high:
        return None
    return Message(
        "{name} of {package} returned {value:g}, not between {low:g} and {high:g}",
        name=facts.name,
        package=facts.package,
        value=value,
        low=low,
        high=high,
    )


def _failure(metric: Metric[Any, Any], error: Exception) -> Message:
    said = (str(error) or type(error).__name__).splitlines()[0]
    name, package = metric.facts.name, metric.facts.package
    return Message("{name} of {package} failed: {reason}", name=name, package=package, reason=said)


def _locked(array: np.ndarray) -> np.ndarray:
    """The same array, which cannot be written to: all metrics see one map."""
    view = array.view()
    view.flags.writeable = False
    return view
