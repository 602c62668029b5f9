"""Uses of a test set in a ledger: an audit and its verdict, and what the ledger said of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from xaudit.audit.store.files import read_json, read_whole, to_json, write_text
from xaudit.audit.store.record import PlanRecord, read_record
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.core.message import Message
from xaudit.core.record.finding import Findings
from xaudit.core.record.policy import Verdict
from xaudit.errors import ConfigError
from xaudit.provenance.ledger import Use, append_use, read_ledger, uses_before
from xaudit.stats.weights import numbered

USES = "ledger.json"


@dataclass(frozen=True, slots=True)
class Uses:
    """``ledger.json`` of an audit: how often its study was used before.

    Attributes:
        ledger: name of the file.
        before: other audits of the study, recorded before this one.
        judged: verdicts on audits of the study, up to now.
        head: hash of the last line when this was written.
    """

    ledger: str
    before: int
    judged: int
    head: str

    @property
    def text(self) -> str:
        """One line for the card."""
        times = Message("once") if self.before == 1 else Message("{n} times", n=self.before)
        verdicts = (
            Message("one verdict") if self.judged == 1 else Message("{n} verdicts", n=self.judged)
        )
        used = (
            Message("used {times} before this audit", times=times)
            if self.before
            else Message("not used before this audit")
        )
        return Message(
            "This study was {used}; {verdicts} on it so far ({ledger}, verified, head {head})",
            used=used,
            verdicts=verdicts,
            ledger=self.ledger,
            head=self.head[:12],
        )


def record_run(ledger: Path, folder: Path) -> Uses:
    """Enter a finished audit, once: the same plan again is no other use.

    Args:
        ledger: the file.
        folder: of the audit.

    Raises:
        ConfigError: the ledger was tampered with, or the audit is not finished.
    """
    use = _use(folder, None)
    there = _checked(ledger, folder)
    if any(one.event == "run" and one.plan == use.plan for one in there):
        return _keep(ledger, folder, there, use)
    return _keep(ledger, folder, append_use(ledger, use), use)


def record_gate(ledger: Path, folder: Path, verdict: Verdict) -> Uses:
    """Enter a verdict, every time: each look at the result is one.

    Args:
        ledger: the file.
        folder: of the audit.
        verdict: that was reached.

    Raises:
        ConfigError: the ledger was tampered with.
    """
    use = _use(folder, verdict)
    _checked(ledger, folder)
    return _keep(ledger, folder, append_use(ledger, use), use)


def saved_uses(folder: Path) -> Uses | None:
    """What a ledger said of this audit, or None where none was named.

    Raises:
        ConfigError: ``ledger.json`` cannot be read.
    """
    path = folder / USES
    return read_json(path, Uses) if path.exists() else None


def _checked(ledger: Path, folder: Path) -> tuple[Use, ...]:
    """The lines; refused where the line that this audit saw last is gone."""
    there, saved = read_ledger(ledger), saved_uses(folder)
    if saved is not None and saved.head not in {one.sha256 for one in there}:
        raise ConfigError(
            f"{ledger}: the line {saved.head[:12]} that {folder / USES} saw is not in it: lines "
            "were taken away, or this is another ledger; restore it from where it is kept"
        )
    return there


def _keep(ledger: Path, folder: Path, there: tuple[Use, ...], use: Use) -> Uses:
    found = Uses(
        ledger=ledger.name,
        before=uses_before(there, use.study, use.plan),
        judged=sum(one.event == "gate" and one.study == use.study for one in there),
        head=there[-1].sha256,
    )
    write_text(folder / USES, to_json(found))
    return found


def _use(folder: Path, verdict: Verdict | None) -> Use:
    findings = read_whole(folder)
    record = read_record(folder)
    where = findings.accountability
    return Use(
        event="gate" if verdict else "run",
        study=_study(folder, record),
        plan=findings.audit.plan_sha256,
        detector=f"{findings.detector.name} {findings.detector.version}".strip(),
        policy=verdict.policy_sha256 if verdict else findings.audit.policy_sha256,
        result=verdict.overall
        if verdict
        else f"{where.scored} of {where.listed} cases scored{_looked(findings)}",
    )


def _looked(findings: Findings) -> str:
    """At which interim analysis an audit ended, where there were any."""
    interim = findings.interim
    return f", interim analysis {len(interim.made)} of {interim.planned}" if interim else ""


def _study(folder: Path, record: PlanRecord) -> str:
    """Hash of the study; of a table of predictions without the predictions.

    Two detectors' tables of the same cases differ in their scores, and are the same study.
    """
    if "study" in record.files:
        return record.files["study"]
    rows = sorted(Results.load(Store(folder), record).cases, key=lambda row: row.case_id)
    # Which cases are of one patient, under any key of their codes.
    patients = numbered([row.patient for row in rows])[1].tolist()
    facts = [(row.case_id, one, row.label) for row, one in zip(rows, patients, strict=True)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
