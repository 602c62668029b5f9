"""Radiographs as their headers describe them, and nothing of a header that is private."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xaudit.core.case import Region
from xaudit.core.message import Message
from xaudit.core.source import ImageHeader
from xaudit.data.dicom.headers import artifacts, attributes, spacing
from xaudit.data.dicom.headers.artifacts import artifacts_of
from xaudit.data.dicom.headers.attributes import attributes_of, places_of
from xaudit.data.dicom.headers.identity import case_name, patient_name
from xaudit.data.dicom.headers.spacing import spacing_of
from xaudit.data.dicom.kept import Kept
from xaudit.data.dicom.pixels.frame import HEADER_TAGS, image_header, refused
from xaudit.data.dicom.pixels.rendering import Voi, contradicts
from xaudit.data.dicom.pixels.stored import frames_of
from xaudit.data.tables.missing import Missing

if TYPE_CHECKING:
    from pydicom import Dataset

TAGS: tuple[str | int, ...] = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "Modality", "PatientID",
    "IssuerOfPatientID", "AccessionNumber", "BurnedInAnnotation", "PresentationIntentType",
    "PerFrameFunctionalGroupsSequence", "ImagePositionPatient", "ImageOrientationPatient",
    *HEADER_TAGS, *attributes.TAGS, *attributes.SITE_TAGS.values(), *spacing.TAGS,
    *artifacts.SHUTTER_TAGS, *artifacts.OVERLAY_TAGS,
)  # fmt: skip
"""All that is read of an object to list it."""

_BURNED_IN = "burned_in_annotation"
_PROCESSING = "for_processing"
_CONTRADICTS = "polarity_contradicts"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image lies in the patient.

    Attributes:
        origin: of the center of its first pixel, in millimeters.
        right: direction of its rows, a unit vector.
        down: direction of its columns, a unit vector.
        step: millimeters from row to row and from column to column.
    """

    origin: tuple[float, ...]
    right: tuple[float, ...]
    down: tuple[float, ...]
    step: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Film:
    """One object of radiographs.

    Attributes:
        kept: the object.
        uid: its SOP Instance UID; it finds what refers to it and is not told.
        name: of its case, or the beginning of it where there are several frames.
        examination: its Study Instance UID.
        accession: its accession number.
        patient: what stands for its patient; None where none is recorded.
        header: of each frame.
        refused: why its pixels are not read.
        frames: how many.
        spacing: millimeters from pixel to pixel; None if not known.
        spacing_from: what says so.
        groups: column → value.
        places: column → name of institution or station, which is told by a hash.
        artifacts: name → region.
        flags: kinds of things that are noted of it.
        place: where it lies in the patient.
    """

    kept: Kept
    uid: str
    name: str
    examination: str
    accession: str
    patient: str | None
    header: ImageHeader
    refused: str | None
    frames: int
    spacing: float | None
    spacing_from: Message
    groups: Mapping[str, str]
    places: Mapping[str, str]
    artifacts: Mapping[str, Region] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    place: Place | None = None


def film_of(ds: Dataset, kept: Kept, voi: Voi) -> Film:
    """What the header of a radiograph says.

    Args:
        ds: with the attributes of `TAGS`.
        kept: the object.
        voi: which values of interest will be shown.

    Raises:
        Exception: whatever pydicom says of values that are none.
    """
    uid, frames = str(ds.SOPInstanceUID), frames_of(ds)
    name, (distance, said) = case_name(uid), spacing_of(ds)
    return Film(
        kept=kept,
        uid=uid,
        name=name,
        examination=str(ds.get("StudyInstanceUID") or ""),
        accession=str(ds.get("AccessionNumber") or "").strip(),
        patient=_patient(ds),
        header=image_header(ds, voi),
        refused=refused(ds),
        frames=frames,
        spacing=distance,
        spacing_from=said,
        groups=attributes_of(ds),
        places=places_of(ds),
        artifacts=artifacts_of(ds, kept, name),
        flags=tuple(_flags(ds)),
        place=_place(ds),
    )


def _patient(ds: Dataset) -> str | None:
    text = str(ds.get("PatientID") or "").strip()
    # Texts such as "anonymous" name nobody: many people would become one.
    if Missing(patient="patient").holds_nothing("patient", text):
        return None
    return patient_name(text, str(ds.get("IssuerOfPatientID") or "").strip())


def _flags(ds: Dataset) -> list[str]:
    found = {
        _BURNED_IN: str(ds.get("BurnedInAnnotation") or "") == "YES",
        _PROCESSING: str(ds.get("PresentationIntentType") or "") == "FOR PROCESSING",
        _CONTRADICTS: contradicts(ds),
    }
    return [name for name, there in found.items() if there]


def _place(ds: Dataset) -> Place | None:
    origin, turned = ds.get("ImagePositionPatient"), ds.get("ImageOrientationPatient")
    step = ds.get("PixelSpacing") or ds.get("ImagerPixelSpacing")
    if not origin or not turned or not step or (len(origin), len(turned), len(step)) != (3, 6, 2):
        return None
    numbers = tuple(map(float, turned))
    down, across = map(float, step)
    return Place(tuple(map(float, origin)), numbers[:3], numbers[3:], (down, across))
