"""Names of subgroups that say too much of a person, whatever the size of the subgroup.

45 CFR 164.514(b)(2)(i), the Safe Harbor method of HIPAA: places smaller than a state (B); dates
but for the year, and ages over 89, which may be put together as 90 or older (C).
"""

from __future__ import annotations

import re

OLDEST = 89
_AGE = {"age", "ages", "alter"}
_BIRTH = {"birth", "born", "dob", "yob", "birthyear", "birthdate", "geburtsjahr"}
_PLACE = {
    "site", "sites", "hospital", "clinic", "center", "centre", "institution", "facility", "ward",
    "department", "city", "county", "district", "precinct", "parish", "town", "village", "street",
    "address", "zip", "zipcode", "postcode", "postal", "geocode", "klinik", "ort", "plz",
}  # fmt: skip
_OLDER = re.compile(
    r"(≥|>=)\s*90|>\s*89|90\s*\+|(over|above) 89|90( years)? (or|and) (older|over|above|more)",
    re.IGNORECASE,
)
_MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez)[a-zé]*"
_DATE = re.compile(
    rf"""(?<![\w.-])(?:
        (?P<a>\d{{4}})[-/.](?:\d{{1,2}}(?:[-/.]\d{{1,2}})?|w\d{{1,2}}|q\d)
            (?:[t\ ]\d{{2}}:\d{{2}}\S*)?
      | \d{{1,2}}[-/.](?:\d{{1,2}}[-/.])?(?P<b>\d{{4}})
      | \d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2}}
      | (?P<c>(?:19|20)\d{{2}})(?:0\d|1[0-2])(?:[0-2]\d|3[01])
      | (?:\d{{1,2}}\.?\s+)?{_MONTH}\.?\s+(?:\d{{1,2}}(?:st|nd|rd|th)?,?\s+)?(?P<d>\d{{4}})
      | (?P<e>\d{{4}})\s*q[1-4] | q[1-4]\s*(?P<f>\d{{4}})
    )(?![\w-])""",
    re.IGNORECASE | re.VERBOSE,
)
_NUMBER = re.compile(r"(under |< ?)?(\d+)", re.IGNORECASE)
_CONTACT = re.compile(r"@|://|\bwww\.|\b\d{1,3}(\.\d{1,3}){3}\b")


def is_place(column: str) -> bool:
    """Whether the levels of a column are called after places, by its name."""
    return bool(_words(column) & _PLACE)


def says_too_much(column: str, level: str, year: int) -> bool:
    """Whether a level names a date, an age over 89, an address of the net, or a birth so long ago.

    Args:
        column: its name says whether numbers are ages, or years of birth.
        level: of the column.
        year: in which the audit was made.
    """
    words = _words(column)
    numbers = [int(number) - bool(below) for below, number in _NUMBER.findall(level)]
    if _DATE.search(level) or _CONTACT.search(level):
        return True
    if words & _BIRTH:
        return any(1800 < one < year - OLDEST for one in numbers)
    aged = bool(words & _AGE) and any(one > OLDEST for one in numbers)
    return aged and _OLDER.fullmatch(level.strip()) is None


def years_only(text: str) -> str:
    """A text with the years of its dates; where no year can be told, with nothing of it."""
    return _DATE.sub(
        lambda found: next((group for group in found.groups() if _is_year(group)), "…"), text
    )


def dates_in(text: str) -> int:
    """How many dates a text holds that say more than the year."""
    return sum(1 for _ in _DATE.finditer(text))


def _is_year(found: str | None) -> bool:
    return found is not None and found.isdecimal()


def _words(column: str) -> set[str]:
    """Parts of a column's name: "patientAge_years" is about an age."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)
    return set(re.split(r"[^a-zäöü]+", parted.casefold()))
