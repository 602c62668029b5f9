"""Metrics: pure functions with a name, a direction, bounds and a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, ParamSpec, TypeVar, get_args

from xaudit.core.message import Message, Sentence
from xaudit.core.registry import Registry
from xaudit.errors import RegistryError

P = ParamSpec("P")
R = TypeVar("R")
Better = Literal["higher", "lower"]
Unit = Literal["proportion", "ratio", "number"]
Kind = Literal["map", "scores"]
"""What an audit calls a metric with: each map of a case with lesions, or the scores of cases."""


@dataclass(frozen=True, slots=True)
class Undefined:
    """A score that does not exist, and why. Counted and shown, never turned into a number."""

    reason: Sentence


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
        package: that brought it; empty for metrics of xaudit.

    Raises:
        RegistryError: there is no such direction or unit.
    """

    name: str
    question: Sentence
    better: Better
    low: float | None
    high: float | None
    unit: Unit
    family: str
    package: str = ""

    def __post_init__(self) -> None:
        # Findings with anything else could be written, and never be read again.
        for said, known in ((self.better, get_args(Better)), (self.unit, get_args(Unit))):
            if said not in known:
                raise RegistryError(
                    f"{self.name}: expected one of {', '.join(known)}, got {said!r}"
                )


@dataclass(frozen=True, slots=True)
class Metric(Generic[P, R]):
    """A pure function and how to read its result.

    Attributes:
        facts: how to read it.
        function: that computes it.
        kind: what an audit calls it with; None for what xaudit's own analyses call by name.
    """

    facts: MetricFacts
    function: Callable[P, R]
    kind: Kind | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Compute the metric."""
        return self.function(*args, **kwargs)


_OURS = __name__.partition(".")[0]
METRICS: Registry[Metric[Any, Any]] = Registry("metric", entry_points="xaudit.metrics")


_FAMILIES: Mapping[Kind, tuple[str, ...]] = {
    "map": ("localization",),
    "scores": ("discrimination", "calibration", "utility"),
}


def _refuse_unreachable(name: str, family: str, kind: Kind | None) -> None:
    """The kind says who computes a metric of another package, the family who reads it."""
    if kind is None or kind not in _FAMILIES:
        raise RegistryError(
            f"metric {name!r}: expected kind 'map' or 'scores', got {kind!r}; no audit would "
            "compute it"
        )
    if family not in _FAMILIES[kind]:
        raise RegistryError(
            f"metric {name!r}: expected a family of kind {kind!r} "
            f"({', '.join(_FAMILIES[kind])}), got {family!r}"
        )


def metric(
    family: str,
    *,
    better: Better = "higher",
    bounds: tuple[float | None, float | None] = (0.0, 1.0),
    unit: Unit = "proportion",
    kind: Kind | None = None,
) -> Callable[[Callable[P, R]], Metric[P, R]]:
    """Register a function as a metric: its name is the metric's, its first line the question.

    Args:
        family: heading under which it is listed.
        better: which direction is good.
        bounds: smallest and largest possible value; None for unbounded.
        unit: how the value is printed.
        kind: what an audit calls the metric with, where no analysis calls it by name. "map":
            the signed values (H, W) of a map, the lesions (L, H, W) and what is image rather
            than padding (H, W); it returns a float or `Undefined`, and its family is
            "localization". "scores": `Predictions`, a random generator and how many draws are
            taken; it returns an `Estimate`, and its family is "discrimination", "calibration"
            or "utility".

    Raises:
        RegistryError: the name is taken, the first line of the docstring is empty, or a metric
            of another package has no kind, or a family of another kind.
    """

    def wrap(function: Callable[P, R]) -> Metric[P, R]:
        name, package = function.__name__, function.__module__.partition(".")[0]
        question = (function.__doc__ or "").strip().partition("\n")[0]
        if not question:
            raise RegistryError(f"metric {name!r}: its docstring begins with what it answers")
        if package != _OURS:
            _refuse_unreachable(name, family, kind)
        # What xaudit's own analyses call by name needs no name of a package.
        package = "" if package == _OURS and kind is None else package
        facts = MetricFacts(name, Message(question), better, *bounds, unit, family, package)
        return METRICS.add(name, Metric(facts, function, kind))

    return wrap
