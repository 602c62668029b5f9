"""State of a run's folder: a finished audit, or what one that was cut off left behind."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from xaudit.audit.store.disk import discard, discard_damaged, disk_errors, drafts_in, runs
from xaudit.audit.store.files import read_findings
from xaudit.audit.store.hashes import HASHES, LATE_FILES, RUN_FILES, changed_files
from xaudit.core.record.finding import Findings
from xaudit.errors import ConfigError

_OF_RUNS = ("shards", "evidence", "probes", "probes/*")
"""Folders in which nothing but a run writes."""


def finished_before(folder: Path, identity: str) -> Findings | None:
    """The findings, where an audit was finished under this plan and is as it was written.

    Otherwise None, and the folder is ready to go on in: without the mark of a finished audit, and
    without what is not as the finished run wrote it, which is recomputed. Drafts of killed
    processes go in either case.

    Args:
        folder: of the audit; no other run may work in it.
        identity: of the plan.

    Raises:
        AuditError: something cannot be removed.
    """
    with disk_errors(folder):
        _clear_drafts(folder)
        try:
            changed = list(changed_files(folder))
            findings = None if changed else read_findings(folder)
        except ConfigError:
            changed, findings = [], None
        if findings is not None and findings.audit.plan_sha256 == identity:
            return findings
        for part, why in _parts(changed).items():
            discard_damaged(folder / part, why)
        reopen(folder)
    return None


def reopen(folder: Path) -> None:
    """Take the mark of a finished audit away, before anything in the folder changes.

    Raises:
        AuditError: it cannot be removed.
    """
    with disk_errors(folder):
        discard(folder / HASHES)


def _parts(changed: Iterable[tuple[str, str]]) -> dict[Path, str]:
    """What is recomputed, and why: a file, or a whole shard. The plan was compared before."""
    parts: dict[Path, str] = {}
    for name, why in changed:
        place = Path(name)
        if place.parts[0] == "shards":
            place = Path(*place.parts[:2])
        if name != "plan.json":
            parts.setdefault(place, f"{name}: {why}")
    return parts


def _clear_drafts(folder: Path) -> None:
    """Take away what killed processes were writing.

    What only runs write nobody writes now, whichever process has the number of a killed one
    today. A verdict or a card may be in the making by a process that runs.
    """
    for place in _OF_RUNS:
        for inside in folder.glob(place):
            for path, _, _ in drafts_in(inside):
                discard(path)
    for path, name, process in drafts_in(folder):
        mine = name in {*RUN_FILES, HASHES} or name.removesuffix(".old") in _OF_RUNS
        if mine or (name in LATE_FILES and not runs(process)):
            # On Windows a file that is being written cannot be removed.
            with suppress(PermissionError):
                discard(path)
