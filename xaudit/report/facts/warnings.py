"""Warnings of a page: suspicions, and files that are not those that the run wrote."""

from __future__ import annotations

from collections.abc import Sequence

from xaudit.core.record.finding import Findings
from xaudit.report.language.translation import told, tr


def suspicions(findings: Findings) -> tuple[str, ...]:
    """A sentence for each suspicion, those first that nobody has acknowledged."""
    ordered = sorted(findings.suspicions, key=lambda suspicion: suspicion.acknowledged)
    return tuple(
        tr(
            "Acknowledged by the audit file, {name}: {text}",
            name=suspicion.name,
            text=told(suspicion.text),
        )
        if suspicion.acknowledged
        else tr(
            "Suspicion {name}: {text} Until the audit file acknowledges it, no verdict is better "
            "than inconclusive.",
            name=suspicion.name,
            text=told(suspicion.text),
        )
        for suspicion in ordered
    )


def unverified_warnings(files: Sequence[str]) -> tuple[str, ...]:
    """One sentence with all files, or none.

    Args:
        files: which ones, a line each.
    """
    if not files:
        return ()
    return (
        tr(
            "Not verified: this was made of files that are not those that the run wrote, so no "
            "number here is shown to be that of the audit. {files}.",
            files="; ".join(files),
        ),
    )
