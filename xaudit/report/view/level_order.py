"""The order in which levels of a group stand on the card."""

from __future__ import annotations

import re
from collections.abc import Iterable

from xaudit.core.record.finding import CROSS

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_LAST = {"not recorded", "unknown"}

Key = tuple[int, float, int, str]


def in_order(levels: Iterable[str]) -> list[str]:
    """Numbers and ranges by their size, words by the alphabet, what is not recorded last.

    Args:
        levels: names; those of an intersection are ordered by their first part, then the second.
    """
    return sorted(levels, key=lambda level: [_key(part) for part in level.split(CROSS)])


def _key(part: str) -> Key:
    if part in _LAST:
        return 2, 0.0, 0, part
    text = part.removeprefix("under ")
    number = _NUMBER.match(text)
    if number is None:
        return 1, 0.0, 0, part
    # "under 5" stands before "5 to under 12".
    return 0, float(number[0]), 0 if text != part else 1, part
