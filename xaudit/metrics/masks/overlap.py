"""Overlap of what a network segments with all lesions of the image together.

Undefined where no lesion is annotated, whether anything is segmented or not: the overlap with
nothing says nothing, and a mean over normal films would tell how many there are. Those films are
counted by `xaudit.metrics.masks.regions.emptiness` and scored by false components. Where lesions
are annotated and nothing is segmented, the overlap is 0: all of them are missed.
"""

from __future__ import annotations

from xaudit.core.case import BoolArray
from xaudit.core.metric import Score, Undefined, metric
from xaudit.metrics.masks.regions import Spacing, against_lesions


@metric("segmentation")
def dice(
    predicted: BoolArray, lesions: BoolArray, inside: BoolArray, spacing: Spacing = None
) -> Score:
    """How much do what is segmented and the lesions overlap, as twice the shared area over both?

    Dice 1945. Undefined without a lesion.

    Args:
        predicted: (H, W) bool.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
        spacing: not read.

    Raises:
        ValueError: the shapes do not fit, or the masks are not bool.
    """
    both = against_lesions(predicted, lesions, inside)
    if isinstance(both, Undefined):
        return both
    drawn, true = both
    return 2 * int((drawn & true).sum()) / int(drawn.sum() + true.sum())


@metric("segmentation")
def mask_iou(
    predicted: BoolArray, lesions: BoolArray, inside: BoolArray, spacing: Spacing = None
) -> Score:
    """How much do what is segmented and the lesions overlap, as the shared part of their union?

    Jaccard 1912; Dice / (2 - Dice). Undefined without a lesion.

    Args:
        predicted: (H, W) bool.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
        spacing: not read.

    Raises:
        ValueError: the shapes do not fit, or the masks are not bool.
    """
    both = against_lesions(predicted, lesions, inside)
    if isinstance(both, Undefined):
        return both
    drawn, true = both
    return int((drawn & true).sum()) / int((drawn | true).sum())


@metric("segmentation", better="lower", bounds=(0.0, None), unit="ratio")
def area_error(
    predicted: BoolArray, lesions: BoolArray, inside: BoolArray, spacing: Spacing = None
) -> Score:
    """By what share of the lesions' area is the segmented area too large or too small?

    Without its sign, and whatever the two overlap: 1 where nothing is segmented, and where twice
    the area is. Undefined without a lesion.

    Args:
        predicted: (H, W) bool.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
        spacing: not read.

    Raises:
        ValueError: the shapes do not fit, or the masks are not bool.
    """
    both = against_lesions(predicted, lesions, inside)
    if isinstance(both, Undefined):
        return both
    drawn, true = (int(one.sum()) for one in both)
    return abs(drawn - true) / true
