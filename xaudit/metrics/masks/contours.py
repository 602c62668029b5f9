"""Distance of contours: how far the border of what is segmented is from that of the lesions.

A contour runs through the corners of pixels that have pixels of both kinds around them; each such
corner stands for the length of contour that marching squares draw there (Nikolov et al. 2021,
whose library `surface-distance` 0.1 gives the same numbers). Pixels outside the image are not
segmented: a lesion that is cut off by the border has a contour there. See
`docs/decisions/045-masks.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.grid import Grid
from xaudit.core.message import Message
from xaudit.core.metric import Score, Undefined, metric
from xaudit.metrics.maps.peaks import reach_of
from xaudit.metrics.masks.regions import MISSED, Spacing, against_lesions

Array = npt.NDArray[np.float64]

UNKNOWN = Undefined(Message("the pixel spacing is not known"))
_SHARE = 0.95


@metric("segmentation", better="lower", bounds=(0.0, None), unit="number")
def hd95(predicted: BoolArray, lesions: BoolArray, inside: BoolArray, spacing: Spacing) -> Score:
    """How many millimeters apart are the contours, but for the farthest 5 %?

    The 95th percentile of the Hausdorff distance: of each contour the distance to the other that
    95 % of its length keep, and the larger of both. Undefined without a lesion, where nothing is
    segmented (a mean leaves out what is missed: read it beside how many that are), and where the
    pixel spacing is not known: `hd95_px` counts pixels.

    Args:
        predicted: (H, W) bool.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
        spacing: millimeters between rows and between columns.

    Raises:
        ValueError: the shapes do not fit, or the masks are not bool.
    """
    if spacing is None:
        return UNKNOWN
    return _hausdorff(predicted, lesions, inside, spacing)


@metric("segmentation", better="lower", bounds=(0.0, None), unit="number")
def hd95_px(
    predicted: BoolArray, lesions: BoolArray, inside: BoolArray, spacing: Spacing = None
) -> Score:
    """How many pixels apart are the contours, but for the farthest 5 %?

    `hd95` on the grid as it is, whatever the spacing: a number to compare detectors on the same
    films with, not films of two sizes.

    Args:
        predicted: (H, W) bool.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
        spacing: not read.

    Raises:
        ValueError: the shapes do not fit, or the masks are not bool.
    """
    return _hausdorff(predicted, lesions, inside, (1.0, 1.0))


@metric("segmentation")
def surface_dice(
    predicted: BoolArray,
    lesions: BoolArray,
    inside: BoolArray,
    spacing: Spacing,
    tolerance: str = "2 mm",
) -> Score:
    """What share of both contours lies within the tolerance of the other?

    Nikolov et al. 2021. 0 where lesions are annotated and nothing is segmented. Undefined without
    a lesion, and where the tolerance is in millimeters and the pixel spacing is not known.

    Args:
        predicted: (H, W) bool.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
        spacing: millimeters between rows and between columns; None where nobody knows.
        tolerance: "2 mm", or "4 px" of the grid.

    Raises:
        ValueError: the shapes do not fit, or the masks are not bool.
    """
    reach = reach_of(tolerance, Grid(inside.shape, spacing))
    if isinstance(reach, Undefined):
        return reach
    both = against_lesions(predicted, lesions, inside)
    if isinstance(both, Undefined):
        return both
    if not both[0].any():
        return 0.0
    contours = _contours(*both, (reach.pixel[0], reach.pixel[1]))
    near = sum(float(one.lengths[one.distances <= reach.distance].sum()) for one in contours)
    return near / sum(float(one.lengths.sum()) for one in contours)


@dataclass(frozen=True, slots=True, eq=False)
class _Contour:
    """Pieces of a contour, the nearest to the other contour first.

    Attributes:
        distances: (P,) to the other contour.
        lengths: (P,) positive.
    """

    distances: Array
    lengths: Array

    def within(self, share: float) -> float:
        """The distance that this share of the length keeps."""
        reached = np.cumsum(self.lengths) / self.lengths.sum()
        return float(self.distances[min(int(np.searchsorted(reached, share)), len(reached) - 1)])


def _hausdorff(
    predicted: BoolArray, lesions: BoolArray, inside: BoolArray, spacing: tuple[float, ...]
) -> Score:
    both = against_lesions(predicted, lesions, inside)
    if isinstance(both, Undefined):
        return both
    if not both[0].any():
        return MISSED
    return max(one.within(_SHARE) for one in _contours(*both, (spacing[0], spacing[1])))


def _contours(
    first: BoolArray, second: BoolArray, spacing: tuple[float, float]
) -> tuple[_Contour, _Contour]:
    """The contours of two masks that are not empty."""
    rows, columns = scipy.ndimage.find_objects((first | second).astype(np.int8))[0]
    lengths = [_lengths(one[rows, columns], spacing) for one in (first, second)]
    return _apart(lengths[0], lengths[1], spacing), _apart(lengths[1], lengths[0], spacing)


def _apart(own: Array, other: Array, spacing: tuple[float, float]) -> _Contour:
    far = scipy.ndimage.distance_transform_edt(other == 0, sampling=spacing)
    distances, lengths = far[own > 0], own[own > 0]
    # Equal distances by length: turning the image over changes no sum.
    order = np.lexsort((lengths, distances))
    return _Contour(distances[order], lengths[order])


def _lengths(mask: BoolArray, spacing: tuple[float, float]) -> Array:
    """(H + 1, W + 1): the length of contour at each corner of pixels, 0 where there is none."""
    wide = np.pad(mask, 1)
    up_left, up_right = wide[:-1, :-1], wide[:-1, 1:]
    low_left, low_right = wide[1:, :-1], wide[1:, 1:]
    count = up_left.astype(np.int8) + up_right + low_left + low_right
    diagonal = float(np.hypot(*spacing)) / 2
    straight = np.where(up_left == up_right, spacing[1], spacing[0])
    lengths = np.where(up_left == low_right, 2 * diagonal, straight)
    lengths[count % 2 == 1] = diagonal
    lengths[count % 4 == 0] = 0.0
    return np.asarray(lengths)
