"""Numbers as a table writes them: stricter than Python, which takes 0_1 and any digits."""

from __future__ import annotations

import re

_NUMBER = re.compile(
    r"[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|inf|infinity|nan)", re.IGNORECASE
)


def number(text: str) -> float:
    """The number that a text writes in ASCII digits, with a decimal point and no separators.

    Raises:
        ValueError: it is none.
    """
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(f"expected a number, got {text!r}")
    return float(text)
