"""Section on the policy: every rule beside what was measured."""

from __future__ import annotations

from xaudit.core.record.policy import Outcome, Verdict, Waiver
from xaudit.report.language.translation import told, tr
from xaudit.report.sections.registry import section
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import MARKS, Section, Table


@section("verdict", 20)
def verdict_section(look: Lookup) -> Section:
    """Every rule, its verdict and what was measured; every waiver."""
    verdict = look.verdict
    lead = tr("No policy was judged, so this card gives no verdict.")
    tables: tuple[Table, ...] = ()
    if verdict:
        lead = tr(
            "The policy “{policy}” says: {overall}. {counts}.",
            policy=verdict.policy,
            overall=tr(verdict.overall),
            counts=counts(verdict),
        )
        tables = (
            Table(
                tr("Rules, each read against the limit of the interval"),
                (tr("Rule"), tr("Verdict"), tr("Measured"), tr("Limit"), tr("Why")),
                tuple(_outcome(outcome, look) for outcome in verdict.outcomes),
                tr("“Why” writes shares as the policy does, from 0 to 1.")
                + " "
                + tr(
                    "Policy SHA-256 {policy_sha256}.{compared}",
                    policy_sha256=verdict.policy_sha256,
                    compared=_compared(verdict) + _stopped(verdict),
                ),
                marks=tuple(MARKS[outcome.verdict] for outcome in verdict.outcomes),
                links=tuple(
                    look.link(outcome.rule.metric, outcome.scope) for outcome in verdict.outcomes
                ),
            ),
        )
    waived = tuple(_waiver(waiver) for waiver in verdict.waivers) if verdict else ()
    title = tr("What does the policy say?")
    return Section("verdict", "", title, lead, waived, tables=tables)


def counts(verdict: Verdict | None) -> str:
    """How many rules passed, failed, and so on; empty where none was judged."""
    if verdict is None:
        return ""
    words = {"pass": tr("passed"), "fail": tr("failed"), "inconclusive": tr("inconclusive"),
             "waived": tr("waived")}  # fmt: skip
    return ", ".join(
        f"{MARKS[w].sign}\u00a0{sum(o.verdict == w for o in verdict.outcomes)}\u00a0{text}"
        for w, text in words.items()
    )


def _waiver(waiver: Waiver) -> str:
    """Every waiver is printed, whether or not it was needed."""
    scope = ", ".join(f"{key} {named(value)}" for key, value in sorted(waiver.where.items()))
    return tr(
        "Waiver: rule {rule} ({scope}), {owner} until {day}: {reason}",
        rule=waiver.rule,
        scope=scope or tr("every outcome"),
        owner=waiver.owner,
        day=waiver.expires,
        reason=waiver.reason,
    )


def _compared(verdict: Verdict) -> str:
    """Which audit the rules compare with, where they do."""
    there = verdict.baseline
    if there is not None:
        note = f" ({'; '.join(map(told, there.note.split('; ')))})" if there.note else ""
        return tr(
            " Baseline: {detector}, audit “{audit}”, plan SHA-256 {plan_sha256}{note}.",
            detector=there.detector,
            audit=there.audit,
            plan_sha256=there.plan_sha256,
            note=note,
        )
    needed = any(outcome.rule.needs_baseline for outcome in verdict.outcomes)
    return tr(" No baseline was compared: this is a first run.") if needed else ""


def _stopped(verdict: Verdict) -> str:
    """How many interim analyses of the audit there were, where there were any."""
    return tr(" The audit {ended}.", ended=told(verdict.interim.text)) if verdict.interim else ""


def _outcome(outcome: Outcome, look: Lookup) -> tuple[str, ...]:
    unit = look.unit(outcome.rule.metric)
    bounds = [(tr("at least"), outcome.rule.floor), (tr("at most"), outcome.rule.ceiling)]
    limits = ", ".join(f"{w} {numbers.bound(v, unit)}" for w, v in bounds if v is not None)
    limits = limits or told(outcome.rule.demand)
    scope = ", ".join(f"{key} {named(value)}" for key, value in sorted(outcome.scope.items()))
    signed = outcome.rule.compares or outcome.rule.metric.endswith(("_gap", "_drift"))
    shown = numbers.estimate(outcome.estimate, unit, signed)
    measured = f"{shown}, {numbers.counts(outcome.estimate)}" if outcome.estimate else numbers.NONE
    return (
        f"{outcome.rule.id}: {scope}" if scope else outcome.rule.id,
        tr(outcome.verdict),
        measured,
        limits,
        told(outcome.why),
    )
