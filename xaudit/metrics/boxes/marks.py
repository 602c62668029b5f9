"""Marks of free response: which drawn boxes hit a lesion, and which hit none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from xaudit.core.boxes import Boxes
from xaudit.core.case import BoolArray
from xaudit.metrics.boxes.iou import centers_within, paired_iou
from xaudit.metrics.boxes.pairs import joined, owners, pairs_of_images, parts
from xaudit.metrics.scores.detection import Marks

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class HitRule:
    """When a mark finds a lesion, and what a second mark on it is.

    Attributes:
        iou: least intersection over union; None: the center of the mark lies in the lesion's box.
        duplicates: what becomes of a mark that hits a lesion which a higher one hits as well.
            "left out": it is neither hit nor false, as in the rules of LUNA16 (Setio et al. 2017)
            and where only the highest mark near a lesion counts (Chakraborty 2017); "false": a
            false mark, as COCO and PASCAL VOC count (Everingham et al. 2010).

    Raises:
        ValueError: the intersection over union is not in (0, 1].
    """

    iou: float | None = 0.5
    duplicates: Literal["left out", "false"] = "left out"

    def __post_init__(self) -> None:
        if self.iou is not None and not 0 < self.iou <= 1:
            raise ValueError(f"expected an overlap above 0 and up to 1, got {self.iou}")


@dataclass(frozen=True, slots=True, eq=False)
class FreeResponse:
    """Marks after matching, and how well those that hit fit.

    Attributes:
        marks: ratings of lesions and of false marks.
        overlaps: (L,) intersection over union of each lesion with the highest mark that hits it;
            0 where none does.
    """

    marks: Marks
    overlaps: Array

    def among(self, images: BoolArray) -> FreeResponse:
        """The same on some of the images, by a mask (N,): matching is within an image."""
        return FreeResponse(
            self.marks.among(images), self.overlaps[images[self.marks.lesion_cases]]
        )


def with_missed_lesions(marks: Marks, patients: Sequence[str]) -> Marks:
    """The worst case: every case without a score has a lesion, and no mark.

    How many lesions it has, nobody could read; at least one it has.

    Args:
        marks: of the cases with a score.
        patients: of the cases without one that have a fracture.
    """
    added = len(marks) + np.arange(len(patients))
    return replace(
        marks,
        patients=(*marks.patients, *patients),
        lesion_cases=np.concatenate([marks.lesion_cases, added]),
        lesion_ratings=np.concatenate([marks.lesion_ratings, np.full(len(patients), -np.inf)]),
    )


def free_response(
    drawn: Sequence[Boxes],
    lesions: Sequence[Boxes],
    patients: Sequence[str],
    rule: HitRule = HitRule(),
    unit: str = "patient",
) -> FreeResponse:
    """Which marks find which lesions.

    Each lesion takes the highest of all marks that hit it, of equal ones the first. A mark that
    hits several lesions finds all of them: no reader could tell which it means. Classes are not
    read; choose those that mean a lesion before (`Boxes.chosen`).

    Args:
        drawn: boxes of N images.
        lesions: annotated boxes of the same images.
        patients: N names.
        rule: when a mark finds a lesion.
        unit: what the study calls its independent unit.

    Raises:
        ValueError: the numbers of images differ.
    """
    if not len(drawn) == len(lesions) == len(patients):
        raise ValueError(f"{len(drawn)} images, {len(lesions)} lesions, {len(patients)} patients")
    found = [_found(drawn[part], lesions[part], rule) for part in parts(drawn, lesions)]
    ratings, overlaps, false = ([np.empty(0), *(one[i] for one in found)] for i in range(3))
    counts = np.concatenate(false).astype(bool)
    marks = Marks(
        tuple(patients),
        owners(lesions),
        np.concatenate(ratings),
        owners(drawn)[counts],
        joined(drawn).ratings[counts],
        unit,
    )
    return FreeResponse(marks, np.concatenate(overlaps))


def _found(
    drawn: Sequence[Boxes], lesions: Sequence[Boxes], rule: HitRule
) -> tuple[Array, Array, BoolArray]:
    """(L,) ratings, (L,) overlaps, (D,) which marks are false."""
    boxes, true = joined(drawn), joined(lesions)
    left, right = pairs_of_images(drawn, lesions)
    iou = paired_iou(boxes.corners[left], true.corners[right])
    if rule.iou is None:
        hits = centers_within(boxes.corners[left], true.corners[right])
    else:
        hits = iou >= rule.iou
    left, right, iou = left[hits], right[hits], iou[hits]
    order = np.lexsort((left, -boxes.ratings[left], right))
    chosen = order[np.flatnonzero(np.diff(right[order], prepend=-1))]
    ratings, overlaps = np.full(len(true), -np.inf), np.zeros(len(true))
    ratings[right[chosen]] = boxes.ratings[left[chosen]]
    overlaps[right[chosen]] = iou[chosen]
    false = np.ones(len(boxes), dtype=bool)
    false[left if rule.duplicates == "left out" else left[chosen]] = False
    return ratings, overlaps, false
