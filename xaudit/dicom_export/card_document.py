"""The card as an encapsulated PDF, of a patient of its own: it is about a whole study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xaudit import __version__
from xaudit.core.record.finding import Findings
from xaudit.dicom_export.library import MAKER, own_code, uid_of

if TYPE_CHECKING:
    from pydicom import Dataset

ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"


def card_document(findings: Findings, pdf: bytes) -> Dataset:
    """The printed card as a DICOM object.

    Args:
        findings: of the audit.
        pdf: the card.
    """
    from pydicom.dataset import Dataset, FileMetaDataset  # noqa: PLC0415
    from pydicom.uid import UID, ExplicitVRLittleEndian  # noqa: PLC0415

    audit, ds = findings.audit, Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = UID(ENCAPSULATED_PDF)
    uid = UID(uid_of(audit.plan_sha256, "card"))
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientID = f"{MAKER}^model card", f"{MAKER}-{audit.plan_sha256[:12]}"
    ds.PatientBirthDate = ds.PatientSex = ds.AccessionNumber = ds.StudyID = ""
    ds.ReferringPhysicianName = ds.StudyDate = ds.StudyTime = ds.Laterality = ""
    ds.ContentDate = ds.ContentTime = ""
    ds.StudyInstanceUID = uid_of(audit.plan_sha256, "study")
    ds.SeriesInstanceUID = uid_of(audit.plan_sha256, "series")
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = "DOC", 9005, 1
    ds.Manufacturer = ds.ManufacturerModelName = MAKER
    ds.SoftwareVersions = __version__
    ds.ConversionType, ds.BurnedInAnnotation, ds.AcquisitionDateTime = "WSD", "NO", ""
    ds.DocumentTitle = f"{findings.detector.name} {findings.detector.version}"
    ds.ConceptNameCodeSequence = [own_code("model card")]
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    ds.EncapsulatedDocumentLength = len(pdf)
    return ds
