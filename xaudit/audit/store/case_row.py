"""One case after scoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xaudit.core.case import CaseIssue


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case after scoring; ``logit`` is None where it could not be read.

    Attributes:
        patient: a code that tells patients apart and names none; see `PatientKey`.
        lesions: lesions on the input grid.
        sampled: whether it is in the sample to explain.
        image_sha256: of the image file; None where there is none or it cannot be read.
        fold: of a cross-validation, in which the detector had not seen the case.
        pixel_mm: height and width of a pixel of the input grid; None if not known.
    """

    case_id: str
    patient: str
    label: bool
    groups: Mapping[str, str]
    logit: float | None
    lesions: int
    form: str
    sampled: bool
    issues: tuple[CaseIssue, ...] = ()
    image_sha256: str | None = None
    fold: str | None = None
    pixel_mm: tuple[float, ...] | None = None
