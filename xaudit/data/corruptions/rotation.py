"""Rotation of the limb on the detector; lesions turn with it."""

from __future__ import annotations

from xaudit.core.message import Message
from xaudit.data.transforms.corruption import CORRUPTIONS, Corruption
from xaudit.data.transforms.degrade import turn, turn_lesions

CORRUPTIONS.add(
    "rotation",
    Corruption(Message("Rotation"), Message("degrees"), (2, 5, 10, 20), turn, turn_lesions),
)
