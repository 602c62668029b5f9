"""An interval beside a demand: pass, fail, or not decided."""

from __future__ import annotations

from dataclasses import replace

from xaudit.core.estimate import Estimate
from xaudit.core.record.policy import Rule, VerdictWord
from xaudit.stats.equivalence import equivalence

Answer = tuple[VerdictWord, str]


def compare(rule: Rule, estimate: Estimate) -> Answer:
    """What the limits of an interval say of a floor, a ceiling or a margin.

    Args:
        rule: with one of them.
        estimate: with a value; of a difference to a baseline, turned so that more is better.
    """
    assert estimate.low is not None
    assert estimate.high is not None
    if rule.equivalent is not None:
        return _within(rule.equivalent, estimate)
    if rule.compares:
        return _against_baseline(rule, estimate.low, estimate.high)
    return _against_bound(rule, estimate.low, estimate.high)


def mirrored(estimate: Estimate) -> Estimate:
    """The estimate with the other sign."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return estimate
    return replace(estimate, value=-estimate.value, low=-estimate.high, high=-estimate.low)


def _against_bound(rule: Rule, low: float, high: float) -> Answer:
    if rule.floor is not None:
        bound, good, bad, name = rule.floor, low, high, "floor"
        # At 0 the sign is asked for, and an effect of nothing at all has none.
        reached, missed = (good >= bound if bound else good > 0), bad < bound
        sides = ("lower", "upper", "under", "not under" if bound else "over")
    else:
        assert rule.ceiling is not None
        bound, good, bad, name = rule.ceiling, high, low, "ceiling"
        reached, missed = good <= bound, bad > bound
        sides = ("upper", "lower", "over", "not over")
    if reached:
        return "pass", f"{sides[0]} limit {_told(good, bound)} is {sides[3]} the {name} {bound:g}"
    if missed:
        return "fail", (
            f"even the {sides[1]} limit {_told(bad, bound)} is {sides[2]} the {name} {bound:g}"
        )
    return "inconclusive", (
        f"the interval {_told(low, bound)} to {_told(high, bound)} holds the {name} {bound:g}: "
        "these cases do not decide, more are needed"
    )


def _within(margin: float, estimate: Estimate) -> Answer:
    assert estimate.low is not None
    assert estimate.high is not None
    limits = f"{_told(estimate.low, -margin)} to {_told(estimate.high, margin)}"
    answer = equivalence(estimate, margin).answer
    if answer == "equivalent":
        return "pass", f"all of the interval {limits} lies within ±{margin:g}"
    if answer == "different":
        return "fail", f"all of the interval {limits} lies beyond ±{margin:g}"
    return "inconclusive", (
        f"the interval {limits} is not within ±{margin:g}: not shown to be alike, "
        "nor to differ by so much; more cases are needed"
    )


def _against_baseline(rule: Rule, low: float, high: float) -> Answer:
    if rule.non_inferior is not None:
        edge, claim, opposite = -rule.non_inferior, "not worse", "worse"
    else:
        assert rule.superior is not None
        edge, claim, opposite = rule.superior, "better", "not better"
    said = f"the gain over the baseline is {_told(low, edge)} to {_told(high, edge)}"
    if low > edge:
        return "pass", f"{said}, all of it over {edge:g}: {claim}"
    if high <= edge:
        return "fail", f"{said}, none of it over {edge:g}: {opposite}"
    return "inconclusive", f"{said} and holds {edge:g}: these cases do not decide, more are needed"


def _told(limit: float, bound: float) -> str:
    """The limit with three digits, or with all where three would put it on the bound."""
    text = f"{limit:.3f}"
    return repr(float(limit)) if float(text) == bound != limit else text
