"""Lesions of a presentation state (GSPS): closed graphics that somebody drew on an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from xaudit.data.annotations.masks import Polygons
from xaudit.data.dicom.headers.film import Film
from xaudit.data.dicom.lesions.drawn import COMPOUND, OPEN, TURNED, Drawing, Drawn
from xaudit.data.dicom.lesions.shapes import ring_of

if TYPE_CHECKING:
    from pydicom import Dataset


def read_presentation(ds: Dataset, drawing: Drawing, films: Mapping[str, Film]) -> None:
    """Add one region for each closed graphic, named by its layer.

    Args:
        ds: the whole object.
        drawing: to add to.
        films: SOP Instance UID → radiograph.

    Raises:
        ValueError: a graphic is none.
    """
    all_images = [uid for series in ds.get("ReferencedSeriesSequence") or ()
                  for uid in _uids(series)]  # fmt: skip
    for annotation in ds.get("GraphicAnnotationSequence") or ():
        uids = _uids(annotation) or all_images or [""]
        layer = str(annotation.get("GraphicLayer") or "").strip()
        for _ in annotation.get("CompoundGraphicSequence") or ():
            drawing.leave_out(COMPOUND, *uids)
        for graphic in annotation.get("GraphicObjectSequence") or ():
            for uid in uids:
                _add(ds, graphic, drawing, (uid, layer), films.get(uid))


def _add(
    ds: Dataset, graphic: Dataset, drawing: Drawing, of: tuple[str, str], film: Film | None
) -> None:
    filled = str(graphic.get("GraphicFilled") or "") == "Y"
    flat = _in_pixels(ds, graphic, of[0], film)
    ring = None if flat is None else ring_of(str(graphic.GraphicType), flat, filled=filled)
    if ring is None:
        drawing.leave_out(TURNED if flat is None else OPEN, of[0])
    else:
        drawing.drawn.append(Drawn(of[0], None, Polygons((ring,)), of[1]))


def _uids(item: Dataset) -> list[str]:
    images = item.get("ReferencedImageSequence") or ()
    return [str(image.ReferencedSOPInstanceUID) for image in images]


def _in_pixels(
    ds: Dataset, graphic: Dataset, uid: str, film: Film | None
) -> Sequence[float] | None:
    """Columns and rows of a graphic; None where the display turns the image under it."""
    flat = [float(one) for one in graphic.GraphicData]
    if str(graphic.GraphicAnnotationUnits) == "PIXEL":
        return flat
    turned = int(ds.get("ImageRotation") or 0) or str(ds.get("ImageHorizontalFlip") or "N") != "N"
    area = _displayed(ds, uid)
    if turned or area is None or film is None or str(graphic.GraphicAnnotationUnits) != "DISPLAY":
        return None
    left, top, right, bottom = area
    # The area names pixels from 1 on, its corners are those of the outer ones.
    points = np.asarray(flat).reshape(-1, 2) * (right - left + 1, bottom - top + 1)
    return np.add(points, (left - 1, top - 1)).ravel().tolist()


def _displayed(ds: Dataset, uid: str) -> tuple[int, int, int, int] | None:
    """First column and row, last column and row, of the part of an image that is displayed."""
    for selection in ds.get("DisplayedAreaSelectionSequence") or ():
        if uid in (_uids(selection) or [uid]):
            first = selection.DisplayedAreaTopLeftHandCorner
            last = selection.DisplayedAreaBottomRightHandCorner
            return int(first[0]), int(first[1]), int(last[0]), int(last[1])
    return None
