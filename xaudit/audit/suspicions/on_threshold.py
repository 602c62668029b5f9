"""Cases whose score is exactly that of an operating point: the convention decides them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xaudit.audit.store.case_columns import CaseColumns
from xaudit.audit.store.store import CaseRow
from xaudit.core.detector import OperatingPoint
from xaudit.core.message import Message, listed
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
    return Message(
        _CALLED_POSITIVE if point.inclusive else _CALLED_NEGATIVE,
        on=len(on),
        scored=scored,
        name=point.name,
        positives=int(cases.labels[on].sum()),
        cases=listed([cases.ids[row] for row in on], _NAMED),
    )


_CALLED_NEGATIVE = (
    "{on} of {scored} scores lie exactly on the operating point “{name}”, {positives} of them with "
    "a fracture ({cases}). They are called negative: positive is a score above it "
    "(operating_points.inclusive is false)."
)
_CALLED_POSITIVE = (
    "{on} of {scored} scores lie exactly on the operating point “{name}”, {positives} of them with "
    "a fracture ({cases}). They are called positive: positive is a score at or above it "
    "(operating_points.inclusive is true)."
)
