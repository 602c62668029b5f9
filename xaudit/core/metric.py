"""What a metric is: a pure function with a name, a direction, bounds and a question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, ParamSpec, TypeVar

from xaudit.core.registry import Registry

P = ParamSpec("P")
R = TypeVar("R")
Better = Literal["higher", "lower"]
Unit = Literal["proportion", "ratio", "number"]


@dataclass(frozen=True, slots=True)
class Undefined:
    """A score that does not exist, and why. Counted and shown, never turned into a number."""

    reason: str


Score = float | Undefined


@dataclass(frozen=True, slots=True)
class MetricFacts:
    """How to read a metric.

    Attributes:
        name: registry name, JSON key and heading in one.
        question: what the number answers, as one sentence.
        better: which direction is good.
        low: smallest possible value; None for unbounded.
        high: largest possible value; None for unbounded.
        unit: "proportion" is printed in percent, "ratio" and "number" as they are.
        family: heading under which it is listed ("localization", "discrimination", ...).
    """

    name: str
    question: str
    better: Better
    low: float | None
    high: float | None
    unit: Unit
    family: str


@dataclass(frozen=True, slots=True)
class Metric(Generic[P, R]):
    """A pure function and how to read its result."""

    facts: MetricFacts
    function: Callable[P, R]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Compute the metric."""
        return self.function(*args, **kwargs)


METRICS: Registry[Metric[Any, Any]] = Registry("metric", entry_points="xaudit.metrics")


def metric(
    family: str,
    *,
    better: Better = "higher",
    bounds: tuple[float | None, float | None] = (0.0, 1.0),
    unit: Unit = "proportion",
) -> Callable[[Callable[P, R]], Metric[P, R]]:
    """Register a function as a metric: its name is the metric's, its first line the question.

    Args:
        family: heading under which it is listed.
        better: which direction is good.
        bounds: smallest and largest possible value; None for unbounded.
        unit: how the value is printed.

    Raises:
        RegistryError: the name is taken.
    """

    def wrap(function: Callable[P, R]) -> Metric[P, R]:
        question = (function.__doc__ or "").strip().splitlines()[0]
        facts = MetricFacts(function.__name__, question, better, *bounds, unit, family)
        return METRICS.add(facts.name, Metric(facts, function))

    return wrap
