"""Corruptions of radiographs, at severities in physical units (Hendrycks and Dietterich 2019)."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image
from scipy import ndimage

from xaudit.core.case import FloatArray, PreparedCase
from xaudit.data.transforms.geometry import keep_thin

# A radiograph (C, H, W) in [0, 1], a severity, a seed → the same, degraded.
Change = Callable[[FloatArray, float, int], FloatArray]


@dataclass(frozen=True, slots=True)
class Corruption:
    """One way in which radiographs are degraded.

    Attributes:
        unit: what the severities are measured in, for a reader.
        severities: from mild to severe.
        change: what is done to an image.
    """

    unit: str
    severities: tuple[float, ...]
    change: Change

    def says(self, severity: float) -> str:
        """A severity in words: "5 of 255 gray levels"."""
        return f"{severity:g} {self.unit}"


def degraded(
    case: PreparedCase, corruption: Corruption, severity: float, seed: int
) -> PreparedCase:
    """The case as a degraded radiograph; padding stays as it is, the reference standard too.

    Args:
        case: on the input grid.
        corruption: in which way.
        severity: one of its severities.
        seed: of what is random in it.
    """
    return changed(case, corruption.change, severity, seed)


def changed(case: PreparedCase, change: Change, severity: float, seed: int) -> PreparedCase:
    """Like `degraded`, for a change that is no corruption of the list."""
    after = np.clip(change(continued(case), severity, seed), 0, 1)
    return replace(case, image=np.where(case.shown, after, case.image).astype(np.float32))


def degraded_lesions(case: PreparedCase, corruption: Corruption, severity: float) -> PreparedCase:
    """The case with its lesions where the corruption has moved them; most move nothing.

    A lesion that is thinner than a pixel stays a pixel wide.

    Args:
        case: its image already degraded.
        corruption: in which way.
        severity: one of its severities.
    """
    if corruption.change is not turn or not len(case.lesions):
        return case
    planes = ndimage.rotate(
        case.lesions.astype(np.float64), severity, axes=(-1, -2), reshape=False, order=1
    )
    return replace(case, lesions=np.stack([keep_thin(plane) for plane in planes]))


def continued(case: PreparedCase) -> FloatArray:
    """The image with its border continued into the padding, which must not bleed into it."""
    if case.shown.all() or not case.shown.any():
        return case.image
    nearest = ndimage.distance_transform_edt(
        ~case.shown, return_distances=False, return_indices=True
    )
    return np.asarray(case.image[:, *nearest])


def add_noise(image: FloatArray, gray_levels: float, seed: int) -> FloatArray:
    """Normal noise, its standard deviation in gray levels of 255; the same in every channel."""
    draw = np.random.default_rng(seed).standard_normal(image.shape[1:], np.float32)
    return np.asarray(image + gray_levels / 255 * draw, dtype=np.float32)


def blur(image: FloatArray, pixels: float, _: int = 0) -> FloatArray:
    """A Gaussian point spread, its standard deviation in pixels of the input grid."""
    return np.asarray(ndimage.gaussian_filter(image, (0, pixels, pixels), mode="nearest"))


def reduce_contrast(image: FloatArray, percent: float, _: int = 0) -> FloatArray:
    """Gray values pulled towards their mean, so that so many percent of the contrast are left."""
    mean = image.mean(axis=(1, 2), keepdims=True)
    return np.asarray(mean + percent / 100 * (image - mean), dtype=np.float32)


def expose(image: FloatArray, percent: float, _: int = 0) -> FloatArray:
    """So many percent of the signal; what goes beyond the range is cut off."""
    return np.asarray(image * (percent / 100), dtype=np.float32)


def turn(image: FloatArray, degrees: float, _: int = 0) -> FloatArray:
    """Turned counterclockwise around the center, the border continued."""
    return np.asarray(
        ndimage.rotate(image, degrees, axes=(-1, -2), reshape=False, order=1, mode="nearest"),
        dtype=np.float32,
    )


def through_jpeg(image: FloatArray, quality: float, _: int = 0) -> FloatArray:
    """Compressed at this quality, 1 to 95, and back."""

    def through(plane: FloatArray) -> FloatArray:
        file = io.BytesIO()
        levels = np.rint(np.clip(plane, 0, 1) * 255).astype(np.uint8)
        Image.fromarray(levels).save(file, "JPEG", quality=round(quality))
        return np.asarray(np.asarray(Image.open(file)) / 255, dtype=np.float32)

    return np.stack([through(plane) for plane in image])


def resample(image: FloatArray, percent: float, _: int = 0) -> FloatArray:
    """So many percent of the pixels a side, and back, with bilinear weights."""

    def through(plane: FloatArray) -> FloatArray:
        height, width = plane.shape
        small = (max(1, round(width * percent / 100)), max(1, round(height * percent / 100)))
        picture = Image.fromarray(plane).resize(small, Image.Resampling.BILINEAR)
        return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))

    return np.stack([through(plane) for plane in image]).astype(np.float32)


CORRUPTIONS: Mapping[str, Corruption] = {
    "noise": Corruption("of 255 gray levels of noise", (2, 5, 10, 20), add_noise),
    "blur": Corruption("pixels of blur", (0.5, 1, 2, 4), blur),
    "contrast": Corruption("% of the contrast", (80, 60, 40, 20), reduce_contrast),
    "underexposure": Corruption("% of the signal", (90, 75, 60, 45), expose),
    "overexposure": Corruption("% of the signal", (110, 125, 150, 200), expose),
    "rotation": Corruption("degrees", (2, 5, 10, 20), turn),
    "jpeg": Corruption("of 100, JPEG quality", (75, 50, 25, 10), through_jpeg),
    "resolution": Corruption("% of the pixels a side", (75, 50, 25, 12.5), resample),
}
