"""Accusations: of what the verdict of an audit accuses its detector."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.core.record.finding import Finding, Findings
from xaudit.core.record.policy import Policy, Verdict
from xaudit.core.record.qualification import ACCUSATIONS, Accusation, Charge
from xaudit.errors import ConfigError

_BY_NAME: dict[str, Accusation] = {str(accusation): accusation for accusation in ACCUSATIONS}


def accusation_of(rule: str) -> Accusation:
    """What a rule accuses of: its id up to the slash.

    Raises:
        ConfigError: the id begins with no accusation.
    """
    name, slash, _ = rule.partition("/")
    if not slash or name not in _BY_NAME:
        raise ConfigError(
            f"rule {rule!r} of the qualification's policy: expected an id such as "
            f"'{ACCUSATIONS[0]}/{rule.replace('/', '-')}'; it begins with one of: "
            f"{', '.join(ACCUSATIONS)}"
        )
    return _BY_NAME[name]


def check_policy(policy: Policy) -> Policy:
    """The policy, if every rule accuses of something that a report knows.

    Raises:
        ConfigError: a rule's id begins with no accusation.
    """
    for rule in policy.rules:
        accusation_of(rule.id)
    return policy


def charges(findings: Findings, verdict: Verdict) -> tuple[Charge, ...]:
    """What the audit accuses its detector of: failed rules, disbelieved maps, suspicions.

    An inconclusive rule does not accuse: these cases do not decide.

    Args:
        findings: of the audit.
        verdict: of the qualification's policy on them.

    Raises:
        ConfigError: a rule's id begins with no accusation.
    """
    return (*_of_rules(verdict), *_of_explanations(findings), *_of_declarations(findings))


def _of_rules(verdict: Verdict) -> Iterator[Charge]:
    for outcome in verdict.outcomes:
        if outcome.verdict == "fail" and outcome.estimate is not None:
            finding = Finding(outcome.rule.metric, outcome.scope, outcome.estimate)
            yield Charge(accusation_of(outcome.rule.id), outcome.rule.id, finding.id, outcome.why)


def _of_explanations(findings: Findings) -> Iterator[Charge]:
    for explanation in findings.explanations:
        if explanation.verdict == "not_shown":
            finding = f"explanation verdict[method={explanation.method}]"
            yield Charge("explanation", explanation.method, finding, explanation.reasons[0])


def _of_declarations(findings: Findings) -> Iterator[Charge]:
    for suspicion in findings.suspicions:
        yield Charge(
            "declaration", suspicion.name, f"suspicion[name={suspicion.name}]", suspicion.text
        )
