"""Corruptions of radiographs, at severities in physical units (Hendrycks and Dietterich 2019)."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np
from scipy import ndimage

from xaudit.core.case import BoolArray, FloatArray, PreparedCase
from xaudit.data.transforms.corruption import Change, Corruption
from xaudit.data.transforms.geometry import keep_thin


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
    # Each view has a seed of its own: noise of one radiograph is not that of another.
    seeds = count(seed)

    def after_change(image: FloatArray, shown: BoolArray) -> FloatArray:
        return change(continued(image, shown), severity, next(seeds))

    after = np.clip(case.grid.by_view(after_change, case.image, case.shown), 0, 1)
    return replace(case, image=np.where(case.shown, after, case.image).astype(np.float32))


def degraded_lesions(case: PreparedCase, corruption: Corruption, severity: float) -> PreparedCase:
    """The case with its lesions where the corruption has moved them; most move nothing.

    Args:
        case: its image already degraded.
        corruption: in which way.
        severity: one of its severities.
    """
    if corruption.move is None or not len(case.lesions):
        return case
    move = corruption.move
    return replace(
        case, lesions=case.grid.by_view(lambda lesions: move(lesions, severity), case.lesions)
    )


def continued(image: FloatArray, shown: BoolArray) -> FloatArray:
    """The image with its border continued into the padding, which must not bleed into it."""
    if shown.all() or not shown.any():
        return image
    nearest = ndimage.distance_transform_edt(~shown, return_distances=False, return_indices=True)
    return np.asarray(image[:, *nearest])


def expose(image: FloatArray, percent: float, _: int = 0) -> FloatArray:
    """So many percent of the signal; what goes beyond the range is cut off."""
    return np.asarray(image * (percent / 100), dtype=np.float32)


def turn(image: FloatArray, degrees: float, _: int = 0) -> FloatArray:
    """Turned counterclockwise around the center, the border continued."""
    return np.asarray(
        ndimage.rotate(image, degrees, axes=(-1, -2), reshape=False, order=1, mode="nearest"),
        dtype=np.float32,
    )


def turn_lesions(lesions: BoolArray, degrees: float) -> BoolArray:
    """Turned as the image; a lesion that is thinner than a pixel stays a pixel wide."""
    planes = ndimage.rotate(
        lesions.astype(np.float64), degrees, axes=(-1, -2), reshape=False, order=1
    )
    return np.stack([keep_thin(plane) for plane in planes])
