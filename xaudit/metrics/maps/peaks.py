"""The strongest peaks of a map, and the lesions that they find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.grid import Grid
from xaudit.core.message import Message
from xaudit.core.metric import Score, Undefined, metric
from xaudit.metrics.maps.evidence import (
    NO_LESIONS,
    NONE_INSIDE,
    Array,
    evidence_on_lesions,
    picture_of,
    readable_evidence,
)

_Places = npt.NDArray[np.intp]

# Half a cell of a 7 × 7 feature grid on 224 pixels: two peaks nearer than that are one.
PEAK_RADIUS = 16
MOST_PEAKS = 5
"""How many peaks a reader is expected to look at."""
_MOST_LESIONS = 8
_SCORES = ("lesion_hit_rate", "hit_any", "hit_all", "hit_of_five")


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
        view: rows of a view, where several lie one under another: none reaches into the next;
            0 where the map is of one image.
    """

    distance: float = 0.0
    pixel: tuple[float, ...] = (1.0, 1.0)
    view: int = 0

    def holds(self, lesion: BoolArray, peak: Peak) -> bool:
        """Whether the peak finds the lesion, whose mask is (H, W)."""
        if not self.distance:
            return bool(lesion[peak.row, peak.column])
        rows, columns = np.nonzero(lesion)
        if self.view:
            here = rows // self.view == peak.row // self.view
            rows, columns = rows[here], columns[here]
        apart = np.hypot((rows - peak.row) * self.pixel[0], (columns - peak.column) * self.pixel[1])
        return bool(len(apart) and apart.min() <= self.distance)

    def zone(self, lesion: BoolArray) -> BoolArray:
        """Where a peak finds the lesion; (H, W) → (H, W)."""
        if not self.distance or not lesion.any():
            return lesion
        if self.view:
            alone = replace(self, view=0)
            views = np.split(lesion, len(lesion) // self.view)
            return np.concatenate([alone.zone(one) for one in views])
        apart = scipy.ndimage.distance_transform_edt(~lesion, sampling=self.pixel)
        return np.asarray(apart <= self.distance)


INSIDE = Reach()
UNKNOWN = Undefined(Message("the tolerance is in millimeters and the pixel spacing is not known"))


def reach_of(tolerance: str, grid: Grid) -> Reach | Undefined:
    """The reach of a declared tolerance on one image.

    Args:
        tolerance: "10 px" of the input grid, or "5 mm".
        grid: of the map.
    """
    size, unit = tolerance.split()
    view = grid.view[0] if grid.views > 1 else 0
    if float(size) == 0:
        return Reach(view=view)
    if unit == "px":
        return Reach(float(size), view=view)
    if grid.spacing is None:
        return UNKNOWN
    return Reach(float(size), grid.spacing, view)


def strongest_peaks(
    values: FloatArray, inside: BoolArray, count: int, radius: int = PEAK_RADIUS, view: int = 0
) -> tuple[Peak, ...]:
    """The strongest peaks, each suppressing weaker ones within the radius around it.

    A peak is a local maximum: no pixel around it is as strong. The shoulder of a wide blob is none,
    however far from its top. A plateau of equal pixels is one peak at its pixel nearest to its
    centroid; of equal peaks the larger plateau comes first. None for a map from which nothing can
    be read.

    Args:
        values: (H, W), raw and signed.
        inside: (H, W) bool, False on padding.
        count: at most so many.
        radius: pixels of the input grid within which peaks are one.
        view: rows of a view, see `Reach`: peaks of two views are never one.

    Raises:
        ValueError: the radius is negative.
    """
    if radius < 0:
        raise ValueError(f"a radius is not negative, got {radius}")
    evidence = readable_evidence(values, inside)
    if isinstance(evidence, Undefined):
        return ()
    picture = picture_of(evidence, inside)
    rows, columns, sizes = _maxima_of_views(picture, view)
    strengths = picture[rows, columns]
    peaks: list[Peak] = []
    left = np.lexsort((-sizes, -strengths))
    while len(left) and len(peaks) < count:
        y, x = int(rows[left[0]]), int(columns[left[0]])
        peaks.append(Peak(y, x, float(strengths[left[0]])))
        apart = (rows[left] - y) ** 2 + (columns[left] - x) ** 2
        away = apart > radius**2
        if view:
            away |= rows[left] // view != y // view
        left = left[1:][away[1:]]
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
    return _found(lesions, strongest_peaks(values, inside, len(lesions), radius, reach.view), reach)


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

    Lesions outside the image do not count.

    Raises:
        ValueError: the shapes do not fit.
    """
    seen = evidence_on_lesions(values, lesions, inside)
    if isinstance(seen, Undefined):
        return dict.fromkeys(_SCORES, seen)
    if isinstance(reach, Undefined):
        return dict.fromkeys(_SCORES, reach)
    lesions = lesions[lesions[:, inside].any(axis=1)]
    peaks = strongest_peaks(values, inside, max(MOST_PEAKS, len(lesions)), view=reach.view)
    hits = _found(lesions, peaks[: len(lesions)], reach)
    five = any(_found(lesions, peaks[:MOST_PEAKS], reach))
    scores = (float(np.mean(hits)), float(any(hits)), float(all(hits)), float(five))
    return dict(zip(_SCORES, scores, strict=True))


def peaks_by_chance(
    lesions: BoolArray, inside: BoolArray, reach: Reach | Undefined = INSIDE
) -> dict[str, Score]:
    """What points placed at random in the image would score, as many as the peaks.

    Each point lies anywhere with the same chance, whatever the others do: expectations, nothing is
    drawn. That every lesion is found is counted over all sets of lesions, for up to eight of them.

    Args:
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
        reach: how near to a lesion a point must lie, or why that is not known.
    """
    seen = lesions[lesions[:, inside].any(axis=1)]
    if not len(seen) or isinstance(reach, Undefined):
        why = NONE_INSIDE if len(lesions) else NO_LESIONS
        return dict.fromkeys(_SCORES, reach if isinstance(reach, Undefined) else why)
    zones = np.stack([reach.zone(lesion)[inside] for lesion in seen])
    missed = 1 - zones.any(axis=0).mean()
    of_each = 1 - (1 - zones.mean(axis=1)) ** len(seen)
    scores = (float(of_each.mean()), float(1 - missed ** len(seen)), _all_found(zones),
              float(1 - missed**MOST_PEAKS))  # fmt: skip
    return dict(zip(_SCORES, scores, strict=True))


def _all_found(zones: BoolArray) -> Score:
    """Chance that as many points as lesions find every one; (L, N) → by inclusion and exclusion."""
    count = len(zones)
    if count > _MOST_LESIONS:
        return Undefined(
            Message("{count} lesions, {most} at most for chance", count=count, most=_MOST_LESIONS)
        )
    total = 0.0
    for chosen in product((False, True), repeat=count):
        spared = 1 - zones[np.array(chosen)].any(axis=0).mean()
        total += (-1) ** sum(chosen) * float(spared) ** count
    return min(max(total, 0.0), 1.0)


def lesions_of(peak: Peak, lesions: BoolArray, reach: Reach = INSIDE) -> tuple[int, ...]:
    """Numbers of all lesions that a peak finds; lesions may overlap, boxes often do."""
    return tuple(n for n, lesion in enumerate(lesions) if reach.holds(lesion, peak))


def _found(lesions: BoolArray, peaks: Sequence[Peak], reach: Reach) -> tuple[bool, ...]:
    return tuple(any(reach.holds(lesion, peak) for peak in peaks) for lesion in lesions)


def _maxima_of_views(picture: Array, view: int) -> tuple[_Places, _Places, _Places]:
    """As `_local_maxima`, of views of so many rows each by itself; 0 for one image."""
    if not view:
        return _local_maxima(picture)
    views = np.split(picture, len(picture) // view)
    found = [_local_maxima(one) for one in views]
    rows, columns, sizes = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return (
        rows + view * np.repeat(range(len(found)), [len(one[0]) for one in found]),
        columns,
        sizes,
    )


def _local_maxima(picture: Array) -> tuple[_Places, _Places, _Places]:
    """Row, column and size of the plateaus of equal pixels with nothing as strong around them."""
    around = np.ones((3, 3))
    top = (picture > 0) & (picture == scipy.ndimage.maximum_filter(picture, 3, mode="nearest"))
    labels, count = scipy.ndimage.label(top, structure=around)
    # Part of a plateau whose other part lies beside something stronger: a terrace, no peak.
    rest = scipy.ndimage.maximum_filter(np.where(top, 0.0, picture), 3, mode="nearest")
    peaks = np.ones(count + 1, dtype=bool)
    peaks[labels[top & (rest == picture)]] = False
    rows, columns = np.nonzero(peaks[labels] & top)
    return _middles(rows, columns, labels[rows, columns])


def _middles(rows: _Places, columns: _Places, labels: _Places) -> tuple[_Places, _Places, _Places]:
    """The pixel of each plateau nearest to its centroid, and how many pixels the plateau has."""
    sizes = np.bincount(labels)
    apart = np.zeros(len(labels))
    for places in (rows, columns):
        apart += (places - (np.bincount(labels, places) / np.maximum(sizes, 1))[labels]) ** 2
    # Equal distances are equal: rounding must not choose between them.
    order = np.lexsort((np.round(apart, 9), labels))
    first = order[np.flatnonzero(np.diff(labels[order], prepend=-1))]
    return rows[first], columns[first], sizes[labels[first]]
