"""Small changes of a radiograph that leave its reading alone, in physical units."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image
from scipy import ndimage

from xaudit.core.case import BoolArray, FloatArray, PreparedCase

_NOISE_GRAY_LEVELS = 2
_EXPOSURE = 1.05
_DEGREES = 2.0
_JPEG_QUALITY = 75
_RESAMPLED = 0.75
_SMOOTHING = 0.15
"""Noise of smoothed maps, as a share of the range of the image (Smilkov et al. 2017)."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One small change of an image.

    Attributes:
        says: what is done, for a reader.
        change: (C, H, W) in [0, 1] and a seed → the same, changed.
        degrees: by which the change turns the image, counterclockwise; maps are turned back.
    """

    says: str
    change: Callable[[FloatArray, int], FloatArray]
    degrees: float = 0.0


def disturbed(case: PreparedCase, disturbance: Disturbance, seed: int) -> PreparedCase:
    """The case with its image changed; padding stays as it is.

    It keeps its id, so that methods draw the same random numbers for both: what differs between
    the maps comes from the change.

    Args:
        case: on the input grid.
        disturbance: what changes.
        seed: of what is random in it.
    """
    changed = np.clip(disturbance.change(_continued(case), seed), 0, 1)
    image = np.where(case.inside, changed, case.image).astype(np.float32)
    return replace(case, image=image)


def noisy_copies(case: PreparedCase, count: int, seed: int) -> list[PreparedCase]:
    """Copies of a case with independent noise, each a case of its own.

    Args:
        case: on the input grid.
        count: of copies.
        seed: of the noise.
    """
    level = _SMOOTHING * float(np.ptp(case.image[:, case.inside])) if case.inside.any() else 0.0
    copies = []
    for number in range(count):
        noise = np.random.default_rng((seed, number)).standard_normal(case.image.shape)
        image = np.where(case.inside, case.image + level * noise, case.image).astype(np.float32)
        name = f"{case.case.case_id}#{number}"
        copies.append(replace(case, case=replace(case.case, case_id=name), image=image))
    return copies


def _continued(case: PreparedCase) -> FloatArray:
    """The image with its border continued into the padding, which must not bleed into it."""
    if case.inside.all() or not case.inside.any():
        return case.image
    nearest = ndimage.distance_transform_edt(
        ~case.inside, return_distances=False, return_indices=True
    )
    return np.asarray(case.image[:, *nearest])


def mapped_back(values: FloatArray, disturbance: Disturbance) -> FloatArray:
    """A map of the changed image on the grid of the image itself; (H, W) → (H, W)."""
    return _turned(values, -disturbance.degrees) if disturbance.degrees else values


def in_both(inside: BoolArray, disturbance: Disturbance) -> BoolArray:
    """The pixels whose map can be compared: inside the image before and after; (H, W)."""
    if not disturbance.degrees:
        return inside
    # Zeros from beyond the frame: what the turn brings in was never seen.
    there = ndimage.rotate(inside.astype(np.float32), disturbance.degrees, reshape=False, order=1)
    back = ndimage.rotate(there, -disturbance.degrees, reshape=False, order=1)
    return np.asarray((back > 0.999) & inside)


def _turned(values: FloatArray, degrees: float) -> FloatArray:
    return np.asarray(
        ndimage.rotate(values, degrees, axes=(-1, -2), reshape=False, order=1, mode="nearest"),
        dtype=np.float32,
    )


def _noise(image: FloatArray, seed: int) -> FloatArray:
    draw = np.random.default_rng(seed).standard_normal(image.shape[1:], np.float32)
    return np.asarray(image + _NOISE_GRAY_LEVELS / 255 * draw, dtype=np.float32)


def _plane_by_plane(change: Callable[[FloatArray], FloatArray], image: FloatArray) -> FloatArray:
    return np.stack([change(plane) for plane in image]).astype(np.float32)


def _jpeg(image: FloatArray, _: int) -> FloatArray:
    def through(plane: FloatArray) -> FloatArray:
        file = io.BytesIO()
        levels = np.rint(np.clip(plane, 0, 1) * 255).astype(np.uint8)
        Image.fromarray(levels).save(file, "JPEG", quality=_JPEG_QUALITY)
        return np.asarray(np.asarray(Image.open(file)) / 255, dtype=np.float32)

    return _plane_by_plane(through, image)


def _resample(image: FloatArray, _: int) -> FloatArray:
    def through(plane: FloatArray) -> FloatArray:
        height, width = plane.shape
        small = (round(width * _RESAMPLED), round(height * _RESAMPLED))
        picture = Image.fromarray(plane).resize(small, Image.Resampling.BILINEAR)
        return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))

    return _plane_by_plane(through, image)


DISTURBANCES: Mapping[str, Disturbance] = {
    "noise": Disturbance(f"noise of {_NOISE_GRAY_LEVELS} of 255 gray levels", _noise),
    "exposure": Disturbance(
        f"{_EXPOSURE - 1:.0%} more signal", lambda image, _: np.asarray(image * _EXPOSURE)
    ),
    "rotate_left": Disturbance(
        f"turned by {_DEGREES:g}° counterclockwise",
        lambda image, _: _turned(image, _DEGREES),
        _DEGREES,
    ),
    "rotate_right": Disturbance(
        f"turned by {_DEGREES:g}° clockwise",
        lambda image, _: _turned(image, -_DEGREES),
        -_DEGREES,
    ),
    "jpeg": Disturbance(f"JPEG of quality {_JPEG_QUALITY} and back", _jpeg),
    "resample": Disturbance(f"{_RESAMPLED:.0%} of the pixels a side and back", _resample),
}
