"""The port for corruptions of radiographs: what they do, how severely, and how they are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.message import Sentence
from xaudit.core.registry import Registry

# A radiograph (C, H, W) in [0, 1], a severity, a seed → the same, degraded.
Change = Callable[[FloatArray, float, int], FloatArray]
# Lesions (L, H, W), a severity → where the change has moved them.
Move = Callable[[BoolArray, float], BoolArray]


@dataclass(frozen=True, slots=True)
class Corruption:
    """One way in which radiographs are degraded.

    Attributes:
        title: how the card calls it.
        unit: what the severities are measured in, for a reader.
        severities: from mild to severe.
        change: what is done to an image.
        move: what it does to lesions; None where they stay.
    """

    title: Sentence
    unit: Sentence
    severities: tuple[float, ...]
    change: Change
    move: Move | None = None


CORRUPTIONS: Registry[Corruption] = Registry(
    "corruption", entry_points="xaudit.corruptions", package="xaudit.data.corruptions"
)
