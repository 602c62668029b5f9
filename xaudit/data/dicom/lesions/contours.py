"""Lesions of an RTSTRUCT: closed contours, in the patient or in pixels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from xaudit.data.annotations.masks import Polygons
from xaudit.data.annotations.polygons import Ring
from xaudit.data.dicom.headers.film import Film, Place
from xaudit.data.dicom.lesions.drawn import NO_PLACE, OPEN, Drawing, Drawn
from xaudit.data.dicom.options import Contours

if TYPE_CHECKING:
    from pydicom import Dataset

_CLOSED = {"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"}


def read_contours(
    ds: Dataset, drawing: Drawing, films: Mapping[str, Film], units: Contours
) -> None:
    """Add one region for each structure on each image; what lies in two contours is a hole.

    Args:
        ds: the whole object.
        drawing: to add to.
        films: SOP Instance UID → radiograph.
        units: of the contours.
    """
    names = {int(one.ROINumber): str(one.get("ROIName") or "").strip()
             for one in ds.get("StructureSetROISequence") or ()}  # fmt: skip
    for structure in ds.get("ROIContourSequence") or ():
        rings: dict[tuple[str, int | None], list[Ring]] = defaultdict(list)
        for contour in structure.get("ContourSequence") or ():
            _add(contour, rings, drawing, films, units)
        name = names.get(int(structure.ReferencedROINumber), "")
        for (uid, frame), found in rings.items():
            region = Polygons(tuple(found), even_odd=True)
            # A name of a structure is one of the attributes that PS3.15 removes.
            drawing.drawn.append(Drawn(uid, frame, region, name, told=False))


def _add(
    contour: Dataset,
    rings: dict[tuple[str, int | None], list[Ring]],
    drawing: Drawing,
    films: Mapping[str, Film],
    units: Contours,
) -> None:
    images = list(contour.get("ContourImageSequence") or ())
    uid = str(images[0].ReferencedSOPInstanceUID) if len(images) == 1 else ""
    number = images[0].get("ReferencedFrameNumber") if uid else None
    points = np.asarray(contour.ContourData, dtype=np.float64).reshape(-1, 3)
    if str(contour.ContourGeometricType) not in _CLOSED or len(points) < 3:
        drawing.leave_out(OPEN, uid)
        return
    place = films[uid].place if uid in films else None
    if units == "patient" and place is None and uid in films:
        drawing.leave_out(NO_PLACE, uid)
        return
    flat = points[:, :2] if units == "pixels" or place is None else _pixels(points, place)
    ring = tuple((float(x), float(y)) for x, y in flat)
    rings[uid, None if number is None else int(number) - 1].append(ring)


def _pixels(points: np.ndarray, place: Place) -> np.ndarray:
    """Columns and rows of points in the patient (PS3.3, C.7.6.2.1.1), from the first corner on."""
    away = points - np.asarray(place.origin)
    column = away @ np.asarray(place.right) / place.step[1]
    row = away @ np.asarray(place.down) / place.step[0]
    # The origin is the center of the first pixel.
    return np.stack([column, row], axis=1) + 0.5
