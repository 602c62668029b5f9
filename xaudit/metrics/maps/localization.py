"""Localization: how well the evidence for "fractured" lies on the fracture.

All take the raw signed map, one plane for each lesion and what is image rather than padding. Only
the positive part inside the image counts (Kohlbrenner et al. 2020; Arras et al. 2022). Undefined
without a lesion, and for a map with nothing positive or anything non-finite inside the image. A
constant positive map has every pixel tied and scores exactly chance here; that nothing can be
read from it is `AttributionMap.degenerate_on`'s to say, which callers ask first.
"""

from __future__ import annotations

import numpy as np

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.message import Message
from xaudit.core.metric import METRICS, Score, Undefined, metric
from xaudit.metrics.maps.evidence import NONE_INSIDE, evidence_on_lesions
from xaudit.metrics.maps.peaks import INSIDE, Reach, peak_scores
from xaudit.metrics.maps.thresholded import iou_otsu
from xaudit.stats.roc.auc import auc_value

LOCALIZATION: tuple[str, ...] = (
    "mass",
    "enrichment",
    "rank_accuracy",
    "auprc",
    "iou_at_area",
    "hit",
    "lesion_hit_rate",
)
FURTHER: tuple[str, ...] = (
    "chance_corrected_mass",
    "pixel_auc",
    iou_otsu.facts.name,
    "hit_any",
    "hit_all",
    "hit_of_five",
    "other_lesion_mass",
)
"""Other ways to score the same maps."""
OF_FOREGROUND = "foreground_mass"
"""Needs to know where the body is, which the map alone does not tell."""


@metric("localization")
def mass(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """What share of the positive evidence lies on a lesion?

    Relevance mass accuracy, Arras et al. 2022. Chance is the lesions' share of the image.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes do not fit.
    """
    seen = evidence_on_lesions(values, lesions, inside)
    if isinstance(seen, Undefined):
        return seen
    evidence, on_lesion = seen
    return float(evidence[on_lesion].sum() / evidence.sum())


@metric("localization")
def foreground_mass(values: FloatArray, lesions: BoolArray, foreground: BoolArray) -> Score:
    """Of the positive evidence on the body, what share lies on a lesion?

    `mass` without plain air, where there is nothing to see: chance is the lesions' share of the
    body. Undefined where no lesion lies on it.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        foreground: (H, W) bool, False on air and on padding.

    Raises:
        ValueError: the shapes do not fit.
    """
    score: Score = mass(values, lesions, foreground)
    if score == NONE_INSIDE:
        return Undefined(Message("no lesion on the foreground"))
    return score


@metric("localization", bounds=(0.0, None), unit="ratio")
def enrichment(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """How many times more evidence lies on a lesion than its area alone would get?

    `mass` over the lesions' share of the image; 1 is chance, the image's area over the lesions'
    is the most. Arguments as for `mass`.
    """
    seen = evidence_on_lesions(values, lesions, inside)
    if isinstance(seen, Undefined):
        return seen
    evidence, on_lesion = seen
    return float(evidence[on_lesion].sum() / evidence.sum() / on_lesion.mean())


@metric("localization")
def other_lesion_mass(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """Of the evidence on lesions, what share lies on others than the one with most?

    0 where only one of several is marked, 1 - 1/L where L lesions are marked alike. Undefined for
    fewer than two lesions inside the image, and where no evidence lies on any. After the object
    discrimination index of ODAM (Zhao and Chan 2023). Arguments as for `mass`.
    """
    seen = evidence_on_lesions(values, lesions, inside)
    if isinstance(seen, Undefined):
        return seen
    planes = [plane for plane in lesions[:, inside] if plane.any()]
    if len(planes) < 2:
        return Undefined(Message("one lesion, two needed"))
    sums = [float(seen[0][plane].sum()) for plane in planes]
    if not sum(sums):
        return Undefined(Message("no evidence on any lesion"))
    return 1 - max(sums) / sum(sums)


@metric("localization", bounds=(None, 1.0), unit="number")
def chance_corrected_mass(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """How far does the evidence on lesions go from chance towards all of it?

    (m - p) / (1 - p), m being `mass` and p the lesions' share of the image, like Cohen's kappa: 0
    is chance, 1 is all. Undefined where the lesions fill the image. Arguments as for `mass`.
    """
    seen = evidence_on_lesions(values, lesions, inside)
    if isinstance(seen, Undefined):
        return seen
    evidence, on_lesion = seen
    chance = on_lesion.mean()
    if chance == 1:
        return Undefined(Message("the lesions fill the image"))
    return float((evidence[on_lesion].sum() / evidence.sum() - chance) / (1 - chance))


@metric("localization")
def rank_accuracy(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """Of the strongest pixels, as many as the lesions cover, how many lie on a lesion?

    Relevance rank accuracy, Arras et al. 2022. Pixels tied at the cut enter in random
    order: the value is the expectation. Arguments as for `mass`.
    """
    seen = evidence_on_lesions(values, lesions, inside)
    if isinstance(seen, Undefined):
        return seen
    evidence, on_lesion = seen
    own, positive = evidence[on_lesion], evidence[evidence > 0]
    size = len(own)
    cut = 0.0
    if len(positive) >= size:
        cut = np.partition(positive, len(positive) - size)[len(positive) - size]
    above = np.count_nonzero(positive > cut)
    chosen_of_tied = (size - above) / np.count_nonzero(evidence == cut)
    found = np.count_nonzero(own > cut) + chosen_of_tied * np.count_nonzero(own == cut)
    return float(found / size)


@metric("localization")
def auprc(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """How well do the pixels' strengths rank lesion above everything else?

    Average precision Σ (R_k - R_{k-1}) P_k over distinct values, tied pixels entering together,
    not the trapezoid area, which is optimistic (Davis and Goadrich 2006). Chance is the lesions'
    share of the image, and so a pixel of a large block of ties counts as much as by chance: one
    that rises out of it among pixels that are worse than chance lowers the score. Arguments as
    for `mass`.
    """
    seen = evidence_on_lesions(values, lesions, inside)
    if isinstance(seen, Undefined):
        return seen
    evidence, on_lesion = seen
    # Recall moves at values on lesions alone: those are all that need a precision.
    own, counts = np.unique(evidence[on_lesion], return_counts=True)
    found = np.cumsum(counts[::-1])[::-1]
    as_strong = len(evidence) - np.searchsorted(np.sort(evidence), own)
    return float(np.sum(counts * (found / as_strong)) / found[0])


@metric("localization", unit="number")
def pixel_auc(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """How often is a pixel on a lesion stronger than one that is not?

    Area under the ROC curve of the pixels, ties counting one half. Small lesions make it flatter
    than `auprc`: nearly every pixel is a negative. Arguments as for `mass`.
    """
    seen = evidence_on_lesions(values, lesions, inside)
    if isinstance(seen, Undefined):
        return seen
    area = auc_value(*seen)
    return Undefined(Message("the lesions fill the image")) if area is None else area


@metric("localization")
def iou_at_area(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """How far do the strongest pixels, as many as the lesions cover, overlap the lesions?

    Intersection over union of two sets of one size: r / (2 - r), r being `rank_accuracy`, and with
    ties at the cut r is its expectation. Arguments as for `mass`.
    """
    share = rank_accuracy(values, lesions, inside)
    return share if isinstance(share, Undefined) else share / (2 - share)


@metric("localization")
def hit(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """Does the strongest pixel lie on a lesion?

    Pointing game, Zhang et al. 2018, without tolerance. Where several pixels tie, the share of
    them on a lesion: the expectation of a random choice. Arguments as for `mass`.
    """
    seen = evidence_on_lesions(values, lesions, inside)
    if isinstance(seen, Undefined):
        return seen
    evidence, on_lesion = seen
    return float(on_lesion[evidence == evidence.max()].mean())


def lesion_masses(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> tuple[float, ...]:
    """What share of the positive evidence lies on each lesion?

    Overlapping lesions share pixels, so the sum may exceed `mass`. Empty for a degenerate map.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes do not fit.
    """
    seen = evidence_on_lesions(values, lesions, inside)
    if isinstance(seen, Undefined):
        return ()
    evidence, _ = seen
    return tuple(float(evidence[plane].sum() / evidence.sum()) for plane in lesions[:, inside])


def score_map(
    values: FloatArray, lesions: BoolArray, inside: BoolArray, reach: Reach | Undefined = INSIDE
) -> dict[str, Score]:
    """Every score of `LOCALIZATION` and `FURTHER` for one map, in printing order.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
        reach: how near to a lesion a peak must lie, or why that is not known.

    Raises:
        ValueError: the shapes do not fit.
    """
    peaks = peak_scores(values, lesions, inside, reach)
    names = (*LOCALIZATION, *FURTHER)
    return {
        name: peaks[name] if name in peaks else METRICS[name](values, lesions, inside)
        for name in names
    }
