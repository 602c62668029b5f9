"""Small changes of a radiograph that leave its reading alone, in physical units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from xaudit.core.case import BoolArray, FloatArray, PreparedCase
from xaudit.core.grid import Grid
from xaudit.core.message import Message
from xaudit.data.corruptions.jpeg import through_jpeg
from xaudit.data.corruptions.noise import add_noise
from xaudit.data.corruptions.resolution import resample
from xaudit.data.transforms.corruption import Change
from xaudit.data.transforms.degrade import changed, expose, turn

_DEGREES = 2.0
_SMOOTHING = 0.15
"""Noise of smoothed maps, as a share of the range of the image (Smilkov et al. 2017)."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One small change of an image.

    Attributes:
        says: what is done, for a reader.
        change: as a corruption has it.
        severity: of the change.
    """

    says: str
    change: Change
    severity: float

    @property
    def degrees(self) -> float:
        """By which the image is turned, counterclockwise; maps are turned back."""
        return self.severity if self.change is turn else 0.0


def disturbed(case: PreparedCase, disturbance: Disturbance, seed: int) -> PreparedCase:
    """The case with its image changed; padding stays as it is.

    It keeps its id, so that methods draw the same random numbers for both: what differs between
    the maps comes from the change.

    Args:
        case: on the input grid.
        disturbance: what changes.
        seed: of what is random in it.
    """
    return changed(case, disturbance.change, disturbance.severity, seed)


def noisy_copies(case: PreparedCase, count: int, seed: int) -> list[PreparedCase]:
    """Copies of a case with independent noise, each a case of its own.

    Args:
        case: on the input grid.
        count: of copies.
        seed: of the noise.
    """
    level = _SMOOTHING * float(np.ptp(case.image[:, case.shown])) if case.shown.any() else 0.0
    copies = []
    for number in range(count):
        noise = np.random.default_rng((seed, number)).standard_normal(case.image.shape)
        image = np.where(case.shown, case.image + level * noise, case.image).astype(np.float32)
        name = f"{case.case.case_id}#{number}"
        copies.append(replace(case, case=replace(case.case, case_id=name), image=image))
    return copies


def mapped_back(values: FloatArray, disturbance: Disturbance, grid: Grid) -> FloatArray:
    """A map of the changed image on the grid of the image itself; (H, W) → (H, W)."""
    if not disturbance.degrees:
        return values
    return grid.by_view(lambda own: turn(own[None], -disturbance.degrees)[0], values)


def in_both(inside: BoolArray, disturbance: Disturbance, grid: Grid) -> BoolArray:
    """The pixels whose map can be compared: inside the image before and after; (H, W)."""
    if not disturbance.degrees:
        return inside
    return grid.by_view(lambda own: _in_both(own, disturbance), inside)


def _in_both(inside: BoolArray, disturbance: Disturbance) -> BoolArray:
    # Zeros from beyond the frame: what the turn brings in was never seen.
    there = ndimage.rotate(inside.astype(np.float32), disturbance.degrees, reshape=False, order=1)
    back = ndimage.rotate(there, -disturbance.degrees, reshape=False, order=1)
    return np.asarray((back > 0.999) & inside)


DISTURBANCES: Mapping[str, Disturbance] = {
    "noise": Disturbance(Message("noise of 2 of 255 gray levels"), add_noise, 2),
    "exposure": Disturbance(Message("5% more signal"), expose, 105),
    "rotate_left": Disturbance(
        Message("turned by {n:g}° counterclockwise", n=_DEGREES), turn, _DEGREES
    ),
    "rotate_right": Disturbance(Message("turned by {n:g}° clockwise", n=_DEGREES), turn, -_DEGREES),
    "jpeg": Disturbance(Message("JPEG of quality 75 and back"), through_jpeg, 75),
    "resample": Disturbance(Message("75% of the pixels a side and back"), resample, 75),
}
