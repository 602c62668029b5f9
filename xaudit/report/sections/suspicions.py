"""Section on suspicions, the first thing that a card says."""

from __future__ import annotations

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
