"""Some images of the study are asked in several ways before a run: does the declaration hold?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xaudit.audit.fold_detectors import Part
from xaudit.audit.suspicions import FILE, Noticed, keep_noticed, read_noticed
from xaudit.core.suspicion import Suspicion


def notice(parts: Sequence[Part], acknowledge: Sequence[str], folder: Path) -> Noticed:
    """What is noticed before a run, written into its folder; a run that goes on keeps it.

    Args:
        parts: the detectors and their cases.
        acknowledge: names that the audit file acknowledges.
        folder: of the audit.

    Raises:
        DetectorError: the outputs cannot be what they are declared to be.
        AuditError: the disk is full or cannot be written.
    """
    names = tuple(sorted(acknowledge))
    if (folder / FILE).exists():
        noticed = read_noticed(folder)
        same = noticed.acknowledged == names
        return noticed if same else keep_noticed(folder, replace(noticed, acknowledged=names))
    found: tuple[Suspicion, ...] = ()
    return keep_noticed(folder, Noticed(found, names))
