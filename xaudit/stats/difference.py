"""The difference of two independent estimates."""

from __future__ import annotations

import math

from xaudit.core.estimate import Estimate


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
    n = first.n + second.n
    for name, estimate in (("first", first), ("second", second)):
        if estimate.value is None:
            return Estimate.missing(f"{name} of the two is undefined: {estimate.undefined}", n=n)
    if first.level != second.level:
        raise ValueError(f"levels differ: {first.level} and {second.level}")
    a, la, ua = _limits(first)
    b, lb, ub = _limits(second)
    return Estimate(
        a - b,
        a - b - math.hypot(a - la, ub - b),
        a - b + math.hypot(ua - a, b - lb),
        _method(first, second),
        first.level,
        n=n,
        clusters=_clusters(first, second),
        unit=first.unit,
        caution=first.caution or second.caution,
    )


def _limits(estimate: Estimate) -> tuple[float, float, float]:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        raise ValueError(f"limits are needed, got {estimate!r}")
    return estimate.value, estimate.low, estimate.high


def _clusters(first: Estimate, second: Estimate) -> int | None:
    if first.clusters is None or second.clusters is None:
        return None
    return first.clusters + second.clusters


def _method(first: Estimate, second: Estimate) -> str:
    if first.method == second.method == "Wilson":
        return "Newcombe hybrid score"
    if first.method.startswith("Wilson") and second.method.startswith("Wilson"):
        return "Newcombe hybrid score on Rao–Scott effective samples"
    return f"MOVER of two intervals ({first.method}; {second.method})"
