"""The strongest peaks of a map, and the lesions that they find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.metric import Score, Undefined, metric
from xaudit.metrics.evidence import evidence_on_lesions, picture_of, readable_evidence

# Half a cell of a 7 × 7 feature grid on 224 pixels: two peaks nearer than that are one.
PEAK_RADIUS = 16
MOST_PEAKS = 5
"""How many peaks a reader is expected to look at."""


@dataclass(frozen=True, slots=True)
class Peak:
    """One local maximum: where it lies on the grid, and how strong it is."""

    row: int
    column: int
    strength: float


@dataclass(frozen=True, slots=True)
class Reach:
    """How far from a lesion a peak may lie and still find it.

    Attributes:
        distance: 0 asks for a peak inside the lesion.
        pixel: height and width of a pixel in the unit of the distance; (1, 1) for pixels.
    """

    distance: float = 0.0
    pixel: tuple[float, float] = (1.0, 1.0)

    def holds(self, lesion: BoolArray, peak: Peak) -> bool:
        """Whether the peak finds the lesion, whose mask is (H, W)."""
        if not self.distance:
            return bool(lesion[peak.row, peak.column])
        rows, columns = np.nonzero(lesion)
        apart = np.hypot((rows - peak.row) * self.pixel[0], (columns - peak.column) * self.pixel[1])
        return bool(len(apart) and apart.min() <= self.distance)


INSIDE = Reach()


def reach_of(tolerance: str, pixel_mm: tuple[float, float] | None) -> Reach | Undefined:
    """The reach of a declared tolerance on one image.

    Args:
        tolerance: "10 px" of the input grid, or "5 mm".
        pixel_mm: height and width of a pixel of the grid; None where nobody knows.
    """
    size, unit = tolerance.split()
    if float(size) == 0:
        return INSIDE
    if unit == "px":
        return Reach(float(size))
    if pixel_mm is None:
        return Undefined("the tolerance is in millimeters and the pixel spacing is not known")
    return Reach(float(size), pixel_mm)


def strongest_peaks(
    values: FloatArray, inside: BoolArray, count: int, radius: int = PEAK_RADIUS
) -> tuple[Peak, ...]:
    """The strongest peaks, each suppressing what lies within the radius around it.

    Taken greedily. A plateau of equal pixels is one peak at its pixel nearest to its centroid, the
    largest plateau first, so that neither reading order nor luck decides. None for a map from
    which nothing can be read.

    Args:
        values: (H, W), raw and signed.
        inside: (H, W) bool, False on padding.
        count: at most so many.
        radius: pixels of the input grid within which peaks are one.

    Raises:
        ValueError: the radius is negative.
    """
    if radius < 0:
        raise ValueError(f"a radius is not negative, got {radius}")
    evidence = readable_evidence(values, inside)
    if isinstance(evidence, Undefined):
        return ()
    left = picture_of(evidence, inside)
    rows, columns = np.ogrid[: left.shape[0], : left.shape[1]]
    peaks: list[Peak] = []
    while len(peaks) < count and (top := float(left.max())) > 0:
        plateau = _largest_plateau(left == top)
        y, x = _middle(plateau)
        peaks.append(Peak(y, x, top))
        left[plateau | ((rows - y) ** 2 + (columns - x) ** 2 <= radius**2)] = 0.0
    return tuple(peaks)


def lesion_hits(
    values: FloatArray,
    lesions: BoolArray,
    inside: BoolArray,
    radius: int = PEAK_RADIUS,
    reach: Reach = INSIDE,
) -> tuple[bool, ...]:
    """Which lesions are found by one of the L strongest peaks, L being the number of lesions?

    See `strongest_peaks`. Of lesions that lie wholly within one radius of each other only one can
    be found. All False for a degenerate map.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
        radius: pixels of the input grid within which peaks are one.
        reach: how near to a lesion a peak must lie.

    Raises:
        ValueError: the shapes do not fit, or the radius is negative.
    """
    if isinstance(evidence_on_lesions(values, lesions, inside), Undefined):
        return (False,) * len(lesions)
    return _found(lesions, strongest_peaks(values, inside, len(lesions), radius), reach)


@metric("localization")
def lesion_hit_rate(
    values: FloatArray, lesions: BoolArray, inside: BoolArray, reach: Reach = INSIDE
) -> Score:
    """What share of the lesions holds one of the map's strongest peaks?

    As many peaks as lesions; see `lesion_hits`.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
        reach: how near to a lesion a peak must lie.

    Raises:
        ValueError: the shapes do not fit.
    """
    return peak_scores(values, lesions, inside, reach)["lesion_hit_rate"]


@metric("localization")
def hit_any(
    values: FloatArray, lesions: BoolArray, inside: BoolArray, reach: Reach = INSIDE
) -> Score:
    """Does any lesion hold one of the strongest peaks, of which there are as many as lesions?

    Arguments as for `lesion_hit_rate`.
    """
    return peak_scores(values, lesions, inside, reach)["hit_any"]


@metric("localization")
def hit_all(
    values: FloatArray, lesions: BoolArray, inside: BoolArray, reach: Reach = INSIDE
) -> Score:
    """Does every lesion hold one of the strongest peaks, of which there are as many as lesions?

    Arguments as for `lesion_hit_rate`.
    """
    return peak_scores(values, lesions, inside, reach)["hit_all"]


@metric("localization")
def hit_of_five(
    values: FloatArray, lesions: BoolArray, inside: BoolArray, reach: Reach = INSIDE
) -> Score:
    """Does any of the five strongest peaks lie on a lesion?

    Arguments as for `lesion_hit_rate`.
    """
    return peak_scores(values, lesions, inside, reach)["hit_of_five"]


def peak_scores(
    values: FloatArray, lesions: BoolArray, inside: BoolArray, reach: Reach | Undefined = INSIDE
) -> dict[str, Score]:
    """Every score of the peaks, from one search for them; why, where no reach is known.

    Raises:
        ValueError: the shapes do not fit.
    """
    names = ("lesion_hit_rate", "hit_any", "hit_all", "hit_of_five")
    seen = evidence_on_lesions(values, lesions, inside)
    if isinstance(seen, Undefined):
        return dict.fromkeys(names, seen)
    if isinstance(reach, Undefined):
        return dict.fromkeys(names, reach)
    peaks = strongest_peaks(values, inside, max(MOST_PEAKS, len(lesions)))
    hits = _found(lesions, peaks[: len(lesions)], reach)
    five = any(_found(lesions, peaks[:MOST_PEAKS], reach))
    scores = (float(np.mean(hits)), float(any(hits)), float(all(hits)), float(five))
    return dict(zip(names, scores, strict=True))


def lesion_of(peak: Peak, lesions: BoolArray, reach: Reach = INSIDE) -> int | None:
    """The first lesion that a peak finds, or None."""
    return next((n for n, lesion in enumerate(lesions) if reach.holds(lesion, peak)), None)


def _found(lesions: BoolArray, peaks: Sequence[Peak], reach: Reach) -> tuple[bool, ...]:
    return tuple(any(reach.holds(lesion, peak) for peak in peaks) for lesion in lesions)


def _middle(plateau: BoolArray) -> tuple[int, int]:
    """The pixel of a plateau nearest to its centroid."""
    ys, xs = np.nonzero(plateau)
    nearest = int(np.argmin((ys - ys.mean()) ** 2 + (xs - xs.mean()) ** 2))
    return int(ys[nearest]), int(xs[nearest])


def _largest_plateau(tied: BoolArray) -> BoolArray:
    labels, found = ndimage.label(tied, structure=np.ones((3, 3)))
    if found == 1:
        return tied
    largest = 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    return np.asarray(labels == largest, dtype=bool)
