"""Paper that a card is printed on."""

from __future__ import annotations

from enum import StrEnum


class Paper(StrEnum):
    """Formats that a card is printed on."""

    a4 = "A4"
    letter = "Letter"
