"""Boxes of detectors and of lesions as rows of a table: written, and read again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xaudit.audit.store.store import ProbeRow
from xaudit.core.boxes import Boxes
from xaudit.core.case import Case
from xaudit.core.message import Sentence
from xaudit.data.drawn.lesion_boxes import lesion_boxes
from xaudit.errors import DataError

FOUND, LESION, UNUSABLE, HIT = "found", "lesion", "unusable", "hit"
"""Boxes of the detector, of lesions, cases whose lesions cannot be read, and the rule of a hit."""
CENTER = "center"
STUDY = "(study)"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn in a study.

    Attributes:
        iou: overlap at which a box finds a lesion; None where its center has to lie in it.
        found: case id → boxes of the detector; no entry where there is none.
        lesions: likewise, of annotated lesions.
        unusable: case id → why its lesions cannot be used.
    """

    iou: float | None
    found: Mapping[str, Boxes]
    lesions: Mapping[str, Boxes]
    unusable: Mapping[str, Sentence]


def rule_row(iou: float | None) -> ProbeRow:
    """When a box finds a lesion: at this overlap, or where its center lies in it."""
    return ProbeRow(STUDY, "", HIT, "", CENTER if iou is None else f"{iou:g}", None, None)


def found_rows(case_id: str, boxes: Boxes) -> Iterator[ProbeRow]:
    """A row for each box of the detector."""
    return _rows(case_id, FOUND, boxes)


def lesion_rows(case: Case) -> Iterator[ProbeRow]:
    """A row for each lesion of a case; one that says why, where a lesion cannot be used."""
    if not case.lesions:
        return
    try:
        boxes = lesion_boxes(case.lesions, case.image.header().grid)
    except DataError as error:
        yield ProbeRow(case.case_id, "", UNUSABLE, "", "", None, error.problems[0])
        return
    yield from _rows(case.case_id, LESION, boxes)


def read_drawn(rows: Iterable[ProbeRow]) -> Drawn:
    """What was drawn, from its rows."""
    found: dict[str, list[ProbeRow]] = defaultdict(list)
    lesions: dict[str, list[ProbeRow]] = defaultdict(list)
    unusable: dict[str, Sentence] = {}
    iou: float | None = None
    for row in rows:
        if row.metric == HIT:
            iou = None if row.level == CENTER else float(row.level)
        elif row.metric == UNUSABLE:
            unusable[row.case_id] = row.undefined or ""
        else:
            (found if row.metric == FOUND else lesions)[row.case_id].append(row)
    return Drawn(iou, _all_boxes(found), _all_boxes(lesions), unusable)


def _rows(case_id: str, metric: str, boxes: Boxes) -> Iterator[ProbeRow]:
    for corners, rating, kind in zip(
        boxes.corners.tolist(), boxes.ratings.tolist(), boxes.classes.tolist(), strict=True
    ):
        # The shortest text that is read as the same number.
        place = " ".join(map(repr, corners))
        yield ProbeRow(case_id, "", metric, str(kind), place, rating, None)


def _all_boxes(rows: Mapping[str, Sequence[ProbeRow]]) -> dict[str, Boxes]:
    return {case: _boxes(those) for case, those in rows.items()}


def _boxes(rows: Sequence[ProbeRow]) -> Boxes:
    return Boxes(
        np.array([[float(word) for word in row.level.split()] for row in rows]),
        np.array([row.value for row in rows], dtype=np.float64),
        np.array([int(row.facet) for row in rows], dtype=np.intp),
    )
