"""Overlap of lesions with the marks of a map, by several criteria.

FDA's guidance on computer-assisted detection (2022) asks for the criterion by which marks are
scored, and for its influence on the result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.metric import Undefined
from xaudit.metrics.maps.evidence import evidence_on_lesions, picture_of
from xaudit.metrics.maps.thresholded import otsu_threshold

MOST_MARKS = 5
CUTOFFS: dict[str, tuple[float, ...]] = {
    "iou": (0.05, 0.1, 0.25, 0.5, 0.75),
    "intersection_over_mark": (0.1, 0.25, 0.5, 0.75),
    "centroid_distance": (48.0, 32.0, 16.0, 8.0),
    "centroid_in_lesion": (1.0,),
}
"""Criterion → where it is read, the most lenient first."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """How well the best of the marks fits one lesion; each criterion picks its own best mark.

    Attributes:
        iou: intersection over union.
        intersection_over_mark: share of the mark that lies on the lesion.
        centroid_distance: between the centroids, in pixels of the input grid; None where no mark
            lies on the view of the lesion.
        centroid_in_lesion: 1 if the centroid of a mark lies on the lesion, else 0.
    """

    iou: float
    intersection_over_mark: float
    centroid_distance: float | None
    centroid_in_lesion: float


def meets(criterion: str, value: float, cutoff: float) -> bool:
    """Whether a lesion with this value of a criterion counts as found."""
    return value <= cutoff if criterion == "centroid_distance" else value >= cutoff


def lesion_overlaps(
    values: FloatArray, lesions: BoolArray, inside: BoolArray, views: int = 1
) -> tuple[Overlap | None, ...] | Undefined:
    """How the map's marks fit each lesion.

    A mark is a connected part (8 neighbors) above Otsu's threshold; of them the five with most
    evidence count (of equal ones the first in reading order), since a map of a thousand specks
    finds everything by some criteria.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
        views: that lie one under another; a mark belongs to one of them.

    Returns:
        One for each lesion, None for one that lies outside the image.

    Raises:
        ValueError: the shapes do not fit.
    """
    seen = evidence_on_lesions(values, lesions, inside)
    if isinstance(seen, Undefined):
        return seen
    picture = picture_of(seen[0], inside)
    marks = _marks(picture, inside & (picture > otsu_threshold(seen[0])), views)
    rows = len(inside) // views
    return tuple(_best(lesion & inside, marks, rows) for lesion in lesions)


def _marks(picture: FloatArray | np.ndarray, strong: BoolArray, views: int) -> BoolArray:
    """The connected parts with most evidence; (M, H, W)."""
    # A row of nothing between two views keeps what touches there apart.
    rows = len(strong) // views
    seams = np.arange(rows, len(strong), rows)
    spread, _ = scipy.ndimage.label(np.insert(strong, seams, False, axis=0), np.ones((3, 3)))
    labels = np.delete(spread, seams + np.arange(len(seams)), axis=0)
    sums = np.bincount(labels.ravel(), weights=picture.ravel())[1:]
    chosen = 1 + np.argsort(-sums, kind="stable")[:MOST_MARKS]
    return np.asarray(labels[None] == chosen[:, None, None])


def _best(lesion: BoolArray, marks: BoolArray, rows: int) -> Overlap | None:
    if not lesion.any():
        return None
    shared = (marks & lesion).sum(axis=(1, 2))
    own = marks.sum(axis=(1, 2))
    centers = np.array([scipy.ndimage.center_of_mass(mark) for mark in marks])
    own_center = np.array(scipy.ndimage.center_of_mass(lesion))
    here = centers[centers[:, 0] // rows == own_center[0] // rows]
    return Overlap(
        float((shared / (own + lesion.sum() - shared)).max()),
        float((shared / own).max()),
        float(np.hypot(*(here - own_center).T).min()) if len(here) else None,
        float(any(lesion[_around(center)].any() for center in centers)),
    )


def _around(center: np.ndarray) -> tuple[slice, slice]:
    """The pixels that hold a point; a point between pixels lies in all that it touches."""
    first, last = np.ceil(center - 0.5).astype(int), np.floor(center + 0.5).astype(int)
    return slice(first[0], last[0] + 1), slice(first[1], last[1] + 1)
