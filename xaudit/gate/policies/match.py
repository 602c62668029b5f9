"""Matching of rules with the findings that they mean."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from xaudit.core.message import Message
from xaudit.core.record.finding import Finding, Findings
from xaudit.core.record.policy import Rule
from xaudit.gate.policies.wording import FIRST_RUN_OF_RULE

WILDCARD = "*"
WORST = "worst"
EVERY = (WILDCARD, WORST)
"""Both take every level; the second gives one outcome."""


def matching(rule: Rule, findings: Findings) -> tuple[Finding, ...]:
    """The findings that a rule is about, in their order.

    The scope of a finding has the keys of the rule and no others. Without ``analysis`` each
    scope is read in its worst case where it has one, so a wildcard never loses a level that was
    scored only. A wildcard over methods leaves out the reference maps: they are chance, not the
    detector.
    """
    where = scope_of(rule, findings)
    references = {method.name for method in findings.methods if method.reference}
    fitting = [
        finding
        for finding in findings.findings
        if finding.metric == rule.metric
        and _fits(finding.scope, where)
        and not (where.get("method") in EVERY and finding.scope["method"] in references)
    ]
    if "analysis" in where:
        return tuple(fitting)
    worst = {_without_analysis(one) for one in fitting if _is_worst(one)}
    return tuple(one for one in fitting if _is_worst(one) or _without_analysis(one) not in worst)


def scope_of(rule: Rule, findings: Findings) -> dict[str, str]:
    """The rule's scope, with the first operating point that was fixed where it names none."""
    where = dict(rule.where)
    scopes = [finding.scope for finding in findings.findings if finding.metric == rule.metric]
    if "operating_point" not in where and any("operating_point" in scope for scope in scopes):
        fixed = [point for point in findings.detector.operating_points if point.origin == "fixed"]
        if fixed:
            where["operating_point"] = fixed[0].name
    return where


def why_nothing_matches(rule: Rule, findings: Findings) -> str:
    """A sentence for a rule without a finding, with what was probably meant."""
    known = sorted({finding.metric for finding in findings.findings})
    if rule.needs_baseline and rule.metric not in known:
        return FIRST_RUN_OF_RULE
    if "method" in rule.where and findings.detector.format == "predictions":
        return Message(
            "not applicable: predictions were audited, and explanations need the network"
        )
    if rule.metric not in known and any(metric.name == rule.metric for metric in findings.metrics):
        return Message("this audit did not measure {metric}", metric=repr(rule.metric))
    if rule.metric not in known:
        return _with_hint(
            Message("the audit has no metric {metric}", metric=repr(rule.metric)),
            rule.metric,
            known,
        )
    where = scope_of(rule, findings)
    scope = ", ".join(f"{key} = {value}" for key, value in sorted(where.items()))
    there = {"metric": rule.metric, "scope": scope or _WHOLE}
    missing = _missing_level(where, findings)
    if missing:
        return Message("the audit has no {metric} for {scope}; {why}", **there, why=missing)
    return Message(
        "the audit has no {metric} for {scope}; it has it by {keys}",
        **there,
        keys=_keys(rule.metric, findings),
    )


_WHOLE = Message("the whole study")


def _with_hint(said: Message, asked: str, known: Sequence[str]) -> Message:
    near = difflib.get_close_matches(asked, known, n=1)
    return Message("{said}; did you mean {near}?", said=said, near=repr(near[0])) if near else said


def _missing_level(where: Mapping[str, str], findings: Findings) -> Message | None:
    """Which levels a column has, where it does not have the one that is asked for."""
    levels = sorted(findings.study.levels.get(where.get("group", ""), ()))
    level = where.get("level")
    if not levels or level is None or level in (*EVERY, *levels):
        return None
    said = Message("the study has no {group} {level}", group=where["group"], level=repr(level))
    return Message("{said}; it has: {levels}", said=_with_hint(said, level, levels), levels=levels)


def _keys(metric: str, findings: Findings) -> str:
    """The combinations of scope keys under which a metric is found."""
    combinations = {
        tuple(sorted(set(finding.scope) - {"analysis"}))
        for finding in findings.findings
        if finding.metric == metric
    }
    return " or ".join(", ".join(keys) or "the whole study" for keys in sorted(combinations))


def _fits(scope: Mapping[str, str], where: Mapping[str, str]) -> bool:
    """Every key of the one stands in the other (``analysis`` need not), with a value that fits."""
    return scope.keys() - {"analysis"} == where.keys() - {"analysis"} and all(
        value in EVERY or value == scope.get(key) for key, value in where.items()
    )


def _is_worst(finding: Finding) -> bool:
    return finding.scope.get("analysis") == "worst_case"


def _without_analysis(finding: Finding) -> frozenset[tuple[str, str]]:
    return frozenset(item for item in finding.scope.items() if item[0] != "analysis")
