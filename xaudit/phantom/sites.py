"""Hospitals and their devices: how each turns what the beam has passed into gray values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Marker = Literal["plain", "boxed", "disc"]


@dataclass(frozen=True, slots=True)
class Device:
    """One X-ray system.

    Attributes:
        name: as the study's ``device`` column has it.
        noise: quantum noise in units of the line integral, behind no tissue.
        blur: standard deviation of the point spread in pixels.
        scatter: share of the signal that is a blurred copy of its surroundings.
        contrast: slope of the display curve around its middle; 1 is full range.
        brightness: added to the middle of the display curve.
        marker: look of the side marker.
    """

    name: str
    noise: float
    blur: float
    scatter: float
    contrast: float
    brightness: float
    marker: Marker


@dataclass(frozen=True, slots=True)
class Site:
    """One hospital: its share of the patients and its devices."""

    name: str
    share: float
    devices: tuple[Device, ...]


SITES: tuple[Site, ...] = (
    Site(
        "Alder",
        0.34,
        (
            Device("DR-1", 0.007, 0.45, 0.10, 1.05, 0.00, "plain"),
            Device("DR-2", 0.009, 0.50, 0.12, 1.00, 0.02, "plain"),
        ),
    ),
    Site("Birch", 0.28, (Device("DR-3", 0.011, 0.55, 0.15, 0.92, 0.03, "boxed"),)),
    Site(
        "Cedar",
        0.22,
        (
            Device("CR-1", 0.017, 0.75, 0.22, 0.85, -0.02, "plain"),
            Device("CR-2", 0.015, 0.70, 0.20, 0.95, 0.05, "boxed"),
        ),
    ),
    Site("Dogwood", 0.16, (Device("MOB-1", 0.020, 0.85, 0.26, 0.82, 0.04, "plain"),)),
)
