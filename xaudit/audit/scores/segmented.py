"""What a network segments of a case at an operating point, in numbers: rows of a table."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.audit.store.store import ProbeRow
from xaudit.core.case import BoolArray, PreparedCase
from xaudit.core.metric import Score, Undefined
from xaudit.metrics.masks.components import false_components, lesions_segmented, lesionwise
from xaudit.metrics.masks.contours import hd95, hd95_px, surface_dice
from xaudit.metrics.masks.overlap import area_error, dice, mask_iou
from xaudit.metrics.masks.regions import emptiness

OF_MASKS = (
    dice, mask_iou, area_error, hd95, hd95_px, surface_dice, lesions_segmented, false_components,
)  # fmt: skip
"""Metrics of one image."""
LESION, EMPTY = "lesion_found", "emptiness"
"""A row for each lesion, and one that says which of the two masks is empty."""
POINT = "operating_point"


def segmented_rows(case: PreparedCase, predicted: BoolArray, point: str) -> Iterator[ProbeRow]:
    """All metrics of one case at one operating point.

    Args:
        case: on the input grid, on which masks are compared.
        predicted: (H, W) bool, what is segmented there.
        point: name of the operating point.
    """
    lesions, inside, spacing = case.lesions, case.inside, case.grid.spacing
    for metric in OF_MASKS:
        yield _row(case, metric.facts.name, point, metric(predicted, lesions, inside, spacing))
    for found in lesionwise(predicted, lesions, inside).found.tolist():
        yield _row(case, LESION, point, float(found))
    empty = emptiness(predicted, lesions, inside)
    yield ProbeRow(case.case.case_id, "", EMPTY, POINT, f"{point} {empty}", 1.0, None)


def _row(case: PreparedCase, metric: str, point: str, score: Score) -> ProbeRow:
    value, why = (None, score.reason) if isinstance(score, Undefined) else (score, None)
    return ProbeRow(case.case.case_id, "", metric, POINT, point, value, why)
