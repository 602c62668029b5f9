"""Lesions of a structured report: regions that its measurements outline (TID 1410 and others)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from xaudit.data.annotations.masks import Polygons
from xaudit.data.dicom.lesions.drawn import OPEN, Drawing, Drawn
from xaudit.data.dicom.lesions.shapes import ring_of
from xaudit.errors import DataError

if TYPE_CHECKING:
    from pydicom import Dataset

_FINDING = "121071"
_MOST, _DEEPEST = 100_000, 60


def read_report(ds: Dataset, drawing: Drawing, where: str) -> None:
    """Add one region for each closed graphic, named by the finding of its measurement group.

    Args:
        ds: the whole report.
        drawing: to add to.
        where: for messages.

    Raises:
        DataError: it has more than 100,000 items.
        ValueError: a graphic is none.
    """
    for count, (item, finding) in enumerate(_items(ds, "", 0)):
        if count >= _MOST:
            raise DataError(f"{where}: expected a report of at most {_MOST:,} items")
        if str(item.get("ValueType") or "") != "SCOORD":
            continue
        ring = ring_of(str(item.GraphicType), item.GraphicData)
        images = _images(ds, item) or [("", None)]
        if ring is None:
            drawing.leave_out(OPEN, *(uid for uid, _ in images))
            continue
        for uid, frame in images:
            drawing.drawn.append(Drawn(uid, frame, Polygons((ring,)), finding))


def _items(item: Dataset, finding: str, depth: int) -> Iterator[tuple[Dataset, str]]:
    """Every item below, with the finding of the nearest container that names one."""
    members = item.get("ContentSequence") or ()
    finding = next((text for one in members if (text := _finding(one))), finding)
    for one in members if depth < _DEEPEST else ():
        yield one, finding
        yield from _items(one, finding, depth + 1)


def _finding(item: Dataset) -> str:
    concept = item.get("ConceptNameCodeSequence") or ()
    code = item.get("ConceptCodeSequence") or ()
    if not concept or not code or str(concept[0].get("CodeValue") or "") != _FINDING:
        return ""
    return str(code[0].get("CodeMeaning") or "").strip()


def _images(report: Dataset, item: Dataset) -> list[tuple[str, int | None]]:
    """The images from which a graphic is selected; they may stand elsewhere in the report."""
    found = []
    for one in item.get("ContentSequence") or ():
        place = one.get("ReferencedContentItemIdentifier")
        for image in (_at(report, place) if place else one).get("ReferencedSOPSequence") or ():
            number: Any = image.get("ReferencedFrameNumber")
            if number is None or isinstance(number, int):
                number = [number]
            uid = str(image.ReferencedSOPInstanceUID)
            found += [(uid, None if frame is None else int(frame) - 1) for frame in number]
    return found


def _at(report: Dataset, place: Any) -> Dataset:  # noqa: ANN401 (one number or several)
    """The item of a report that stands at a place: 1 is the report, 1.2 its second item."""
    item = report
    for number in ([place] if isinstance(place, int) else list(place))[1:]:
        item = item.ContentSequence[int(number) - 1]
    return item
