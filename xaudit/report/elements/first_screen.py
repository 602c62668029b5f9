"""First screen of a card, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.core.record.finding import Findings
from xaudit.report.tables.interventions import decides
from xaudit.report.tables.predictions import alone
from xaudit.report.tables.weakest import striking
from xaudit.report.view.lookup import Lookup


def said_first(findings: Findings) -> Iterator[str]:
    """Whether the fracture decides, and which small groups stand out; a line each.

    Args:
        findings: of an audit.
    """
    look = Lookup(findings)
    if not alone(findings):
        yield f"does the fracture decide? {decides(look).text}"
    yield from striking(look)
