"""Outcomes: what one rule says of the findings that it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import Better
from xaudit.core.record.finding import Believed, Finding, Findings
from xaudit.core.record.policy import Outcome, Rule, VerdictWord
from xaudit.gate.judging.baseline import Baseline
from xaudit.gate.judging.compare import compare, mirrored
from xaudit.gate.judging.needed import with_more_needed
from xaudit.gate.policies.match import EVERY, matching, scope_of, why_nothing_matches
from xaudit.gate.policies.wording import FIRST_RUN_OF_RULE

_SAID: Mapping[Believed, str] = {
    "not_shown": "not shown: {why}",
    "with_caution": "with caution: {why}",
    "may_be_believed": "may be believed: {why}",
}
_BELIEVED = tuple(_SAID)


def outcomes_of(rule: Rule, findings: Findings, baseline: Baseline | None) -> Iterator[Outcome]:
    """One outcome for each finding that the rule means; at least one.

    Args:
        rule: of a policy.
        findings: of the audit, with those that only the gate reads.
        baseline: the audit to compare with; None for a first run.

    Raises:
        ConfigError: the rule compares, and the two audits are not of the same cases.
    """
    if rule.at_least is not None:
        yield from _explanations(rule, findings)
        return
    matched = matching(rule, findings)
    if not matched:
        word: VerdictWord = "fail" if rule.required else "inconclusive"
        yield Outcome(rule, scope_of(rule, findings), word, why_nothing_matches(rule, findings))
    elif rule.compares and baseline is None:
        why = FIRST_RUN_OF_RULE
        yield Outcome(rule, scope_of(rule, findings), "inconclusive", why)
    for finding in matched:
        if rule.required:
            yield _required(rule, finding)
        elif not rule.compares:
            yield _judged(rule, finding, findings)
        elif baseline is not None:
            yield _compared(rule, finding, findings, baseline)


def _required(rule: Rule, finding: Finding) -> Outcome:
    estimate = finding.estimate
    if estimate.value is None:
        why = Message("it is required and has no value: {why}", why=estimate.undefined)
        return Outcome(rule, finding.scope, "fail", why, estimate)
    return Outcome(rule, finding.scope, "pass", Message("it is measured"), estimate)


def _explanations(rule: Rule, findings: Findings) -> Iterator[Outcome]:
    wanted = rule.where.get("method", "*")
    there = [
        explanation
        for explanation in findings.explanations
        if wanted in (*EVERY, explanation.method)
    ]
    if not there:
        why = Message("no check of the explanations is in the audit")
        if wanted not in EVERY:
            why = Message("no check of the explanations by {name} is in the audit",
                          name=repr(wanted))  # fmt: skip
        yield Outcome(rule, rule.where, "inconclusive", why)
    assert rule.at_least is not None
    for one in there:
        reached = _BELIEVED.index(one.verdict) >= _BELIEVED.index(rule.at_least)
        said = Message(_SAID[one.verdict], why=one.reasons[0] if one.reasons else "no reason")
        yield Outcome(rule, {"method": one.method}, "pass" if reached else "fail", said)


def _judged(rule: Rule, finding: Finding, findings: Findings) -> Outcome:
    estimate = finding.estimate
    reason = (
        not_fixed(finding.scope, findings)
        or _cannot_fail(rule, findings)
        or _not_a_difference(rule)
        or _not_to_be_read(estimate)
    )
    if reason is not None:
        return Outcome(rule, finding.scope, "inconclusive", reason, estimate)
    word, why = compare(rule, estimate)
    if word == "inconclusive":
        why = with_more_needed(why, rule, estimate)
    if word == "pass" and (doubt := _not_about_this_model(why, finding, findings)):
        word, why = "inconclusive", doubt
    return Outcome(rule, finding.scope, word, why, estimate)


def _compared(rule: Rule, finding: Finding, findings: Findings, baseline: Baseline) -> Outcome:
    better = _better(finding.metric, findings)
    # A comparison is in the worst case by itself, also where the finding is of scored cases only.
    read = {} if "analysis" in rule.where else {"analysis": "worst_case"}
    scope = {**finding.scope, **read}
    comparison = baseline.difference(finding.metric, scope)
    gain = comparison.difference if better == "higher" else mirrored(comparison.difference)
    scope |= {"compared": "baseline"}
    reason = (
        not_fixed(finding.scope, findings)
        or (
            None
            if better
            else Message(
                "it is not known whether more of {metric} is better", metric=repr(finding.metric)
            )
        )
        or _not_to_be_read(gain)
    )
    if reason is not None:
        return Outcome(rule, scope, "inconclusive", reason, gain)
    word, why = compare(rule, gain)
    if word == "inconclusive":
        why = with_more_needed(why, rule, gain)
    # The test knows of one analysis only.
    p = comparison.p_value if findings.interim is None else None
    if p is not None:
        why = Message(
            "{said}; {test}: p = {p:.2g} for no difference", said=why, test=comparison.test, p=p
        )
    return Outcome(rule, scope, word, why, gain)


def _not_about_this_model(why: Message, finding: Finding, findings: Findings) -> Message | None:
    """Why a good localization counts for nothing; a bad one counts whatever the map is about."""
    families = {metric.name: metric.family for metric in findings.metrics}
    if families.get(finding.metric) != "localization":
        return None
    for explanation in findings.explanations:
        if explanation.method == finding.scope.get("method") and explanation.verdict == "not_shown":
            return Message(
                "{said}; but maps by {method} are not shown to be about this model: {why}",
                said=why, method=explanation.method, why=explanation.reasons[0],
            )  # fmt: skip
    return None


def _better(metric: str, findings: Findings) -> Better | None:
    return next((one.better for one in findings.metrics if one.name == metric), None)


def _not_to_be_read(estimate: Estimate) -> str | None:
    if estimate.value is None:
        return Message("there is no value: {why}", why=estimate.undefined)
    if estimate.caution is not None:
        return Message("not to be judged: {why}", why=estimate.caution)
    return None


def not_fixed(scope: Mapping[str, str], findings: Findings) -> str | None:
    """Why the figures of this operating point prove nothing, or None if they may be judged.

    Args:
        scope: of a finding.
        findings: of the audit that it is in.
    """
    name = scope.get("operating_point")
    if name is None:
        return None
    origins = {point.origin for point in findings.detector.operating_points if point.name == name}
    if "chosen_on_study" in origins:
        return Message(
            "operating point {name} was chosen on this study, so its figures prove nothing",
            name=repr(name),
        )
    if not origins:
        return Message(
            "operating point {name} is not declared: when it was chosen is not known",
            name=repr(name),
        )
    return None


def _not_a_difference(rule: Rule) -> str | None:
    """Why a margin around 0 says nothing of this metric, or None."""
    if rule.equivalent is None or rule.metric.endswith(("_gap", "_drift")):
        return None
    return Message(
        "equivalent needs a difference, such as {metric}_gap with compared: rest, "
        "not {name} itself",
        metric=rule.metric,
        name=repr(rule.metric),
    )


def _cannot_fail(rule: Rule, findings: Findings) -> str | None:
    """Why the bound holds whatever the detector does, or None if it can be broken."""
    facts = next((metric for metric in findings.metrics if metric.name == rule.metric), None)
    if facts is None:
        return None
    if rule.ceiling is not None and facts.high is not None and rule.ceiling > facts.high:
        name, bound, limit = Message("ceiling"), rule.ceiling, facts.high
        said = "never over {limit:g}", "never over {limit:g}; shares are written from 0 to 1"
    elif rule.floor is not None and facts.low is not None and rule.floor < facts.low:
        name, bound, limit = Message("floor"), rule.floor, facts.low
        said = "never under {limit:g}", "never under {limit:g}; shares are written from 0 to 1"
    else:
        return None
    return Message(
        "the {name} {bound:g} always holds: {metric} is {limit}",
        name=name, bound=bound, metric=rule.metric,
        limit=Message(said[facts.unit == "proportion"], limit=limit),
    )  # fmt: skip
