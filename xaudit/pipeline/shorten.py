"""Shortening of a run that takes too long: which key of the audit file, and to what value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeVar

from xaudit.audit.config.config import AuditConfig
from xaudit.audit.config.section import Section
from xaudit.audit.plan.plan import Plan
from xaudit.pipeline.cost import rest_of, run_cost
from xaudit.pipeline.rehearsal import Rehearsed

HOUR = 3600.0
_LEAST = {
    "explain.cases": 30,
    "explain.checks.cases": 10,
    "explain.checks.cascade": 1,
    "explain.checks.independent": 0,
    "explain.checks.smooth": 0,
    "explain.shortcuts": 30,
    "robustness.cases": 40,
    "robustness.maps": 10,
    "statistics.draws": 1000,
}
"""Key → below this it says too little to be worth a run."""


@dataclass(frozen=True, slots=True)
class Change:
    """A key of the audit file, what it says, and what it should say."""

    key: str
    now: int
    then: int


@dataclass(frozen=True, slots=True)
class Shorter:
    """How a run becomes short enough.

    Attributes:
        changes: to the audit file, the one that saves most first.
        seconds: that the run takes with them.
        enough: whether that is short enough; not where nothing else can be saved.
    """

    changes: tuple[Change, ...]
    seconds: float
    enough: bool


def shorten(plan: Plan, rehearsed: Rehearsed, allowed: float = HOUR) -> Shorter | None:
    """The fewest changes that bring a run below the time that is allowed; None if it is.

    Args:
        plan: of the audit.
        rehearsed: on some of its cases.
        allowed: seconds, on a machine that has nothing else to do.
    """
    if _seconds(plan, rehearsed) <= allowed:
        return None
    changes: list[Change] = []
    while _seconds(plan, rehearsed) > allowed:
        shortest = {key: _with(plan, key, least) for key, least in _LEAST.items()}
        key = min(shortest, key=lambda one: _seconds(shortest[one], rehearsed))
        if _seconds(shortest[key], rehearsed) >= _seconds(plan, rehearsed):
            break
        now = _value(plan.config, key)
        then = _largest(plan, key, rehearsed, allowed)
        changes.append(Change(key, now, then))
        plan = _with(plan, key, then)
    seconds = _seconds(plan, rehearsed)
    return Shorter(tuple(changes), seconds, seconds <= allowed)


def _seconds(plan: Plan, rehearsed: Rehearsed) -> float:
    # How busy the machine is now says nothing of the audit file.
    return rest_of(run_cost(plan, rehearsed))


def _largest(plan: Plan, key: str, rehearsed: Rehearsed, allowed: float) -> int:
    """The largest value with which the run is short enough, or the least worth a run."""
    low, high = _LEAST[key], _value(plan.config, key)
    while low < high:
        middle = (low + high + 1) // 2
        if _seconds(_with(plan, key, middle), rehearsed) <= allowed:
            low = middle
        else:
            high = middle - 1
    return low


def _value(config: AuditConfig, key: str) -> int:
    value = reduce(getattr, key.split("."), config)
    assert isinstance(value, int)
    return value


def _with(plan: Plan, key: str, value: int) -> Plan:
    """The plan with at most this value; fewer explained cases are fewer of the sample."""
    value = min(value, _value(plan.config, key))
    record = plan.record
    if key == "explain.cases":
        record = replace(record, sample=record.sample[:value])
    return replace(plan, record=record, config=_set(plan.config, key.split("."), value))


_SomeSection = TypeVar("_SomeSection", bound=Section)


def _set(section: _SomeSection, path: Sequence[str], value: int) -> _SomeSection:
    first, *rest = path
    inner = _set(getattr(section, first), rest, value) if rest else value
    return section.model_copy(update={first: inner})
