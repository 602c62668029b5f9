"""Group columns: numbers into bins, texts merged, and which have few enough levels for a table."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from xaudit.core.message import Message
from xaudit.data.tables.numbers import number

MAX_LEVELS = 24
UNKNOWN = "unknown"
OTHERS = "*"
"""Among the texts of a merged level: all that no other level names."""

Merge = Mapping[str, tuple[str, ...]]
"""Name of a level → the texts that it takes."""


def bin_name(text: str, borders: Sequence[float]) -> str:
    """The bin of a number: "under 5", "5 to under 12", "12 and over"; empty text stays empty.

    Args:
        text: a finite number.
        borders: inner borders, ascending; a border belongs to the bin above it.

    Raises:
        ValueError: the text is no finite number.
    """
    if not text:
        return ""
    value = _number(text)
    if value is None:
        raise ValueError(f"expected a number, got {text!r}")
    above = sum(value >= border for border in borders)
    if above == 0:
        return f"under {borders[0]:g}"
    if above == len(borders):
        return f"{borders[-1]:g} and over"
    return f"{borders[above - 1]:g} to under {borders[above]:g}"


def too_many_levels(values: Iterable[str]) -> bool:
    """Whether a column has more levels than a table can show (24; numbers: 12)."""
    levels = {value for value in values if value}
    numbers = all(_number(level) is not None for level in levels)
    return len(levels) > (MAX_LEVELS // 2 if numbers else MAX_LEVELS)


def merged(text: str, merge: Merge) -> str:
    """The level that takes this text; the text itself where none does, and where it is empty."""
    if not text:
        return ""
    named = (name for name, texts in merge.items() if text in texts)
    rest = (name for name, texts in merge.items() if OTHERS in texts)
    return next(named, next(rest, text))


def merge_problems(key: str, merge: Merge, values: Collection[str]) -> Iterator[str]:
    """What is wrong with levels that take several texts: typing errors, and texts taken twice.

    Args:
        key: where they stand in the audit file.
        merge: as declared.
        values: texts of the column.
    """
    taken = [text for texts in merge.values() for text in texts]
    for text in dict.fromkeys(taken):
        if taken.count(text) > 1:
            yield f"{key}: {text!r} is taken by two levels"
        elif text != OTHERS and text not in values:
            yield f"{key}: the column has no value {text!r}"


def remedy(values: Iterable[str], bins: str, merge: str) -> str:
    """What can be declared of a column with too many levels.

    Args:
        values: texts of the column.
        bins: key under which numbers get borders.
        merge: key under which texts get a common name.
    """
    levels = sorted({value for value in values if value})
    texts = [level for level in levels if _number(level) is None]
    some = ", ".join(map(repr, texts[:2]))
    named = f'{merge}: {{NAME: [{some}, ...], other: ["{OTHERS}"]}}'
    if not texts:
        return Message("declare borders of numbers under {key}", key=bins)
    if len(texts) == len(levels):
        return Message("merge texts under a common name, {key}", key=named)
    return Message(
        "declare borders under {bins} if it holds numbers ({text} is none), or merge texts under a "
        "common name, {key}",
        bins=bins,
        text=repr(texts[0]),
        key=named,
    )


def _number(text: str) -> float | None:
    try:
        value = number(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
