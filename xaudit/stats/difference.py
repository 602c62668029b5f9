"""The difference of two estimates."""

from __future__ import annotations

import math

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message


def independent_difference(first: Estimate, second: Estimate) -> Estimate:
    """How much larger is the first estimate than the second, if no patient is in both?

    MOVER (Zou and Donner 2008): the distances from each value to its own limits are combined.
    From two Wilson intervals this is Newcombe's hybrid score interval (1998, method 10).

    Args:
        first: minuend, with its interval.
        second: subtrahend, independent of the first, at the same level.

    Raises:
        ValueError: the levels differ.
    """
    return correlated_difference(first, second, 0.0)


def correlated_difference(first: Estimate, second: Estimate, correlation: float) -> Estimate:
    """How much larger is the first estimate than the second, if they vary together?

    MOVER with a correlation (Zou and Donner 2008, eq. 7; Zou 2007): good limits of each give good
    limits of the difference, where the difference of draws would be too narrow.

    Args:
        first: minuend, with its interval.
        second: subtrahend, at the same level.
        correlation: of the two estimates, from -1 to 1; from draws of patients, for instance.

    Raises:
        ValueError: the levels differ, or the correlation is out of range.
    """
    if not -1 <= correlation <= 1:
        raise ValueError(f"a correlation lies in [-1, 1], got {correlation}")
    n = first.n + second.n
    for place, estimate in enumerate((first, second)):
        if estimate.value is None:
            return Estimate.missing(why_undefined(place, estimate.undefined), n=n)
    if first.level != second.level:
        raise ValueError(f"levels differ: {first.level} and {second.level}")
    a, la, ua = _limits(first)
    b, lb, ub = _limits(second)
    return Estimate(
        a - b,
        a - b - _joint(a - la, ub - b, correlation),
        a - b + _joint(ua - a, b - lb, correlation),
        _method(first, second, correlation),
        first.level,
        n=n,
        clusters=_clusters(first, second),
        unit=first.unit,
        caution=first.caution or second.caution,
    )


def why_undefined(place: int, why: str | None) -> Message:
    """That the first (0) or the second (1) of two estimates has no value, and why."""
    if place:
        return Message("second of the two is undefined: {why}", why=why or "")
    return Message("first of the two is undefined: {why}", why=why or "")


def _joint(one: float, two: float, correlation: float) -> float:
    return math.sqrt(max(0.0, one**2 + two**2 - 2 * correlation * one * two))


def _limits(estimate: Estimate) -> tuple[float, float, float]:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        raise ValueError(f"limits are needed, got {estimate!r}")
    return estimate.value, estimate.low, estimate.high


def _clusters(first: Estimate, second: Estimate) -> int | None:
    if first.clusters is None or second.clusters is None:
        return None
    return first.clusters + second.clusters


def _method(first: Estimate, second: Estimate, correlation: float) -> str:
    if correlation:
        return Message(
            "MOVER of two correlated intervals ({first}; {second})",
            first=first.method,
            second=second.method,
        )
    if first.method == second.method == "Wilson":
        return Message("Newcombe hybrid score")
    if first.method.startswith("Wilson") and second.method.startswith("Wilson"):
        return Message("Newcombe hybrid score on Rao–Scott effective samples")
    return Message(
        "MOVER of two intervals ({first}; {second})", first=first.method, second=second.method
    )
