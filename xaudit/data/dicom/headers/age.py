"""Ages as DICOM writes them, in years."""

from __future__ import annotations

import re
from datetime import date

BORDERS = (2.0, 12.0, 18.0, 40.0, 65.0)
"""Inner borders of the age groups where an audit file declares none."""
OLDEST = 89
"""Ages above are one group: with few other facts they name a person (HIPAA, 45 CFR 164.514)."""

_AGE = re.compile(r"(\d{3})([DWMY])")
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_A_YEAR = {"D": 365.25, "W": 365.25 / 7, "M": 12.0, "Y": 1.0}


def age_in_years(text: str, born: str = "", studied: str = "") -> float | None:
    """The age at the study; None where it is not recorded.

    Args:
        text: PatientAge: ``045Y``, ``018M``, ``003W``, ``010D``.
        born: PatientBirthDate, which counts where there is no age.
        studied: StudyDate.
    """
    if found := _AGE.fullmatch(text.strip().upper()):
        return int(found[1]) / _A_YEAR[found[2]]
    first, last = _date(born), _date(studied)
    if first is None or last is None or last < first:
        return None
    whole = last.year - first.year - ((last.month, last.day) < (first.month, first.day))
    return float(whole) if whole else (last - first).days / 365.25


def _date(text: str) -> date | None:
    found = _DATE.fullmatch(text.strip())
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
