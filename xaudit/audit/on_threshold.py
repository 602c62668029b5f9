"""Cases whose score is exactly that of an operating point: the convention decides them."""

from __future__ import annotations

from collections.abc import Sequence

from xaudit.audit.store import CaseRow
from xaudit.core.detector import OperatingPoint

_NAMED = 5


def on_thresholds(rows: Sequence[CaseRow], points: Sequence[OperatingPoint]) -> tuple[str, ...]:
    """A sentence for each operating point that scores lie exactly on, with the first of the cases.

    Args:
        rows: every case.
        points: as declared.
    """
    scored = [row for row in rows if row.logit is not None]
    found = ((point, [row for row in scored if row.logit == point.logit]) for point in points)
    return tuple(_said(point, on, len(scored)) for point, on in found if on)


def _said(point: OperatingPoint, on: Sequence[CaseRow], scored: int) -> str:
    names = ", ".join(row.case_id for row in on[:_NAMED])
    more = f" and {len(on) - _NAMED} more" if len(on) > _NAMED else ""
    called, rule = ("negative", "above") if not point.inclusive else ("positive", "at or above")
    positives = sum(row.label for row in on)
    return (
        f"{len(on)} of {scored} scores lie exactly on the operating point “{point.name}”, "
        f"{positives} of them with a fracture ({names}{more}). They are called {called}: positive "
        f"is a score {rule} it (operating_points.inclusive is "
        f"{'true' if point.inclusive else 'false'})."
    )
