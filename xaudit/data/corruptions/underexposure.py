"""Exposure that is too short: less signal."""

from __future__ import annotations

from xaudit.core.message import Message
from xaudit.data.transforms.corruption import CORRUPTIONS, Corruption
from xaudit.data.transforms.degrade import expose

CORRUPTIONS.add(
    "underexposure",
    Corruption(Message("Underexposure"), Message("% of the signal"), (90, 75, 60, 45), expose),
)
