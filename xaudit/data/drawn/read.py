"""Boxes that a detector drew, for each case of a study."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xaudit.core.boxes import Boxes
from xaudit.core.case import Case, CaseIssue
from xaudit.core.message import Message
from xaudit.data.drawn.box_table import list_box_table
from xaudit.data.drawn.coco_results import list_coco_results
from xaudit.data.drawn.listed import ListedBox, ListedBoxes
from xaudit.data.drawn.names import ImageNames
from xaudit.data.drawn.spec import BoxesSpec
from xaudit.data.drawn.yolo_results import list_yolo_results
from xaudit.data.tables.table import capped
from xaudit.errors import DataError

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class FoundBoxes:
    """What a detector drew in a study.

    Attributes:
        of: case id → boxes in pixels of its upright image; an entry for each case of the study.
        issues: what was noticed.
    """

    of: Mapping[str, Boxes]
    issues: tuple[CaseIssue, ...]


def read_found_boxes(spec: BoxesSpec, cases: Sequence[Case]) -> FoundBoxes:
    """Read what a detector drew, and bring it together with the cases of a study.

    An image of which the file says nothing is one in which nothing was found: files of boxes
    cannot say otherwise. How many these are is noted.

    Args:
        spec: the declaration.
        cases: of the study, from which names and sizes of images are known.

    Raises:
        DataError: the file cannot be read, or its boxes are none; every mistake.
    """
    listed = _reader(spec)(spec)
    names = ImageNames(cases)
    chosen = [box for box in listed.boxes if _means_fracture(box, spec)]
    _refuse_classes(listed, spec, chosen)
    placed, others = _placed(chosen, names, spec)
    _refuse_strangers(spec, names, len(placed), others)
    known = set(placed) | {case for one in listed.silent if (case := names.case(one)) is not None}
    found = {case.case_id: placed.get(case.case_id, Boxes.none()) for case in cases}
    beyond = _beyond(spec, placed, names)
    return FoundBoxes(found, (*_silent(spec, cases, known), *_unused(spec, others), *beyond))


def _reader(spec: BoxesSpec) -> Callable[[BoxesSpec], ListedBoxes]:
    if not spec.found.exists():
        raise DataError(f"detector.found: nothing is at {spec.found}")
    if spec.found.is_dir():
        return list_yolo_results
    if spec.found.suffix.lower() == ".json":
        return list_coco_results
    return list_box_table


def _means_fracture(box: ListedBox, spec: BoxesSpec) -> bool:
    return not spec.classes or box.kind in spec.classes


def _refuse_classes(listed: ListedBoxes, spec: BoxesSpec, chosen: Sequence[ListedBox]) -> None:
    """Refuse several classes of which none is named, and names that no box has."""
    there = sorted({box.kind for box in listed.boxes})
    if not spec.classes and len(there) > 1:
        raise DataError(
            f"detector.classes: {spec.found.name} has boxes of {len(there)} classes "
            f"({', '.join(there[:10])}); name those that mean fractured"
        )
    if spec.classes and listed.boxes and not chosen:
        raise DataError(
            f"detector.classes: no box of {spec.found.name} is of class "
            f"{', '.join(spec.classes)}; there is: {', '.join(there[:10])}"
        )


def _placed(
    listed: Sequence[ListedBox], names: ImageNames, spec: BoxesSpec
) -> tuple[dict[str, Boxes], list[str]]:
    """Case id → its boxes, and names of images that the study does not audit."""
    rows: dict[str, list[ListedBox]] = defaultdict(list)
    others: dict[str, None] = {}
    problems: list[str] = []
    for box in listed:
        try:
            case = names.case(box.image)
            placed = box if case is None else replace(box, sides=names.pixels(case, box))
            _check(placed, spec)
        except DataError as error:
            problems.append(str(error))
            continue
        if case is None:
            others[box.image] = None
        else:
            rows[case].append(placed)
    if problems:
        raise DataError(capped(list(dict.fromkeys(problems))))
    return {case: _boxes(boxes, spec) for case, boxes in rows.items()}, list(others)


def _check(box: ListedBox, spec: BoxesSpec) -> None:
    left, top, width, height = box.sides
    if not all(map(math.isfinite, (*box.sides, box.score))):
        raise DataError(f"{box.where}: expected finite numbers")
    # Of a box far away or of no size, both edges may be the same number.
    if not (left + width > left and top + height > top):
        raise DataError(
            f"{box.where}: expected a box with an area, got {width:g} x {height:g} at {left:g}, "
            f"{top:g}"
        )
    if spec.scale == "probability" and not 0 <= box.score <= 1:
        raise DataError(
            f"{box.where}: expected a probability from 0 to 1, got {box.score:g}; logits are "
            "detector.score: logit, percentages have to be divided by 100"
        )


def _boxes(listed: Sequence[ListedBox], spec: BoxesSpec) -> Boxes:
    corners = [
        (left, top, left + width, top + height)
        for left, top, width, height in (box.sides for box in listed)
    ]
    ratings = [_rating(box.score, spec) for box in listed]
    return Boxes(np.array(corners), np.array(ratings), np.zeros(len(listed), dtype=np.intp))


def _rating(score: float, spec: BoxesSpec) -> float:
    """The score as a logit; a probability of 0 or 1 becomes the number next to it."""
    if spec.scale == "logit":
        return score
    inside = min(max(score, math.nextafter(0.0, 1.0)), math.nextafter(1.0, 0.0))
    return math.log(inside) - math.log1p(-inside)


def _refuse_strangers(
    spec: BoxesSpec, names: ImageNames, placed: int, others: Sequence[str]
) -> None:
    if others and not placed:
        raise DataError(
            f"detector.found: no image of {spec.found.name} is one of the study; it names "
            f"{', '.join(map(repr, others[:_SHOWN]))}, the study has "
            f"{', '.join(map(repr, names.some(_SHOWN)))}; numbers of COCO results get file names "
            "by detector.images: ANNOTATIONS.json"
        )


def _silent(spec: BoxesSpec, cases: Sequence[Case], known: set[str]) -> list[CaseIssue]:
    count = sum(case.case_id not in known for case in cases)
    if not count:
        return []
    detail = Message(
        "{file} says nothing of {n} of {all} cases: they count as images without a box",
        file=spec.found.name,
        n=count,
        all=len(cases),
    )
    return [CaseIssue("(boxes)", "no_boxes", detail, "noted")]


def _unused(spec: BoxesSpec, others: Sequence[str]) -> list[CaseIssue]:
    if not others:
        return []
    detail = Message(
        "{file} has boxes of {n} images that are not audited",
        file=spec.found.name,
        n=len(others),
    )
    return [CaseIssue("(boxes)", "other_images", detail, "noted")]


def _beyond(spec: BoxesSpec, placed: Mapping[str, Boxes], names: ImageNames) -> list[CaseIssue]:
    """Boxes that lie on no film, as those in pixels of a resized image do."""
    count = sum(names.beyond(case, boxes) for case, boxes in placed.items())
    if not count:
        return []
    detail = Message(
        "{n} of {all} boxes of {file} have their center beyond their image: are they in pixels of "
        "the upright image?",
        n=count,
        all=sum(map(len, placed.values())),
        file=spec.found.name,
    )
    return [CaseIssue("(boxes)", "boxes_beyond", detail, "noted")]
