"""Objects that draw lesions, whatever their kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xaudit.data.dicom.headers.film import Film
from xaudit.data.dicom.kept import Kept
from xaudit.data.dicom.lesions.contours import read_contours
from xaudit.data.dicom.lesions.drawn import Drawing, Drawn
from xaudit.data.dicom.lesions.presentations import read_presentation
from xaudit.data.dicom.lesions.reports import read_report
from xaudit.data.dicom.lesions.segments import read_segments
from xaudit.data.dicom.library import quiet
from xaudit.data.dicom.options import DicomOptions
from xaudit.errors import DataError

if TYPE_CHECKING:
    from pydicom import Dataset

_STORAGE = "1.2.840.10008.5.1.4.1.1."
SEGMENTS = {_STORAGE + "66.4", _STORAGE + "66.7"}
CONTOURS = {_STORAGE + "481.3"}
REPORTS = {_STORAGE + f"88.{one}" for one in (11, 22, 33, 34, 35, 50, 65)}
PRESENTATIONS = {_STORAGE + "11.1"}
DRAWING = SEGMENTS | CONTOURS | REPORTS | PRESENTATIONS
"""SOP classes of objects that may draw on images."""
MOST_BYTES = 200_000_000


def read_drawing(
    objects: Sequence[Kept],
    films: Mapping[str, Film],
    options: DicomOptions,
    *,
    components: bool,
) -> tuple[Drawing, int]:
    """What all objects draw, and how many of them could not be read.

    Args:
        objects: of the SOP classes `DRAWING`.
        films: SOP Instance UID → radiograph.
        options: of the study.
        components: whether parts of a segment that do not touch are lesions of their own.
    """
    whole, damaged = Drawing(), 0
    for kept in objects:
        own = Drawing()
        try:
            _read_one(kept, own, films, options, components=components)
        except DataError:
            # What is private may stand in its name and in what is wrong with it: it is counted.
            damaged += 1
            continue
        whole.add(own)
    return whole, damaged


def fits(one: Drawn, films: Mapping[str, Film]) -> bool:
    """Whether a region lies on an image of the study, and on a frame that it has."""
    film = films.get(one.uid)
    return film is not None and (one.frame is None or 0 <= one.frame < film.frames)


def _read_one(
    kept: Kept,
    drawing: Drawing,
    films: Mapping[str, Film],
    options: DicomOptions,
    *,
    components: bool,
) -> None:
    where = "an annotation"
    ds = kept.whole(None, where, MOST_BYTES)
    kinds: list[tuple[set[str], Callable[[Dataset], None]]] = [
        (SEGMENTS, lambda ds: read_segments(ds, drawing, Path(where), components=components)),
        (CONTOURS, lambda ds: read_contours(ds, drawing, films, options.contours)),
        (REPORTS, lambda ds: read_report(ds, drawing, where)),
        (PRESENTATIONS, lambda ds: read_presentation(ds, drawing, films)),
    ]
    with quiet(where):
        for classes, read in kinds:
            if str(ds.SOPClassUID) in classes:
                read(ds)
