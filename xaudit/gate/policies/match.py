"""Which findings a rule means."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from xaudit.core.record.finding import Finding, Findings
from xaudit.core.record.policy import Rule
from xaudit.gate.policies.words import FIRST_RUN

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
        one
        for one in findings.findings
        if one.metric == rule.metric
        and _fits(one.scope, where)
        and not (where.get("method") in EVERY and one.scope["method"] in references)
    ]
    if "analysis" in where:
        return tuple(fitting)
    worst = {_without_analysis(one) for one in fitting if _is_worst(one)}
    return tuple(one for one in fitting if _is_worst(one) or _without_analysis(one) not in worst)


def scope_of(rule: Rule, findings: Findings) -> dict[str, str]:
    """The rule's scope, with the first operating point that was fixed where it names none."""
    where = dict(rule.where)
    scopes = [one.scope for one in findings.findings if one.metric == rule.metric]
    if "operating_point" not in where and any("operating_point" in scope for scope in scopes):
        fixed = [one for one in findings.detector.operating_points if one.origin == "fixed"]
        if fixed:
            where["operating_point"] = fixed[0].name
    return where


def why_nothing_matches(rule: Rule, findings: Findings) -> str:
    """A sentence for a rule without a finding, with what was probably meant."""
    known = sorted({one.metric for one in findings.findings})
    if rule.needs_baseline and rule.metric not in known:
        return f"{FIRST_RUN}; name the audit to compare with by --baseline"
    if "method" in rule.where and findings.detector.format == "predictions":
        return "not applicable: predictions were audited, and explanations need the network"
    if rule.metric not in known and any(one.name == rule.metric for one in findings.metrics):
        return f"this audit did not measure {rule.metric!r}"
    if rule.metric not in known:
        near = difflib.get_close_matches(rule.metric, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"the audit has no metric {rule.metric!r}{hint}"
    where = scope_of(rule, findings)
    scope = ", ".join(f"{key} = {value}" for key, value in sorted(where.items()))
    said = f"the audit has no {rule.metric} for {scope or 'the whole study'}"
    missing = _missing_level(where, findings)
    if missing:
        return f"{said}; {missing}"
    return f"{said}; it has it by {_keys(rule.metric, findings)}"


def _missing_level(where: Mapping[str, str], findings: Findings) -> str:
    """Which levels a column has, where it does not have the one that is asked for."""
    levels = sorted(findings.study.levels.get(where.get("group", ""), ()))
    level = where.get("level")
    if not levels or level is None or level in (*EVERY, *levels):
        return ""
    near = difflib.get_close_matches(level, levels, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"the study has no {where['group']} {level!r}{hint}; it has: {', '.join(levels)}"


def _keys(metric: str, findings: Findings) -> str:
    """The combinations of scope keys under which a metric is found."""
    combinations = {
        tuple(sorted(set(one.scope) - {"analysis"}))
        for one in findings.findings
        if one.metric == metric
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
