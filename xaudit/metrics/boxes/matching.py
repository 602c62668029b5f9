"""Matching of drawn boxes with true ones, image by image, as COCO does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xaudit.core.boxes import Boxes
from xaudit.core.case import BoolArray
from xaudit.metrics.boxes.iou import areas, paired_iou
from xaudit.metrics.boxes.pairs import joined, owners, pairs_of_images, parts
from xaudit.stats.weights import Patients, numbered

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Outcomes = npt.NDArray[np.int8]

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""Of intersection over union."""
SIZES = ("all", "small", "medium", "large")
LIMITS = np.array([[0.0, 1e10], [0.0, 32.0**2], [32.0**2, 96.0**2], [96.0**2, 1e10]])
"""Smallest and largest area of each size in square pixels; both belong to it."""
MOST = 100
"""Drawn boxes of a class on an image that count; the others are left out."""
HIT, FALSE, IGNORED = 1, 0, -1

# A box of intersection over union 1 shall pass a threshold of 1.
_HIGHEST = 1 - 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Truths:
    """The annotated boxes of one image.

    Attributes:
        boxes: G boxes with their classes; ratings are not read.
        areas: (G,) square pixels of what is annotated, which of an outline is less than its box.
        crowd: (G,) which are regions of many lesions: what is drawn there is neither hit nor
            false.

    Raises:
        ValueError: sizes differ.
    """

    boxes: Boxes
    areas: Array
    crowd: BoolArray

    def __post_init__(self) -> None:
        count = len(self.boxes)
        if not len(self.areas) == len(self.crowd) == count:
            raise ValueError(
                f"{count} boxes, {len(self.areas)} areas, {len(self.crowd)} marks of crowds"
            )

    @classmethod
    def of(cls, boxes: Boxes) -> Truths:
        """Boxes of one lesion each, with the areas of the boxes."""
        return cls(boxes, areas(boxes.corners), np.zeros(len(boxes), dtype=bool))


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """The boxes of N images after matching, at T thresholds and for A sizes.

    Attributes:
        patients: N numbers of the independent units, in the order of their names.
        images: (D,) number of the image of each drawn box, ascending.
        classes: (D,) its class.
        ratings: (D,) its rating, falling within an image and class.
        outcomes: (D, A, T): `HIT`, `FALSE` or `IGNORED`.
        truth_images: (G,) number of the image of each true box.
        truth_classes: (G,) its class.
        counted: (G, A) which true boxes are to be found.
        unit: what the study calls its independent unit.
    """

    patients: IntArray
    images: IntArray
    classes: IntArray
    ratings: Array
    outcomes: Outcomes
    truth_images: IntArray
    truth_classes: IntArray
    counted: BoolArray
    unit: str = "patient"

    def __len__(self) -> int:
        return len(self.patients)

    def among(self, images: BoolArray) -> Matched:
        """The same on some of the images, by a mask (N,): matching is within an image."""
        number = np.cumsum(images) - 1
        drawn, true = images[self.images], images[self.truth_images]
        return replace(
            self,
            patients=self.patients[images],
            images=number[self.images[drawn]],
            classes=self.classes[drawn],
            ratings=self.ratings[drawn],
            outcomes=self.outcomes[drawn],
            truth_images=number[self.truth_images[true]],
            truth_classes=self.truth_classes[true],
            counted=self.counted[true],
        )


def matched(
    drawn: Sequence[Boxes],
    truths: Sequence[Truths],
    patients: Patients,
    unit: str = "patient",
) -> Matched:
    """Which drawn boxes hit a true box, as pycocotools 2.0.11 decides (Lin et al. 2014).

    In each image and class, boxes are taken from the highest rating down, in their order where
    ratings tie, at most 100 of them. Each takes the true box that it overlaps most among those
    not yet taken, if the intersection over union reaches the threshold; the later one of equal
    ones. One that finds only what is not to be found (a crowd, or a true box of another size) is
    ignored, and so is one that finds nothing and is itself of another size. Anything else is
    false, a second box on one lesion as well.

    Args:
        drawn: boxes of N images.
        truths: annotated boxes of the same images.
        patients: N names or numbers.
        unit: what the study calls its independent unit.

    Raises:
        ValueError: the numbers of images differ.
    """
    if not len(drawn) == len(truths) == len(patients):
        raise ValueError(f"{len(drawn)} images, {len(truths)} truths, {len(patients)} patients")
    kept, true = [_ranked(boxes) for boxes in drawn], [truth.boxes for truth in truths]
    outcomes = [_match(kept[part], truths[part]) for part in parts(kept, true)]
    return Matched(
        numbered(patients)[1],
        owners(kept),
        joined(kept).classes,
        joined(kept).ratings,
        np.concatenate([*outcomes, np.empty((0, len(SIZES), len(THRESHOLDS)), np.int8)]),
        owners(true),
        joined(true).classes,
        _to_be_found(truths),
        unit,
    )


def _ranked(boxes: Boxes) -> Boxes:
    """By class, then by falling rating, at most so many of each class."""
    order = np.lexsort((-boxes.ratings, boxes.classes))
    classes = boxes.classes[order]
    return boxes.chosen(order[np.arange(len(order)) - np.searchsorted(classes, classes) < MOST])


def _to_be_found(truths: Sequence[Truths]) -> BoolArray:
    """(G, A)."""
    size = np.concatenate([np.empty(0), *(truth.areas for truth in truths)])
    crowd = np.concatenate([np.empty(0, bool), *(truth.crowd for truth in truths)])
    return np.asarray(_of_size(size) & ~crowd[:, None])


def _of_size(square: Array) -> BoolArray:
    """(B,) → (B, A)."""
    return (square[:, None] >= LIMITS[:, 0]) & (square[:, None] <= LIMITS[:, 1])


def _match(drawn: Sequence[Boxes], truths: Sequence[Truths]) -> Outcomes:
    """(D, A, T) of some images."""
    boxes = joined(drawn)
    crowd = np.concatenate([truth.crowd for truth in truths])
    found = _taken(_pairs(drawn, truths, crowd), _to_be_found(truths), crowd, len(boxes))
    other_size = ~_of_size(areas(boxes.corners))[:, :, None]
    return np.where((found == FALSE) & other_size, np.int8(IGNORED), found)


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Drawn and true boxes of one image and class that overlap enough for some threshold.

    By rank of the drawn box, then drawn box, then true box.
    """

    ranks: IntArray
    drawn: IntArray
    true: IntArray
    iou: Array


def _pairs(drawn: Sequence[Boxes], truths: Sequence[Truths], crowd: BoolArray) -> _Pairs:
    there = [truth.boxes for truth in truths]
    boxes, true = joined(drawn), joined(there)
    left, right = pairs_of_images(drawn, there)
    same = boxes.classes[left] == true.classes[right]
    left, right = left[same], right[same]
    iou = paired_iou(boxes.corners[left], true.corners[right], crowd[right])
    near = iou >= min(THRESHOLDS[0], _HIGHEST)
    left, right, iou = left[near], right[near], iou[near]
    ranks = _ranks(owners(drawn), boxes.classes)[left]
    order = np.argsort(ranks, kind="stable")
    return _Pairs(ranks[order], left[order], right[order], iou[order])


def _ranks(images: IntArray, classes: IntArray) -> IntArray:
    """The place of each box in its image and class; both are in rows already."""
    new = np.append(True, (np.diff(images) != 0) | (np.diff(classes) != 0))[: len(images)]
    first = np.flatnonzero(new)
    return np.asarray(np.arange(len(images)) - first[np.cumsum(new) - 1], dtype=np.intp)


def _taken(pairs: _Pairs, counted: BoolArray, crowd: BoolArray, drawn: int) -> Outcomes:
    """(D, A, T): what becomes of each drawn box; images are matched side by side."""
    outcomes = np.zeros((drawn, len(SIZES), len(THRESHOLDS)), dtype=np.int8)
    free = np.ones((len(crowd), len(SIZES), len(THRESHOLDS)), dtype=bool)
    least = np.minimum(THRESHOLDS, _HIGHEST)
    ends = np.flatnonzero(np.diff(pairs.ranks, append=-1)) + 1
    for start, end in zip([0, *ends], ends, strict=False):
        this = slice(start, end)
        true, iou = pairs.true[this], pairs.iou[this]
        there = free[true] & (iou[:, None] >= least)[:, None, :]
        chosen = _best(there, counted[true][:, :, None], iou, pairs.drawn[this])
        row, size, at = np.nonzero(chosen)
        found = np.where(counted[true[row], size], HIT, IGNORED)
        outcomes[pairs.drawn[this][row], size, at] = found
        free[true[row], size, at] = crowd[true[row]]
    return outcomes


def _best(there: BoolArray, counted: BoolArray, iou: Array, drawn: IntArray) -> BoolArray:
    """Which pair each drawn box takes; (P, A, T), at most one for each drawn box."""
    starts = np.flatnonzero(np.diff(drawn, prepend=-1))
    sizes = np.diff(starts, append=len(drawn))
    regular = np.logical_or.reduceat(there & counted, starts)
    among = there & (counted == np.repeat(regular, sizes, axis=0))
    value = np.where(among, iou[:, None, None], -1.0)
    top = np.repeat(np.maximum.reduceat(value, starts), sizes, axis=0)
    number = np.where(among & (value == top), np.arange(len(drawn))[:, None, None], -1)
    last = np.repeat(np.maximum.reduceat(number, starts), sizes, axis=0)
    return np.asarray((number == last) & (last >= 0))
