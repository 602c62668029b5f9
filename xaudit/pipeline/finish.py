"""The end of a run: findings, with hashes of everything last; older verdicts and cards go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xaudit.audit.store.disk import discard, disk_errors
from xaudit.audit.store.files import to_json, write_text
from xaudit.audit.store.hashes import write_hashes
from xaudit.audit.store.resume import reopen
from xaudit.audit.suspicions.suspicions import answered, keep_noticed, read_noticed
from xaudit.core.record.finding import Findings

_STALE = ("verdict.json", "card.html", "card.md")


def finish(folder: Path, findings: Findings) -> Findings:
    """Write the findings of an audit and the hashes of its files; returns the findings.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    reopen(folder)
    # A verdict and a card that were made from other findings must not stand beside these.
    with disk_errors(folder):
        for stale in _STALE:
            discard(folder / stale)
    write_text(folder / "findings.json", to_json(findings))
    write_hashes(folder)
    return findings


def taken_up(folder: Path, findings: Findings, acknowledge: Sequence[str]) -> Findings:
    """The findings of a finished audit, with what its audit file acknowledges by now.

    Raises:
        AuditError: the disk is full or cannot be written.
        ConfigError: ``suspicions.json`` is damaged.
    """
    noticed, names = read_noticed(folder), tuple(sorted(acknowledge))
    if noticed.acknowledged == names:
        return findings
    reopen(folder)
    keep_noticed(folder, replace(noticed, acknowledged=names))
    return finish(folder, replace(findings, suspicions=answered(findings.suspicions, names)))
