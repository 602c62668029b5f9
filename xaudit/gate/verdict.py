"""From findings and a policy to a verdict; verdicts read interval limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

from xaudit.core.estimate import Estimate
from xaudit.core.finding import Finding, Findings
from xaudit.core.policy import Outcome, Policy, Rule, Verdict, VerdictWord
from xaudit.errors import ExitCode
from xaudit.gate.match import matching, scope_of, why_nothing_matches
from xaudit.gate.needed import more_needed
from xaudit.gate.policy import policy_hash, refuse_impossible
from xaudit.gate.waivers import with_waivers


def judge(
    policy: Policy, findings: Findings, planned_sha256: str | None, today: date | None = None
) -> Verdict:
    """Judge every rule of a policy.

    The policy's hash is computed anew from its rules, so rules that were edited in a saved plan
    are told from those that were fixed.

    Args:
        policy: the rules.
        findings: of a finished audit.
        planned_sha256: hash of the policy that the plan fixed; None if it fixed none.
        today: the day on which waivers must hold; by default this one, in UTC.

    Raises:
        ConfigError: a rule has no bound, two, or one that is not finite.
    """
    refuse_impossible(policy.rules)
    day = today or datetime.now(UTC).date()
    outcomes = tuple(
        with_waivers(outcome, policy.waivers, day)
        for rule in policy.rules
        for outcome in _outcomes(rule, findings)
    )
    actual = policy_hash(policy.name, policy.rules, policy.waivers)
    recorded = findings.audit.policy_sha256 or planned_sha256
    return Verdict(
        policy=policy.name,
        policy_sha256=actual,
        overall=_overall(outcomes),
        outcomes=outcomes,
        changed_after_run={planned_sha256, recorded} != {actual},
        waivers=policy.waivers,
        source=policy.source,
    )


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


def _overall(outcomes: Sequence[Outcome]) -> VerdictWord:
    words = {outcome.verdict for outcome in outcomes}
    if "fail" in words:
        return "fail"
    if "inconclusive" in words or not words:
        return "inconclusive"
    return "waived" if "waived" in words else "pass"


def _outcomes(rule: Rule, findings: Findings) -> Iterator[Outcome]:
    matched = matching(rule, findings)
    if not matched:
        scope = scope_of(rule, findings)
        yield Outcome(rule, scope, "inconclusive", why_nothing_matches(rule, findings))
    for finding in matched:
        word, why = _judge_one(rule, finding, findings)
        yield Outcome(rule, finding.scope, word, why, finding.estimate)


def _judge_one(rule: Rule, finding: Finding, findings: Findings) -> tuple[VerdictWord, str]:
    estimate = finding.estimate
    reason = _not_fixed(finding.scope, findings) or _cannot_fail(rule, findings)
    if reason is not None:
        return "inconclusive", reason
    if estimate.value is None:
        return "inconclusive", f"there is no value: {estimate.undefined}"
    if estimate.caution is not None:
        return "inconclusive", f"not to be judged: {estimate.caution}"
    word, why = _compare(rule, estimate)
    return word, why + more_needed(rule, estimate) if word == "inconclusive" else why


def _not_fixed(scope: Mapping[str, str], findings: Findings) -> str | None:
    """Why the figures of this operating point prove nothing, or None if they may be judged."""
    name = scope.get("operating_point")
    if name is None:
        return None
    origins = {point.origin for point in findings.detector.operating_points if point.name == name}
    if "chosen_on_study" in origins:
        return f"operating point {name!r} was chosen on this study, so its figures prove nothing"
    if not origins:
        return f"operating point {name!r} is not declared: when it was chosen is not known"
    return None


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


def _compare(rule: Rule, estimate: Estimate) -> tuple[VerdictWord, str]:
    assert estimate.low is not None
    assert estimate.high is not None
    if rule.floor is not None:
        bound, good, bad, name = rule.floor, estimate.low, estimate.high, "floor"
        reached, missed = good >= bound, bad < bound
        sides = ("lower", "upper", "under", "not under")
    else:
        assert rule.ceiling is not None
        bound, good, bad, name = rule.ceiling, estimate.high, estimate.low, "ceiling"
        reached, missed = good <= bound, bad > bound
        sides = ("upper", "lower", "over", "not over")
    if reached:
        return "pass", f"{sides[0]} limit {_told(good, bound)} is {sides[3]} the {name} {bound:g}"
    if missed:
        return "fail", (
            f"even the {sides[1]} limit {_told(bad, bound)} is {sides[2]} the {name} {bound:g}"
        )
    low, high = _told(estimate.low, bound), _told(estimate.high, bound)
    return "inconclusive", (
        f"the interval {low} to {high} holds the {name} {bound:g}: "
        "these cases do not decide, more are needed"
    )


def _told(limit: float, bound: float) -> str:
    """The limit with three digits, or with all where three would put it on the bound."""
    text = f"{limit:.3f}"
    return repr(float(limit)) if float(text) == bound != limit else text
