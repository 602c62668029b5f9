"""What one rule says of the findings that it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xaudit.core.estimate import Estimate
from xaudit.core.metric import Better
from xaudit.core.record.finding import Believed, Finding, Findings
from xaudit.core.record.policy import Outcome, Rule, VerdictWord
from xaudit.gate.judging.baseline import Baseline
from xaudit.gate.judging.compare import compare, mirrored
from xaudit.gate.judging.needed import more_needed
from xaudit.gate.policies.match import EVERY, matching, scope_of, why_nothing_matches
from xaudit.gate.policies.words import FIRST_RUN

_BELIEVED: tuple[Believed, ...] = ("not_shown", "with_caution", "may_be_believed")


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
        why = f"{FIRST_RUN}; name the audit to compare with by --baseline"
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
        why = f"it is required and has no value: {estimate.undefined}"
        return Outcome(rule, finding.scope, "fail", why, estimate)
    return Outcome(rule, finding.scope, "pass", "it is measured", estimate)


def _explanations(rule: Rule, findings: Findings) -> Iterator[Outcome]:
    wanted = rule.where.get("method", "*")
    there = [one for one in findings.explanations if wanted in (*EVERY, one.method)]
    if not there:
        whose = "" if wanted in EVERY else f" by {wanted!r}"
        why = f"no check of the explanations{whose} is in the audit"
        yield Outcome(rule, rule.where, "inconclusive", why)
    assert rule.at_least is not None
    for one in there:
        reached = _BELIEVED.index(one.verdict) >= _BELIEVED.index(rule.at_least)
        said = f"{one.verdict.replace('_', ' ')}: {one.reasons[0] if one.reasons else 'no reason'}"
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
    more = more_needed(rule, estimate) if word == "inconclusive" else ""
    if word == "pass" and (doubt := _not_about_this_model(finding, findings)):
        word, more = "inconclusive", f"; {doubt}"
    return Outcome(rule, finding.scope, word, why + more, estimate)


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
        or (None if better else f"it is not known whether more of {finding.metric!r} is better")
        or _not_to_be_read(gain)
    )
    if reason is not None:
        return Outcome(rule, scope, "inconclusive", reason, gain)
    word, why = compare(rule, gain)
    more = more_needed(rule, gain) if word == "inconclusive" else ""
    # The test knows of one look only.
    p = comparison.p_value if findings.looks is None else None
    test = f"; {comparison.test}: p = {p:.2g} for no difference" if p is not None else ""
    return Outcome(rule, scope, word, why + more + test, gain)


def _not_about_this_model(finding: Finding, findings: Findings) -> str | None:
    """Why a good localization counts for nothing; a bad one counts whatever the map is about."""
    families = {one.name: one.family for one in findings.metrics}
    if families.get(finding.metric) != "localization":
        return None
    for one in findings.explanations:
        if one.method == finding.scope.get("method") and one.verdict == "not_shown":
            return (
                f"but maps by {one.method} are not shown to be about this model: {one.reasons[0]}"
            )
    return None


def _better(metric: str, findings: Findings) -> Better | None:
    return next((one.better for one in findings.metrics if one.name == metric), None)


def _not_to_be_read(estimate: Estimate) -> str | None:
    if estimate.value is None:
        return f"there is no value: {estimate.undefined}"
    if estimate.caution is not None:
        return f"not to be judged: {estimate.caution}"
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
        return f"operating point {name!r} was chosen on this study, so its figures prove nothing"
    if not origins:
        return f"operating point {name!r} is not declared: when it was chosen is not known"
    return None


def _not_a_difference(rule: Rule) -> str | None:
    """Why a margin around 0 says nothing of this metric, or None."""
    if rule.equivalent is None or rule.metric.endswith(("_gap", "_drift")):
        return None
    return (
        f"equivalent needs a difference, such as {rule.metric}_gap with compared: rest, "
        f"not {rule.metric!r} itself"
    )


def _cannot_fail(rule: Rule, findings: Findings) -> str | None:
    """Why the bound holds whatever the detector does, or None if it can be broken."""
    facts = next((one for one in findings.metrics if one.name == rule.metric), None)
    if facts is None:
        return None
    if rule.ceiling is not None and facts.high is not None and rule.ceiling > facts.high:
        name, bound, limit = "ceiling", rule.ceiling, f"never over {facts.high:g}"
    elif rule.floor is not None and facts.low is not None and rule.floor < facts.low:
        name, bound, limit = "floor", rule.floor, f"never under {facts.low:g}"
    else:
        return None
    share = "; shares are written from 0 to 1" if facts.unit == "proportion" else ""
    return f"the {name} {bound:g} always holds: {rule.metric} is {limit}{share}"
