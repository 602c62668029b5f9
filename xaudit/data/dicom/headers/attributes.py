"""Attributes of an object that become groups; what is not named here never leaves the reader."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xaudit.data.dicom.headers.age import age_in_years

if TYPE_CHECKING:
    from pydicom import Dataset

TAGS = (
    "PatientAge", "PatientBirthDate", "StudyDate", "PatientSex", "ViewPosition",
    "ImageLaterality", "Laterality", "BodyPartExamined", "Manufacturer", "ManufacturerModelName",
    "DetectorType",
)  # fmt: skip
SITE_TAGS = {"institution": "InstitutionName", "station": "StationName"}
"""Column → attribute that names the place, which is told by a hash."""
COLUMNS = (
    "age", "sex", "view", "laterality", "body_part", "manufacturer", "model", "detector",
)  # fmt: skip
_CODE = re.compile(r"[A-Z0-9_][A-Z0-9 _]{0,15}")
_LONGEST = 64


def attributes_of(ds: Dataset) -> dict[str, str]:
    """Column → value; empty text where nothing, or nothing of its kind, is recorded.

    Age is in years, for bins; it is never told as a number.

    Args:
        ds: with the attributes of `TAGS`.
    """
    age = age_in_years(
        _text(ds, "PatientAge"), _text(ds, "PatientBirthDate"), _text(ds, "StudyDate")
    )
    sex = _code(ds, "PatientSex")
    return {
        "age": "" if age is None else f"{age:.4f}",
        "sex": sex if sex in {"F", "M", "O"} else "",
        "view": _code(ds, "ViewPosition"),
        "laterality": _code(ds, "ImageLaterality") or _code(ds, "Laterality"),
        "body_part": _code(ds, "BodyPartExamined"),
        "manufacturer": _name(ds, "Manufacturer"),
        "model": _name(ds, "ManufacturerModelName"),
        "detector": _code(ds, "DetectorType"),
    }


def places_of(ds: Dataset) -> dict[str, str]:
    """Column of `SITE_TAGS` → the name of the place; empty text where none is recorded."""
    return {column: _name(ds, tag) for column, tag in SITE_TAGS.items()}


def _text(ds: Dataset, tag: str) -> str:
    value = ds.get(tag)
    return "" if value is None else str(value).strip()


def _code(ds: Dataset, tag: str) -> str:
    """A code string of the standard: 16 capital letters, digits, spaces; nothing else is told."""
    text = " ".join(_text(ds, tag).upper().split())
    return text if _CODE.fullmatch(text) else ""


def _name(ds: Dataset, tag: str) -> str:
    text = " ".join(_text(ds, tag).split())
    return text if text.isprintable() and len(text) <= _LONGEST else ""
