"""Cases still needed to decide a rule."""

from __future__ import annotations

import math
from collections.abc import Iterator

import scipy

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message, counted
from xaudit.core.record.policy import Rule
from xaudit.stats.proportions import normal_quantile, score_limits

_COUNTED = {"sensitivity": Message("positives"), "specificity": Message("negatives")}
_CASES = Message("cases")
_LARGEST = 10_000_000


def cases_that_decide(rule: Rule, estimate: Estimate) -> int | None:
    """How many cases would decide the rule, if the observed proportion stayed as it is?

    The smallest n at which the Wilson interval (Wilson 1927) of the observed k/n no longer holds
    the bound. An assumption and no promise: with the true proportion at the observed one, about
    every second study of that size decides.

    Args:
        rule: with a floor or a ceiling.
        estimate: of a proportion, with k and n; its interval must be Wilson's, which it is where
            every patient has one case.

    Returns:
        A number of cases over the present one; None where the estimate has no such interval, or
        the proportion lies so near the bound that ten million would not do.
    """
    bound = rule.floor if rule.floor is not None else rule.ceiling
    if bound is None or estimate.value is None or estimate.method != "Wilson":
        return None
    if estimate.k is None or not estimate.n or estimate.value != estimate.k / estimate.n:
        return None
    low, high = estimate.n, _LARGEST
    if _decides(rule, bound, estimate, low) or not _decides(rule, bound, estimate, high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if _decides(rule, bound, estimate, middle):
            high = middle
        else:
            low = middle
    return high


def _decides(rule: Rule, bound: float, estimate: Estimate, n: int) -> bool:
    """The interval of n cases at the same proportion lies on one side, as the gate reads it."""
    assert estimate.value is not None
    low, high = score_limits(estimate.value, n, estimate.level)
    return low >= bound or high < bound if rule.floor is not None else high <= bound or low > bound


def with_more_needed(said: Message, rule: Rule, estimate: Estimate) -> Message:
    """What is said of the rule, and the cases that would decide it where that is known."""
    needed = cases_that_decide(rule, estimate)
    if needed is None:
        return _with_more_patients(said, rule, estimate)
    return Message(
        "{said}; {n} more {what} ({all} in all) would decide, if the observed rate stays",
        said=said, n=needed - estimate.n, what=_COUNTED.get(rule.metric, _CASES), all=needed,
    )  # fmt: skip


def units_that_decide(rule: Rule, estimate: Estimate) -> int | None:
    """How many patients would decide the rule, if value and spread stayed as they are?

    Intervals shrink with the root of the number of patients, so the part of the interval on the
    side of the bound has to shrink to the distance of value and bound.

    Args:
        rule: with a floor, a ceiling or a margin.
        estimate: with a value; of a difference to a baseline, turned so that more is better.

    Returns:
        A number over the present one; None where the value lies so near the bound that ten
        million would not do, or where it is not known how many patients there are.
    """
    units = estimate.clusters
    if estimate.value is None or estimate.low is None or estimate.high is None or not units:
        return None
    shrink = 1.0
    for bound in _bounds(rule, estimate.value):
        side = estimate.value - estimate.low if bound < estimate.value else (
            estimate.high - estimate.value)  # fmt: skip
        distance = abs(estimate.value - bound)
        shrink = max(shrink, side / distance if distance else math.inf)
    needed = units * shrink**2
    return math.ceil(needed) if units < needed <= _LARGEST else None


def _bounds(rule: Rule, value: float) -> tuple[float, ...]:
    if rule.equivalent is not None:
        margin = rule.equivalent
        return (-margin, margin) if abs(value) < margin else (math.copysign(margin, value),)
    if rule.non_inferior is not None:
        return (-rule.non_inferior,)
    given = (rule.floor, rule.ceiling, rule.superior)
    return tuple(one for one in given if one is not None)


def _with_more_patients(said: Message, rule: Rule, estimate: Estimate) -> Message:
    needed = units_that_decide(rule, estimate)
    if needed is None or estimate.clusters is None:
        return said
    more = needed - estimate.clusters
    return Message(
        "{said}; about {n} more {what} ({all} in all) would decide, if value and spread stay",
        said=said, n=more, what=counted(estimate.unit, more), all=needed,
    )  # fmt: skip


def cases_for_power(bound: float, rate: float, power: float, level: float = 0.95) -> int | None:
    """How many cases show, with this power, that a rate lies beyond a bound?

    Size of a one-sample test of a proportion by its score (Fleiss, Levin and Paik 2003,
    eq. 2.4), which is what Wilson's interval inverts. For one case of each patient.

    Args:
        bound: floor or ceiling, inside (0, 1).
        rate: the true rate, inside (0, 1).
        power: chance that the rule is decided, such as 0.8.
        level: of the two-sided interval that the gate reads.

    Returns:
        A number of cases; None where no such number exists up to ten million.
    """
    if not (0 < bound < 1 and 0 < rate < 1) or rate == bound:
        return None
    spread = normal_quantile(level) * math.sqrt(bound * (1 - bound))
    spread += float(scipy.special.ndtri(power)) * math.sqrt(rate * (1 - rate))
    needed = math.ceil((spread / (rate - bound)) ** 2)
    return needed if needed <= _LARGEST else None


def planned_size(rule: Rule, estimate: Estimate) -> Iterator[str]:
    """A line with the cases that decide a rule about a proportion with 80 % power, if known.

    Args:
        rule: with a floor or a ceiling.
        estimate: whose value stands for the true rate.
    """
    bound = rule.floor if rule.floor is not None else rule.ceiling
    if bound is None or estimate.value is None or estimate.method != "Wilson":
        return
    needed = cases_for_power(bound, estimate.value, 0.8)
    if needed is not None:
        what = _COUNTED.get(rule.metric, _CASES)
        yield f"80 % power at a true rate of {estimate.value:.3f}: {needed} {what}"
