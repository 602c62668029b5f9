"""Cases that were scored again, and what they say of the last digits of all others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from xaudit.audit.store.store import CaseRow, ProbeRow
from xaudit.core.detector import OperatingPoint
from xaudit.core.record.finding import Rescored, Unit

LOGIT, MAP = "logit_again", "map_moved"
"""Names of the rows: a logit; a difference of two maps, by the largest value of one."""
WAY = "way"
_BEYOND = 4
"""How many times the largest difference in a few cases another run may show in all of them."""


def rescored(
    rows: Sequence[ProbeRow],
    cases: Sequence[CaseRow],
    points: Sequence[OperatingPoint],
    unit: Unit,
) -> Rescored | None:
    """By how much another run may differ; None where nothing was scored again.

    The tolerance is four times the largest difference that was seen, and no less than four times
    the distance of two neighboring numbers of 32 bits at the largest score. Scores are logits, or
    probabilities where the network returns such: near 0 and 1 the logarithm blows rounding up.

    Args:
        rows: of the cases that were scored again, in every way.
        cases: of the audit.
        points: operating points.
        unit: of the scores.
    """
    logits = {row.case_id: row.logit for row in cases if row.logit is not None}
    pairs = [
        (row.case_id, logits[row.case_id], row.value)
        for row in rows
        if row.metric == LOGIT and row.case_id in logits
    ]
    known = np.array([(first, again) for _, first, again in pairs if again is not None])
    if not len(known):
        return None
    largest = float(np.abs(np.diff(in_unit(known, unit))).max())
    scores = in_unit(np.array(list(logits.values())), unit)
    tolerance = _BEYOND * max(largest, float(np.spacing(np.float32(np.abs(scores).max()))))
    return Rescored(
        cases=len({case_id for case_id, _, _ in pairs}),
        ways=tuple(dict.fromkeys(row.level for row in rows)),
        largest=largest,
        tolerance=tolerance,
        flipped=len({name for name, first, again in pairs if _flips(first, again, points)}),
        near={
            point.name: int((np.abs(scores - in_unit(point.logit, unit)) <= tolerance).sum())
            for point in points
        },
        unit=unit,
        maps=_largest_of_maps(rows),
    )


def in_unit(logits: npt.ArrayLike, unit: Unit) -> npt.NDArray[np.float64]:
    """Logits as they are, or as probabilities."""
    values = np.asarray(logits, dtype=np.float64)
    return np.asarray(expit(values)) if unit == "probability" else values


def _flips(first: float, again: float | None, points: Sequence[OperatingPoint]) -> bool:
    """Whether a case is called otherwise, or has no score any more."""
    return again is None or any((first > point.edge) != (again > point.edge) for point in points)


def _largest_of_maps(rows: Sequence[ProbeRow]) -> dict[str, float]:
    largest: dict[str, float] = {}
    for row in rows:
        if row.metric == MAP and row.value is not None:
            largest[row.method] = max(row.value, largest.get(row.method, 0.0))
    return largest
