"""Scrubbed copy of an audit; the audit itself is only read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from xaudit.audit.plan.plan import with_identity
from xaudit.audit.store.disk import new_folder
from xaudit.audit.store.files import (
    read_findings,
    read_verdict,
    read_whole,
    sha256_of,
    to_json,
    write_text,
)
from xaudit.audit.store.hashes import HASHES, refuse_changed
from xaudit.audit.store.record import PlanRecord, read_record
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, Store
from xaudit.core.record.finding import Findings
from xaudit.core.record.policy import Outcome, Policy, Verdict
from xaudit.core.record.scrubbed import REMOVED, K, Scrubbed
from xaudit.data.file_hash import file_sha256
from xaudit.errors import ConfigError
from xaudit.gate.judging.verdict import judge, overall_of
from xaudit.pipeline.card import write_cards
from xaudit.pipeline.finish import finish
from xaudit.provenance.record_use import USES
from xaudit.scrub.findings import Scrubber
from xaudit.scrub.groups import is_withheld, shown_groups
from xaudit.scrub.personal import Personal, personal
from xaudit.scrub.texts import TextCleaner
from xaudit.verify.verify_card import policy_behind


@dataclass(frozen=True, slots=True)
class Copy:
    """A scrubbed audit, before it is written.

    Attributes:
        listed: what of the audit is personal.
        record: the plan, without cases and configuration.
        findings: of the copy.
        verdict: of the copy; None where the audit has none.
        uses: ``ledger.json``, which names nobody; None where there is none.
        too_small: the whole study has fewer than k patients of a kind.
    """

    listed: tuple[Personal, ...]
    record: PlanRecord
    findings: Findings
    verdict: Verdict | None
    uses: str | None
    too_small: bool


def scrubbed(folder: Path, k: int = K, *, keep_written: bool = False) -> Copy:
    """What a copy without what is personal holds.

    Args:
        folder: of a finished audit; it is only read.
        k: patients with a fracture, and without, that a group has to have to be shown.
        keep_written: keep the texts that persons wrote.

    Raises:
        ConfigError: the audit is not finished, was changed, or is such a copy itself.
        AuditError: a shard is missing or damaged.
    """
    refuse_changed(folder, ("*",))
    whole, old = read_whole(folder), read_record(folder)
    results = Results.load(Store(folder), old)
    rows, stated = results.cases, _stated(folder)
    shown = shown_groups(rows, k, int(whole.audit.created[:4]))
    ids = (
        *(row.case_id for row in rows),
        *(issue.case_id for issue in whole.accountability.issues),
    )
    scrubber = Scrubber(shown, TextCleaner.of(ids, shown, keep_written=keep_written), k)
    record, findings = _record(old, scrubber), scrubber.findings(whole)
    audit = replace(
        whole.audit,
        plan_sha256=record.identity,
        policy_sha256=record.policy.sha256 if record.policy else None,
    )
    # Now that the scrubber has been through everything it knows what was written by persons.
    listed = personal(folder, whole, results, scrubber)
    copied = Scrubbed(
        original=file_sha256(folder / HASHES) or "",
        plan_sha256=whole.audit.plan_sha256,
        findings_sha256=sha256_of(read_findings(folder, as_written=True)),
        verdict=stated.overall if stated else None,
        k=k,
        removed={one.kind: one.count for one in listed},
        written_kept=keep_written,
    )
    findings = replace(findings, audit=audit, scrubbed=copied)
    verdict = _judged(stated, old, record, findings, scrubber) if stated else None
    return Copy(listed, record, findings, verdict, _uses(folder), _too_small(rows, k))


def _uses(folder: Path) -> str | None:
    path = folder / USES
    return path.read_text("utf-8") if path.exists() else None


def _too_small(rows: Sequence[CaseRow], k: int) -> bool:
    kinds = ({row.patient for row in rows if row.label is one} for one in (True, False))
    return any(0 < len(kind) < k for kind in kinds)


def write_copy(copy: Copy, audit: Path, out: Path) -> Path:
    """Write a scrubbed audit with its card; all of it is there afterwards, or nothing.

    Args:
        copy: of `scrubbed`.
        audit: folder of the audit that it was made of.
        out: a new folder, outside of that.

    Returns:
        The folder.

    Raises:
        ConfigError: the folder is there, or would lie in the audit.
        AuditError: the disk is full or cannot be written.
    """
    if out.resolve().is_relative_to(audit.resolve()):
        raise ConfigError(
            f"{out}: lies in the audit, which stays as it is; name a folder elsewhere"
        )
    if out.exists() or out.is_symlink():
        raise ConfigError(f"{out}: is there already; name a new folder for the copy")
    with new_folder(out) as draft:
        write_text(draft / "plan.json", to_json(copy.record))
        finish(draft, copy.findings)
        if copy.verdict is not None:
            write_text(draft / "verdict.json", to_json(copy.verdict))
        if copy.uses is not None:
            write_text(draft / USES, copy.uses)
        write_cards(draft)
    return out


def _stated(folder: Path) -> Verdict | None:
    path = folder / "verdict.json"
    return read_verdict(folder) if path.exists() else None


def _record(record: PlanRecord, scrubber: Scrubber) -> PlanRecord:
    """The plan without cases, and without the configuration, which names files and columns."""
    texts = scrubber.texts
    return with_identity(
        replace(
            record,
            config={},
            sample=(),
            background=(),
            shards=(),
            policy=scrubber.policy(record.policy) if record.policy else None,
            declared={name: texts.written(text) for name, text in record.declared.items()},
            statements=scrubber.statements(record.statements),
            notes=tuple(map(texts.made, record.notes)),
            interim=None,
            key="",
        )
    )


def _judged(
    stated: Verdict, old: PlanRecord, new: PlanRecord, findings: Findings, scrubber: Scrubber
) -> Verdict:
    """The findings of the copy, judged by the rules of the verdict as it is saved.

    Rules that compare with a baseline, which is not at hand, keep what was found, without what is
    about groups that are left out.
    """
    planned = old.policy is not None and old.policy.sha256 == stated.policy_sha256
    policy = new.policy if planned and new.policy else scrubber.policy(policy_behind(stated))
    if stated.baseline is None:
        return replace(
            _on_its_day(policy, findings, stated), unverified=_made(stated.unverified, scrubber)
        )
    alone = replace(policy, rules=tuple(one for one in policy.rules if not one.needs_baseline))
    judged = _on_its_day(alone, findings, stated).outcomes
    order = {rule.id: number for number, rule in enumerate(policy.rules)}
    outcomes = tuple(
        sorted((*judged, *_compared(stated, policy, scrubber)), key=lambda one: order[one.rule.id])
    )
    return replace(
        stated,
        policy_sha256=policy.sha256,
        overall=overall_of(outcomes, findings.suspicions),
        outcomes=outcomes,
        changed_after_run=findings.audit.policy_sha256 != policy.sha256,
        waivers=policy.waivers,
        suspicions=findings.suspicions,
        unverified=_made(stated.unverified, scrubber),
    )


def _made(lines: tuple[str, ...], scrubber: Scrubber) -> tuple[str, ...]:
    return tuple(map(scrubber.texts.made, lines))


def _on_its_day(policy: Policy, findings: Findings, stated: Verdict) -> Verdict:
    """Waivers hold until a day: the verdict of the day that is most like the saved one."""
    planned = date.fromisoformat(findings.audit.created[:10])
    days = [datetime.now(UTC).date(), planned, *(waiver.expires for waiver in policy.waivers)]
    waived = stated.count("waived")
    verdicts = [judge(policy, findings, findings.audit.policy_sha256, day) for day in days]
    return min(verdicts, key=lambda verdict: abs(verdict.count("waived") - waived))


def _compared(stated: Verdict, policy: Policy, scrubber: Scrubber) -> Iterator[Outcome]:
    rules = {rule.id: rule for rule in policy.rules}
    for outcome in stated.outcomes:
        if not outcome.rule.needs_baseline:
            continue
        scope = scrubber.scope(outcome.scope)
        hidden = is_withheld(scope.get("level", ""))
        yield replace(
            outcome,
            rule=rules[outcome.rule.id],
            scope=scope,
            estimate=None if hidden else outcome.estimate,
            verdict="inconclusive" if hidden else outcome.verdict,
            why=REMOVED if hidden else scrubber.texts.made(outcome.why),
        )
