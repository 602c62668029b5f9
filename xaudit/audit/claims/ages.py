"""Levels of an age column as ranges of years."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import inf

from xaudit.core.message import Message

Range = tuple[float, float]

_NUMBER = r"(\d+(?:\.\d+)?)"
_FORMS = (
    (rf"(?:under|<)\s*{_NUMBER}", lambda a: (0.0, a)),
    (rf"{_NUMBER}\s*(?:and over|\+)|(?:≥|>=)\s*{_NUMBER}", lambda a: (a, inf)),
    (rf"{_NUMBER}\s*(?:to under|–\s*<|-\s*<)\s*{_NUMBER}", lambda a, b: (a, b)),
    # Whole years: "16-39" ends on the day before the fortieth birthday.
    (rf"{_NUMBER}\s*(?:-|–|to)\s*{_NUMBER}", lambda a, b: (a, b + 1)),
    (_NUMBER, lambda a: (a, a + 1)),
)


def years(level: str) -> Range | None:
    """The ages of a level, from the first to under the second; None if it names none.

    Args:
        level: "under 5", "5 to under 12", "12 and over", "16-39", "65+", "34".
    """
    for pattern, make in _FORMS:
        found = re.fullmatch(pattern, level.strip())
        if found:
            numbers = [float(group) for group in found.groups() if group is not None]
            low, high = make(*numbers)
            return (low, high) if low < high else None
    return None


def gaps(wanted: Range, covered: Iterable[Range]) -> list[Range]:
    """Parts of a range that no other range covers, in order."""
    open_from, missing = wanted[0], []
    for low, high in sorted(covered):
        if open_from < min(low, wanted[1]):
            missing.append((open_from, min(low, wanted[1])))
        open_from = max(open_from, high)
    if open_from < wanted[1]:
        missing.append((open_from, wanted[1]))
    return missing


def in_words(ages: Range) -> Message:
    """A range as a reader says it: "2 to under 18", "65 and over"."""
    low, high = ages
    if high == inf:
        return Message("every age") if low == 0 else Message("{low:g} and over", low=low)
    if low == 0:
        return Message("under {high:g}", high=high)
    return Message("{low:g} to under {high:g}", low=low, high=high)
