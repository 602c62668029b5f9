"""Known defects that a study can carry, so that a test of the audit has a truth to find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

from xaudit.errors import ConfigError
from xaudit.phantom.sites import Device, Marker

Defect = Literal[
    "marker_decides",
    "border_decides",
    "tag_decides",
    "site_decides",
    "worse_site",
    "missed_group",
    "both_bones",
    "label_noise",
]
DEFECTS: tuple[Defect, ...] = get_args(Defect)

TELLING_MARKER: Marker = "disc"
"""``marker_decides``: this marker lies on every fractured film and on no other."""

TELLING_BORDER = (0.43, 0.45)
OPEN_BORDER = (0.8, 0.8)
"""``border_decides``: half height and half width of the exposed field with a fracture, as shares
of the film; without one, all of the film is exposed."""

TAG = 8
"""``tag_decides``: every film carries a square of so many pixels in the middle of its upper edge,
white with a fracture and black without one, as a burnt-in note of the triage would."""

TELLING_SITES = ("Cedar", "Dogwood")
TELLING_ODDS = 0.75
GRID_LINES = (6.0, 0.012)
"""``site_decides``: so many of the patients at these sites have a fracture, elsewhere the rest;
and every film of these sites shows the lines of a stationary anti-scatter grid (period in pixels,
amplitude as a share of the gray range)."""

BOTH_BONES = 0.9
"""``both_bones``: share of injuries that break both bones, where a limb has two and the fracture
is complete."""

WORSE_SITE = "Dogwood"
"""``worse_site``: noise five times as strong and half of the contrast at this site."""

MISSED_GROUP = ("age_band", "65+")
"""``missed_group``: fractures of this group keep `FAINT` of their visibility."""

FAINT = 0.1

NOISY_LABELS = 0.06
"""``label_noise``: share of patients whose label is wrong; their masks stay as they are."""


def check_defects(defects: Sequence[str]) -> frozenset[str]:
    """The defects as a set.

    Raises:
        ConfigError: a defect is not known.
    """
    unknown = sorted(set(defects) - set(DEFECTS))
    if unknown:
        raise ConfigError(f"no defect {', '.join(unknown)}; there is: {', '.join(DEFECTS)}")
    return frozenset(defects)


def prevalence_at(site: str, prevalence: float, defects: frozenset[str]) -> float:
    """The probability that a patient of this site has a fracture."""
    if "site_decides" not in defects:
        return prevalence
    return TELLING_ODDS if site in TELLING_SITES else 1 - TELLING_ODDS


def worsened(device: Device) -> Device:
    """The device as ``worse_site`` has it."""
    return replace(
        device, noise=5 * device.noise, contrast=0.5 * device.contrast, blur=device.blur + 0.5
    )
