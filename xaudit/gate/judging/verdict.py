"""Verdict from findings and a policy; it reads the limits of intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import groupby

from xaudit.core.message import Message
from xaudit.core.record.finding import Findings
from xaudit.core.record.policy import Outcome, Policy, Verdict, VerdictWord
from xaudit.core.record.suspicion import Suspicion, unanswered
from xaudit.errors import ExitCode
from xaudit.gate.judging.baseline import Baseline
from xaudit.gate.judging.credibility import believed
from xaudit.gate.judging.multiplicity import with_holm
from xaudit.gate.judging.outcomes import outcomes_of
from xaudit.gate.judging.waivers import with_waivers
from xaudit.gate.policies.derived import derived_findings
from xaudit.gate.policies.match import WORST
from xaudit.gate.policies.policy import policy_hash, refuse_impossible

SEVERITY: tuple[VerdictWord, ...] = ("fail", "inconclusive", "waived", "pass")
"""The worst first: what a verdict adds up to is the first of them that an outcome has."""


def judge(
    policy: Policy,
    findings: Findings,
    planned_sha256: str | None,
    today: date | None = None,
    baseline: Baseline | None = None,
) -> Verdict:
    """Judge every rule of a policy.

    The policy's hash is recomputed from its rules, so rules that were edited in a saved plan
    are told from those that were fixed.

    Args:
        policy: the rules.
        findings: of a finished audit.
        planned_sha256: hash of the policy that the plan fixed; None if it fixed none.
        today: the day on which waivers must hold; by default this one, in UTC.
        baseline: the audit to compare with; None for a first run.

    Raises:
        ConfigError: a rule has no bound, two, or one that is not finite; or it compares with a
            baseline of other cases.
    """
    refuse_impossible(policy.rules)
    day = today or datetime.now(UTC).date()
    outcomes = _judged(policy, findings, baseline)
    outcomes = _worst([with_waivers(outcome, policy.waivers, day) for outcome in outcomes])
    actual = policy_hash(policy)
    recorded = findings.audit.policy_sha256 or planned_sha256
    return Verdict(
        policy=policy.name,
        policy_sha256=actual,
        overall=overall_of(outcomes, findings.suspicions),
        outcomes=outcomes,
        changed_after_run={planned_sha256, recorded} != {actual},
        waivers=policy.waivers,
        source=policy.source,
        baseline=baseline.facts if baseline else None,
        multiplicity=policy.multiplicity,
        believe=policy.believe,
        interim=findings.interim,
        suspicions=findings.suspicions,
    )


def _judged(policy: Policy, findings: Findings, baseline: Baseline | None) -> tuple[Outcome, ...]:
    drift = baseline.drift if baseline else ()
    everything = replace(
        findings,
        findings=(*findings.findings, *derived_findings(findings), *drift),
        explanations=believed(findings, policy.believe),
    )
    outcomes = tuple(
        outcome for rule in policy.rules for outcome in outcomes_of(rule, everything, baseline)
    )
    return with_holm(outcomes, findings.interim) if policy.multiplicity == "holm" else outcomes


def exit_code(verdict: Verdict, strict: bool = False) -> ExitCode:
    """What the command line returns for a verdict.

    Args:
        verdict: of a policy.
        strict: a policy that was changed after the run fails.
    """
    if not verdict.outcomes:
        return ExitCode.NOTHING_EVALUATED
    if strict and verdict.changed_after_run:
        return ExitCode.FAIL
    codes = {"fail": ExitCode.FAIL, "inconclusive": ExitCode.INCONCLUSIVE}
    return codes.get(verdict.overall, ExitCode.PASS)


def overall_of(outcomes: Sequence[Outcome], suspicions: Sequence[Suspicion]) -> VerdictWord:
    """What outcomes add up to, under declarations that are suspected or not."""
    words = {outcome.verdict for outcome in outcomes}
    if "fail" in words:
        return "fail"
    # Figures under a declaration that may be wrong decide nothing in favor of a detector.
    if "inconclusive" in words or not words or unanswered(suspicions):
        return "inconclusive"
    return "waived" if "waived" in words else "pass"


def _worst(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes, with one in place of all those of a rule about the worst of its levels.

    The worst is found after waivers: one level that is waived does not cover the others.
    """
    kept: list[Outcome] = []
    for _, group in groupby(outcomes, key=lambda outcome: outcome.rule.id):
        some = list(group)
        if WORST not in some[0].rule.where.values() or len(some) == 1:
            kept.extend(some)
            continue
        worst = min(some, key=lambda one: (SEVERITY.index(one.verdict), _distance(one)))
        kept.append(
            replace(worst, why=Message("the worst of {n}: {why}", n=len(some), why=worst.why))
        )
    return tuple(kept)


def _distance(outcome: Outcome) -> float:
    """How far the worse limit lies from the bound, for outcomes of the same verdict."""
    if outcome.estimate is None or outcome.estimate.low is None or outcome.estimate.high is None:
        return -math.inf
    low, high = outcome.estimate.low, outcome.estimate.high
    if outcome.rule.equivalent is not None:
        return -max(-low, high)
    return low if outcome.rule.ceiling is None else -high
