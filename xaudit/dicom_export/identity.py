"""Identity of patients in what is exported: left out unless it is asked for."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import Dataset

KEPT = (
    "SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID",
    "SeriesInstanceUID", "FrameOfReferenceUID", "Modality", "Rows", "Columns", "NumberOfFrames",
    "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "PixelSpacing", "ImagerPixelSpacing",
    "ImagePositionPatient", "ImageOrientationPatient", "PatientOrientation", "Laterality",
    "RescaleSlope", "RescaleIntercept", "RescaleType", "WindowCenter", "WindowWidth",
    "VOILUTFunction", "PresentationLUTShape",
)  # fmt: skip
"""What is known of a radiograph that has no patient: which one it is, its pixels and its side."""
TABLES = ("ModalityLUTSequence", "VOILUTSequence")
"""Lookup tables, whose explanation is a text that somebody wrote."""
TYPE_2 = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "AccessionNumber", "StudyID", "ReferringPhysicianName",
)  # fmt: skip
"""What objects of a study share, may be empty and may not be missing (PS3.3, C.7.1 and C.7.2)."""


def with_patient(image: Dataset) -> Dataset:
    """The object with all that objects of its study have to state, empty where it does not."""
    kept = deepcopy(image)
    for keyword in TYPE_2:
        if keyword not in kept:
            setattr(kept, keyword, "")
    return kept


def without_patient(image: Dataset, case_id: str) -> Dataset:
    """The object without who, when and where; UIDs stay, as they say what is pointed at.

    Args:
        image: of the radiograph, without pixels.
        case_id: stands where the id of the patient stood.
    """
    from pydicom.dataset import Dataset, FileMetaDataset  # noqa: PLC0415

    kept = Dataset()
    kept.file_meta = FileMetaDataset()
    syntax = getattr(image, "file_meta", {}).get("TransferSyntaxUID")
    if syntax is not None:
        kept.file_meta.TransferSyntaxUID = syntax
    for keyword in (*KEPT, *TABLES):
        if keyword in image:
            kept[keyword] = deepcopy(image[keyword])
    for keyword in TABLES:
        for table in kept.get(keyword) or ():
            table.pop("LUTExplanation", None)
    for keyword in TYPE_2:
        setattr(kept, keyword, "")
    kept.PatientID = case_id
    return kept
