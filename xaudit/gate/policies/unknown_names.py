"""Names in a policy that no audit could have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from xaudit.core.record.finding import Findings
from xaudit.core.record.policy import Policy, Rule
from xaudit.errors import ConfigError
from xaudit.gate.policies.derived import DERIVED
from xaudit.gate.policies.match import EVERY, WILDCARD
from xaudit.gate.policies.nearest_name import nearest
from xaudit.gate.policies.policy_file import EXPLANATION
from xaudit.gate.policies.possible_rules import impossible


def refuse_unknown_names(
    policy: Policy, findings: Findings, metrics: Callable[[], Collection[str]]
) -> None:
    """Refuse metrics and groups that do not exist, and scopes and bounds that cannot be.

    A metric that exists and was not computed is no mistake of the policy: its rule is
    inconclusive.

    Args:
        policy: the rules.
        findings: of a finished audit.
        metrics: names of all metrics that there are; asked where a policy names one that the
            findings do not hold.

    Raises:
        ConfigError: one line for each mistake, with the line in the policy and the nearest name.
    """
    held = {finding.metric for finding in findings.findings}
    # Those that compute them all are slow to start, and most policies name what was found.
    unknown = unknown_metrics(policy, held) and unknown_metrics(policy, {*held, *metrics()})
    groups = set(findings.study.levels) | {
        finding.scope["group"] for finding in findings.findings if "group" in finding.scope
    }
    problems = [
        *unknown,
        *(_said(policy, rule, group) for rule in policy.rules for group in _groups(rule, groups)),
        *(_said(policy, rule, one) for rule in policy.rules for one in impossible(rule, findings)),
    ]
    if problems:
        raise ConfigError(problems)


def unknown_metrics(policy: Policy, metrics: Collection[str]) -> list[str]:
    """One line for each rule whose metric no audit could have.

    Args:
        policy: the rules.
        metrics: names of all metrics that there are.
    """
    known = {*metrics, *(f"{name}_gap" for name in metrics), *DERIVED, EXPLANATION}
    return [
        _said(
            policy,
            rule,
            f"there is no metric {rule.metric!r}{nearest(rule.metric, sorted(known))}; "
            "`xaudit metrics` lists them",
        )
        for rule in policy.rules
        if rule.metric not in known
    ]


def _said(policy: Policy, rule: Rule, problem: str) -> str:
    return f"{policy.source or 'policy'}:{rule.line or 1}: rule {rule.id!r}: {problem}"


def _groups(rule: Rule, groups: set[str]) -> Iterator[str]:
    group = rule.where.get("group", WILDCARD)
    if group not in EVERY and group not in groups:
        there = ", ".join(sorted(groups)) or "none"
        yield f"the study has no group {group!r}{nearest(group, sorted(groups))}; it has: {there}"
