"""Exposure that is too long: more signal, cut off where the range ends."""

from __future__ import annotations

from xaudit.core.message import Message
from xaudit.data.transforms.corruption import CORRUPTIONS, Corruption
from xaudit.data.transforms.degrade import expose

CORRUPTIONS.add(
    "overexposure",
    Corruption(Message("Overexposure"), Message("% of the signal"), (110, 125, 150, 200), expose),
)
