"""The arithmetic behind an outcome, and what a policy would check."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.core.finding import Findings
from xaudit.core.policy import Outcome, Policy, Verdict
from xaudit.errors import ConfigError
from xaudit.gate.match import matching, why_nothing_matches
from xaudit.gate.policy import nearest
from xaudit.gate.words import bound_text, scope_text


def explanation(verdict: Verdict, rule_id: str) -> Iterator[str]:
    """Lines with the arithmetic of each outcome of a rule.

    Args:
        verdict: of a policy.
        rule_id: which rule.

    Raises:
        ConfigError: the policy has no such rule; with the nearest name.
    """
    outcomes = [one for one in verdict.outcomes if one.rule.id == rule_id]
    if not outcomes:
        ids = sorted({one.rule.id for one in verdict.outcomes})
        raise ConfigError(f"the policy has no rule {rule_id!r}{nearest(rule_id, ids)}")
    rule = outcomes[0].rule
    yield f"{rule.id}: {rule.metric} {bound_text(rule)}"
    yield f"  reason: {rule.reason or 'the policy states none'}"
    for outcome in outcomes:
        yield f"  {scope_text(outcome.scope) or 'the whole study'}"
        yield from (f"    {line}" for line in _arithmetic(outcome))


def _arithmetic(outcome: Outcome) -> Iterator[str]:
    estimate, rule = outcome.estimate, outcome.rule
    if estimate is not None and estimate.value is not None:
        counts = f"{estimate.k} of {estimate.n} = " if estimate.k is not None else ""
        clusters = f", {estimate.clusters} {estimate.unit}s" if estimate.clusters else ""
        yield f"estimate: {counts}{estimate.value!r} (n = {estimate.n}{clusters})"
        yield f"interval: {estimate.low!r} to {estimate.high!r}, {100 * estimate.level:g} %"
        yield f"by: {estimate.method}"
        good, bad = ("lower", "upper") if rule.floor is not None else ("upper", "lower")
        sign, other = ("≥", "<") if rule.floor is not None else ("≤", ">")
        bound = rule.floor if rule.floor is not None else rule.ceiling
        yield f"pass if the {good} limit {sign} {bound!r}"
        yield f"fail if the {bad} limit {other} {bound!r}"
    yield f"{outcome.verdict}: {outcome.why}"


def what_is_checked(policy: Policy, findings: Findings) -> Iterator[str]:
    """A line for each finding that a rule would read, or why there is none; without a verdict.

    Args:
        policy: the rules.
        findings: of a finished audit.
    """
    for rule in policy.rules:
        matched = matching(rule, findings)
        for one in matched:
            yield f"{rule.id}: {one.id} {bound_text(rule)}"
        if not matched:
            yield f"{rule.id}: nothing: {why_nothing_matches(rule, findings)}"
