"""Cases whose score is exactly that of an operating point: the convention decides them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xaudit.audit.store.case_columns import CaseColumns
from xaudit.audit.store.store import CaseRow
from xaudit.core.detector import OperatingPoint
from xaudit.stats.weights import IntArray

_NAMED = 5


def on_thresholds(rows: Sequence[CaseRow], points: Sequence[OperatingPoint]) -> tuple[str, ...]:
    """A sentence for each operating point that scores lie exactly on, with the first of the cases.

    Args:
        rows: every case.
        points: as declared.
    """
    cases = CaseColumns.of(rows)
    scored, found = int(cases.scored.sum()), []
    for point in points:
        on = np.flatnonzero(cases.logits == point.logit)
        if len(on):
            found.append(_said(point, cases, on, scored))
    return tuple(found)


def _said(point: OperatingPoint, cases: CaseColumns, on: IntArray, scored: int) -> str:
    names = ", ".join(cases.ids[row] for row in on[:_NAMED])
    more = f" and {len(on) - _NAMED} more" if len(on) > _NAMED else ""
    called, rule = ("negative", "above") if not point.inclusive else ("positive", "at or above")
    positives = int(cases.labels[on].sum())
    return (
        f"{len(on)} of {scored} scores lie exactly on the operating point “{point.name}”, "
        f"{positives} of them with a fracture ({names}{more}). They are called {called}: positive "
        f"is a score {rule} it (operating_points.inclusive is "
        f"{'true' if point.inclusive else 'false'})."
    )
