"""Identity of patients in what is exported: left out unless it is asked for."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import Dataset

PATIENT = (
    "PatientName", "PatientID", "IssuerOfPatientID", "OtherPatientIDs", "OtherPatientIDsSequence",
    "PatientBirthDate", "PatientBirthTime", "PatientSex", "PatientAge", "PatientSize",
    "PatientWeight", "PatientAddress", "PatientComments", "PatientMotherBirthName",
    "MedicalRecordLocator", "EthnicGroup", "Occupation", "AdditionalPatientHistory",
    "PatientTelephoneNumbers", "OtherPatientNames", "ResponsiblePerson",
    "ReferringPhysicianName", "StudyDate", "StudyTime", "AccessionNumber", "StudyID",
    "StudyDescription", "IssuerOfAccessionNumberSequence", "PhysiciansOfRecord",
    "NameOfPhysiciansReadingStudy", "AdmittingDiagnosesDescription", "InstitutionName",
    "InstitutionAddress", "InstitutionalDepartmentName", "StationName", "OperatorsName",
    "PerformingPhysicianName", "RequestingPhysician", "DeviceSerialNumber",
    "ReferencedStudySequence", "ReferencedPatientSequence", "ProcedureCodeSequence",
    "RequestAttributesSequence", "ClinicalTrialSponsorName", "ClinicalTrialSubjectID",
)  # fmt: skip
"""Attributes of patient, study and place that objects of a study share (PS3.3, C.7.1 to C.7.2)."""
TYPE_2 = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "AccessionNumber", "StudyID", "ReferringPhysicianName",
)  # fmt: skip
"""Of these, those that may be empty and may not be missing."""


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
    from pydicom.dataset import Dataset  # noqa: PLC0415

    kept = Dataset()
    for element in deepcopy(image):
        # Groups of odd number are private.
        if element.keyword and element.keyword not in PATIENT and not element.tag.is_private:
            kept.add(element)
    for keyword in TYPE_2:
        setattr(kept, keyword, "")
    kept.PatientID = case_id
    if hasattr(image, "file_meta"):
        kept.file_meta = deepcopy(image.file_meta)
    return kept
