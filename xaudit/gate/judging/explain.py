"""The arithmetic behind an outcome, and what a policy would check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from xaudit.core.record.finding import Findings
from xaudit.core.record.policy import Outcome, Policy, Rule, Verdict
from xaudit.errors import ConfigError
from xaudit.gate.judging.needed import planned_size
from xaudit.gate.policies.derived import derived_findings
from xaudit.gate.policies.match import matching, why_nothing_matches
from xaudit.gate.policies.nearest_name import nearest
from xaudit.gate.policies.wording import scope_text


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
    yield f"{rule.id}: {rule.metric} {rule.demand}"
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
        yield from _limits(rule)
        yield from planned_size(rule, estimate)
    yield f"{outcome.verdict}: {outcome.why}"


def _limits(rule: Rule) -> Iterator[str]:
    """When the rule passes and fails, in terms of the interval's limits."""
    if rule.floor is not None:
        yield f"pass if the lower limit {'≥' if rule.floor else '>'} {rule.floor!r}"
        yield f"fail if the upper limit < {rule.floor!r}"
    elif rule.ceiling is not None:
        yield f"pass if the upper limit ≤ {rule.ceiling!r}"
        yield f"fail if the lower limit > {rule.ceiling!r}"
    elif rule.equivalent is not None:
        yield f"pass if both limits lie between {-rule.equivalent!r} and {rule.equivalent!r}"
        yield "fail if both lie beyond the same one of these (two one-sided tests, Schuirmann 1987)"
    elif rule.compares:
        edge = rule.superior if rule.non_inferior is None else -rule.non_inferior
        yield "difference: this detector minus the baseline, turned so that more is better"
        yield f"pass if its lower limit > {edge!r}"
        yield f"fail if its upper limit ≤ {edge!r}"


def what_is_checked(policy: Policy, findings: Findings) -> Iterator[str]:
    """A line for each finding that a rule would read, or why there is none; without a verdict.

    Args:
        policy: the rules.
        findings: of a finished audit.
    """
    there = replace(findings, findings=(*findings.findings, *derived_findings(findings)))
    for rule in policy.rules:
        matched = matching(rule, there)
        for one in matched:
            yield f"{rule.id}: {one.id} {rule.demand}"
        if not matched:
            yield f"{rule.id}: nothing: {why_nothing_matches(rule, there)}"
