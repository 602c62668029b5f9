"""Wording of scopes, intervals and bounds in outputs."""

from __future__ import annotations

from collections.abc import Mapping

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.record.policy import Verdict
from xaudit.core.record.suspicion import Suspicion

CHANGED = "changed after the run: this policy is not the one that was fixed before the run"


UNTIL = "no verdict is better than inconclusive until the audit file acknowledges it"
UNVERIFIED = "not verified: judged from a file that is not the one that the run wrote"
FIRST_RUN = Message("no baseline was compared: this is recorded as a first run")
FIRST_RUN_OF_RULE = Message(
    "no baseline was compared: this is recorded as a first run; name the audit to compare with by "
    "--baseline"
)


def suspicion_text(suspicion: Suspicion) -> str:
    """What is suspected, and whether somebody answers for it."""
    if suspicion.acknowledged:
        return f"acknowledged: {suspicion.name}: {suspicion.text}"
    return (
        f"suspicion {suspicion.name}: {suspicion.text} ({UNTIL}: acknowledge: [{suspicion.name}])"
    )


def warning_lines(verdict: Verdict) -> list[str]:
    """What puts the verdict as a whole in question: another policy, other files."""
    files = [f"{UNVERIFIED}: {one}" for one in verdict.unverified]
    return [*([CHANGED] if verdict.changed_after_run else []), *files]


def baseline_lines(verdict: Verdict) -> list[str]:
    """How often the audit was analyzed, which one it was compared with, how passes are corrected.

    Nothing of what was not done.
    """
    interim = verdict.interim.text if verdict.interim else ""
    return [one for one in (interim, _baseline(verdict), _multiplicity(verdict)) if one]


def _baseline(verdict: Verdict) -> str:
    there = verdict.baseline
    if there is None:
        needed = any(outcome.rule.needs_baseline for outcome in verdict.outcomes)
        return FIRST_RUN if needed else ""
    cases = f", {there.cases} cases of both" if there.cases is not None else ""
    note = f"; {there.note}" if there.note else ""
    plan = there.plan_sha256[:12]
    return f"baseline: {there.detector}, audit {there.audit}, plan {plan}{cases}{note}"


def _multiplicity(verdict: Verdict) -> str:
    holm = verdict.multiplicity == "holm"
    return "multiplicity: passes are corrected by Holm over the policy" if holm else ""


def scope_text(scope: Mapping[str, str]) -> str:
    """The values of a scope; a level stands behind its group."""
    shown = {key: value for key, value in scope.items() if key != "level"}
    if "group" in scope:
        shown["group"] = f"{scope['group']} {scope.get('level', '')}".strip()
    return ", ".join(value.replace("_", " ") for _, value in sorted(shown.items()))


def interval_text(estimate: Estimate | None) -> str:
    """Value and limits, or a dash where there is none."""
    if estimate is None or estimate.value is None:
        return "–"
    assert estimate.low is not None
    join = " to " if estimate.low < 0 else "–"
    return f"{estimate.value:.3f} ({estimate.low:.3f}{join}{estimate.high:.3f})"


def counts_text(verdict: Verdict) -> str:
    """How many outcomes have which verdict."""
    counts = ", ".join(
        f"{verdict.count(word)} {word}"
        for word in ("pass", "fail", "inconclusive", "waived")
        if verdict.count(word)
    )
    return counts or "no rule was evaluated"
