"""How many more cases would decide a rule."""

from __future__ import annotations

from xaudit.core.estimate import Estimate
from xaudit.core.policy import Rule
from xaudit.stats.proportions import score_limits

_COUNTED = {"sensitivity": "positives", "specificity": "negatives"}
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


def more_needed(rule: Rule, estimate: Estimate) -> str:
    """A half-sentence with the cases that would decide the rule, or nothing where none is known."""
    needed = cases_that_decide(rule, estimate)
    if needed is None:
        return ""
    what = _COUNTED.get(rule.metric, "cases")
    return (
        f"; {needed - estimate.n} more {what} ({needed} in all) would decide, "
        "if the observed rate stays"
    )
