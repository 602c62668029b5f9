"""Known defects that a study can carry, so that a test of the audit has a truth to find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

from xaudit.data.phantom.sites import Device, Marker
from xaudit.errors import ConfigError

Defect = Literal["marker_decides", "worse_site", "missed_group", "label_noise"]
DEFECTS: tuple[Defect, ...] = get_args(Defect)

TELLING_MARKER: Marker = "disc"
"""``marker_decides``: this marker lies on every fractured film and on no other."""

WORSE_SITE = "Dogwood"
"""``worse_site``: noise three times as strong and 0.6 of the contrast at this site."""

MISSED_GROUP = ("age_band", "65+")
"""``missed_group``: fractures of this group keep `FAINT` of their visibility."""

FAINT = 0.18

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


def worsened(device: Device) -> Device:
    """The device as ``worse_site`` has it."""
    return replace(
        device, noise=3 * device.noise, contrast=0.6 * device.contrast, blur=device.blur + 0.5
    )
