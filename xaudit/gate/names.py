"""Names in a policy that no audit could have."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from xaudit.core.finding import Findings
from xaudit.core.policy import Policy, Rule
from xaudit.errors import ConfigError
from xaudit.gate.derived import DERIVED
from xaudit.gate.match import EVERY, WILDCARD
from xaudit.gate.near import nearest
from xaudit.gate.policy_file import EXPLANATION


def refuse_unknown_names(policy: Policy, findings: Findings, metrics: Collection[str]) -> None:
    """Refuse metrics that do not exist and groups that the study does not have.

    A metric that exists and was not computed is no mistake of the policy: its rule is
    inconclusive.

    Args:
        policy: the rules.
        findings: of a finished audit.
        metrics: names of all metrics that there are; those of the findings are known besides.

    Raises:
        ConfigError: one line for each mistake, with the line in the policy and the nearest name.
    """
    known = {*metrics, *(one.metric for one in findings.findings)}
    known |= {f"{name}_gap" for name in metrics} | {*DERIVED, EXPLANATION}
    groups = set(findings.study.levels) | {
        one.scope["group"] for one in findings.findings if "group" in one.scope
    }
    problems = [
        f"{policy.source or 'policy'}:{rule.line or 1}: rule {rule.id!r}: {problem}"
        for rule in policy.rules
        for problem in _problems(rule, known, groups)
    ]
    if problems:
        raise ConfigError(problems)


def _problems(rule: Rule, metrics: set[str], groups: set[str]) -> Iterator[str]:
    if rule.metric not in metrics:
        yield (
            f"there is no metric {rule.metric!r}{nearest(rule.metric, sorted(metrics))}; "
            "`xaudit metrics` lists them"
        )
    group = rule.where.get("group", WILDCARD)
    if group not in EVERY and group not in groups:
        there = ", ".join(sorted(groups)) or "none"
        yield (f"the study has no group {group!r}{nearest(group, sorted(groups))}; it has: {there}")
