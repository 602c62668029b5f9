"""An interval beside a demand: pass, fail, or not decided."""

from __future__ import annotations

from dataclasses import replace

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.record.policy import Rule, VerdictWord
from xaudit.stats.equivalence import equivalence

Answer = tuple[VerdictWord, Message]


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
        return _against_floor(rule.floor, low, high)
    assert rule.ceiling is not None
    return _against_ceiling(rule.ceiling, low, high)


def _against_floor(bound: float, low: float, high: float) -> Answer:
    # At 0 the sign is asked for, and an effect of nothing at all has none.
    if low >= bound if bound else low > 0:
        said = "lower limit {limit} is not under the floor {bound:g}"
        if not bound:
            said = "lower limit {limit} is over the floor {bound:g}"
        return "pass", Message(said, limit=_told(low, bound), bound=bound)
    if high < bound:
        said = "even the upper limit {limit} is under the floor {bound:g}"
        return "fail", Message(said, limit=_told(high, bound), bound=bound)
    return "inconclusive", Message(
        "the interval {low} to {high} holds the floor {bound:g}: these cases do not decide, more "
        "are needed",
        low=_told(low, bound), high=_told(high, bound), bound=bound,
    )  # fmt: skip


def _against_ceiling(bound: float, low: float, high: float) -> Answer:
    if high <= bound:
        said = "upper limit {limit} is not over the ceiling {bound:g}"
        return "pass", Message(said, limit=_told(high, bound), bound=bound)
    if low > bound:
        said = "even the lower limit {limit} is over the ceiling {bound:g}"
        return "fail", Message(said, limit=_told(low, bound), bound=bound)
    return "inconclusive", Message(
        "the interval {low} to {high} holds the ceiling {bound:g}: these cases do not decide, more "
        "are needed",
        low=_told(low, bound), high=_told(high, bound), bound=bound,
    )  # fmt: skip


def _within(margin: float, estimate: Estimate) -> Answer:
    assert estimate.low is not None
    assert estimate.high is not None
    answer = equivalence(estimate, margin).answer
    word: VerdictWord = "inconclusive"
    said = (
        "the interval {low} to {high} is not within ±{margin:g}: not shown to be alike, nor to "
        "differ by so much; more cases are needed"
    )
    if answer == "equivalent":
        word, said = "pass", "all of the interval {low} to {high} lies within ±{margin:g}"
    elif answer == "different":
        word, said = "fail", "all of the interval {low} to {high} lies beyond ±{margin:g}"
    low, high = _told(estimate.low, -margin), _told(estimate.high, margin)
    return word, Message(said, low=low, high=high, margin=margin)


def _against_baseline(rule: Rule, low: float, high: float) -> Answer:
    if rule.non_inferior is not None:
        edge, claim, opposite = -rule.non_inferior, Message("not worse"), Message("worse")
    else:
        assert rule.superior is not None
        edge, claim, opposite = rule.superior, Message("better"), Message("not better")
    gain = {"low": _told(low, edge), "high": _told(high, edge), "edge": edge}
    if low > edge:
        said = "the gain over the baseline is {low} to {high}, all of it over {edge:g}: {claim}"
        return "pass", Message(said, **gain, claim=claim)
    if high <= edge:
        said = "the gain over the baseline is {low} to {high}, none of it over {edge:g}: {claim}"
        return "fail", Message(said, **gain, claim=opposite)
    said = (
        "the gain over the baseline is {low} to {high} and holds {edge:g}: these cases do not "
        "decide, more are needed"
    )
    return "inconclusive", Message(said, **gain)


def _told(limit: float, bound: float) -> Message:
    """The limit with three digits, or with all where three would put it on the bound."""
    all_digits = float(f"{limit:.3f}") == bound != limit
    return Message("{limit}" if all_digits else "{limit:.3f}", limit=float(limit))
