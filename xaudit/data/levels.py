"""Group columns: numbers into bins, and which columns have few enough levels for a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

MAX_LEVELS = 24
UNKNOWN = "unknown"


def bin_name(text: str, borders: Sequence[float]) -> str:
    """The bin of a number: "under 5", "5 to under 12", "12 and over"; empty text is unknown.

    Args:
        text: a finite number.
        borders: inner borders, ascending; a border belongs to the bin above it.

    Raises:
        ValueError: the text is no finite number.
    """
    if not text:
        return UNKNOWN
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


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
