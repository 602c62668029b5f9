"""Objects of a study, sorted: radiographs, what may draw on them, and what is neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from xaudit.core.message import Message
from xaudit.data.dicom.headers.film import TAGS, Film, film_of
from xaudit.data.dicom.kept import InFile, Kept
from xaudit.data.dicom.lesions.read import DRAWING
from xaudit.data.dicom.library import quiet
from xaudit.data.dicom.options import DicomOptions
from xaudit.data.dicom.reading import head_of, is_dicom, read_header
from xaudit.errors import DataError

if TYPE_CHECKING:
    from pydicom import Dataset

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_DIRECTORY = "1.2.840.10008.1.3.10"
_NO_PIXELS = (_STORAGE + "104.", _STORAGE + "9.", _STORAGE + "67", _STORAGE + "13.1.3")
"""Documents, waveforms, and volumes of the breast."""
_CINE = {"XA", "RF"}


@dataclass(slots=True)
class Listing:
    """What a study holds.

    Attributes:
        films: radiographs, by SOP Instance UID.
        drawing: objects that may draw on them.
        others: what is neither → how many ("CT", "MR", "cine", ...).
        foreign: files that are no DICOM.
        damaged: objects whose header cannot be read.
        repeated: files of objects that are there already.
    """

    films: dict[str, Film] = field(default_factory=dict)
    drawing: list[Kept] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    foreign: int = 0
    damaged: int = 0
    repeated: int = 0


def listing_of(files: Iterable[Path], options: DicomOptions) -> Listing:
    """Read the header of every file, and forget what of it is private.

    Args:
        files: of the study.
        options: of the study.
    """
    found = Listing()
    for path in files:
        if not is_dicom(head_of(path)):
            found.foreign += 1
            continue
        try:
            add_object(found, read_header(path, TAGS, "an object"), InFile(path), options)
        except DataError:
            # Neither its name nor what is wrong with it may be told: it is counted.
            found.damaged += 1
    return found


def add_object(found: Listing, ds: Dataset, kept: Kept, options: DicomOptions) -> None:
    """Sort one object in.

    Args:
        found: to add to.
        ds: with the attributes of `TAGS`.
        kept: the object.
        options: of the study.

    Raises:
        DataError: its header cannot be used.
    """
    with quiet("an object"):
        kind = str(ds.get("SOPClassUID") or "")
        if kind in DRAWING:
            found.drawing.append(kept)
        elif (other := _other(ds, kind, options)) is not None:
            found.others[other] += kind != _DIRECTORY
        elif str(ds.SOPInstanceUID) in found.films:
            found.repeated += 1
        else:
            film = film_of(ds, kept, options.voi)
            found.films[film.uid] = film


def _other(ds: Dataset, kind: str, options: DicomOptions) -> str | None:
    """What an object is that is no radiograph; None for one."""
    modality = str(ds.get("Modality") or "").strip().upper()
    told = modality if modality.isalnum() and len(modality) <= 16 else Message("unknown")
    if kind.startswith(_NO_PIXELS) or kind == _DIRECTORY:
        return told
    if not modality or (modality in options.modalities and not ds.get("Rows")):
        # pydicom says nothing of a header that ends early.
        raise DataError("an object: its header ends early")
    if modality not in options.modalities:
        return told
    several = int(ds.get("NumberOfFrames") or 1) > 1
    if several and (modality in _CINE or ds.get("PerFrameFunctionalGroupsSequence")):
        return Message("cine or volume")
    return None
