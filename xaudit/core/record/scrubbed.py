"""Mark of a scrubbed copy: of which audit it is, and what was taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xaudit.core.message import Message

K = 11
"""As the Centers for Medicare & Medicaid Services ask: no cell of 1 to 10 persons is shown."""
WITHHELD = "withheld"
"""The level that stands for all levels of a column which are too small to be shown."""
REMOVED = Message("[removed]")
"""What stands in place of a text."""


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What a scrubbed copy is a copy of.

    Attributes:
        original: SHA-256 of ``hashes.json`` of the audit, which holds those of all of its files.
        plan_sha256: of the audit.
        findings_sha256: of its findings, as `xaudit verify` prints it.
        verdict: that was saved with it; None for none. Rules on withheld groups decide nothing in
            the copy, so that its own verdict may be worse.
        k: patients of a kind (with a fracture, without) that a group has to have to be shown.
        removed: kind of thing → how many of them were taken out or replaced.
        written_kept: texts that persons wrote were kept, as was asked for.
    """

    original: str
    plan_sha256: str
    findings_sha256: str
    verdict: str | None
    k: int
    removed: Mapping[str, int]
    written_kept: bool = False
