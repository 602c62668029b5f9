"""Lesions found one by one: connected components of what is segmented against each lesion.

Components touch over corners (8 neighbors). Those that share a pixel with a lesion are its
segmentation, together: a lesion in two pieces is one lesion. It is found where their intersection
over union reaches a declared overlap. A component is false where it touches no lesion that is
found: whoever paints the whole bone touches every lesion, finds none, and has a false component.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.metric import Score, Undefined, metric
from xaudit.metrics.masks.regions import Spacing, against_lesions, regions_inside

OVERLAP = 0.2
"""Intersection over union from which a rib fracture is found in RibFrac (Jin et al. 2020)."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesionwise:
    """Lesions and components of one image.

    Attributes:
        found: (L,) which lesions inside the image are found.
        false: (C,) which components are false.
    """

    found: BoolArray
    false: BoolArray


def lesionwise(
    predicted: BoolArray, lesions: BoolArray, inside: BoolArray, overlap: float = OVERLAP
) -> Lesionwise:
    """Which lesions are found, and which components are false.

    Args:
        predicted: (H, W) bool.
        lesions: (L, H, W) bool; those without a pixel inside are left out.
        inside: (H, W) bool, False on padding.
        overlap: least intersection over union of a lesion with its components, in (0, 1].

    Raises:
        ValueError: the shapes do not fit, the masks are not bool, or there is no such overlap.
    """
    if not 0 < overlap <= 1:
        raise ValueError(f"expected an overlap above 0 and up to 1, got {overlap}")
    drawn, _ = regions_inside(predicted, lesions, inside)
    labels, count = scipy.ndimage.label(drawn, structure=np.ones((3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    there = [lesion[inside] for lesion in lesions if (lesion & inside).any()]
    shared = [np.bincount(labels[inside][one], minlength=count + 1)[1:] for one in there]
    touched = np.array(shared, dtype=np.intp).reshape(len(there), count)
    areas = np.array([int(one.sum()) for one in there], dtype=np.intp)
    found = _iou(touched, sizes, areas) >= overlap
    return Lesionwise(found, np.asarray(~(touched[found] > 0).any(axis=0)))


@metric("segmentation")
def lesions_segmented(
    predicted: BoolArray,
    lesions: BoolArray,
    inside: BoolArray,
    spacing: Spacing = None,
    overlap: float = OVERLAP,
) -> Score:
    """What share of the lesions of an image is found, one by one?

    See `xaudit.metrics.masks.components`. Undefined without a lesion.

    Args:
        predicted: (H, W) bool.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
        spacing: not read.
        overlap: least intersection over union of a lesion with its components, in (0, 1].

    Raises:
        ValueError: the shapes do not fit, the masks are not bool, or there is no such overlap.
    """
    both = against_lesions(predicted, lesions, inside)
    if isinstance(both, Undefined):
        return both
    return float(lesionwise(predicted, lesions, inside, overlap).found.mean())


@metric("segmentation", better="lower", bounds=(0.0, None), unit="number")
def false_components(
    predicted: BoolArray,
    lesions: BoolArray,
    inside: BoolArray,
    spacing: Spacing = None,
    overlap: float = OVERLAP,
) -> Score:
    """How many connected parts that are segmented belong to no lesion that is found?

    Also of images without a lesion, where every part is false.

    Args:
        predicted: (H, W) bool.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
        spacing: not read.
        overlap: least intersection over union of a lesion with its components, in (0, 1].

    Raises:
        ValueError: the shapes do not fit, the masks are not bool, or there is no such overlap.
    """
    return float(lesionwise(predicted, lesions, inside, overlap).false.sum())


def _iou(
    touched: npt.NDArray[np.intp], sizes: npt.NDArray[np.intp], areas: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """(L,): of each lesion with all components that touch it."""
    shared = touched.sum(axis=1)
    union = areas + (touched > 0) @ sizes - shared
    return np.asarray(shared / union, dtype=np.float64)
