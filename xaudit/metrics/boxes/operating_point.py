"""An operating point of a detector that draws boxes: what it finds there, and what it draws amiss.

A box counts where its rating reaches the threshold. All intervals are over patients.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import metric
from xaudit.metrics.boxes.marks import FreeResponse
from xaudit.metrics.scores.detection import Marks
from xaudit.stats.proportions import clustered_proportion
from xaudit.stats.resampling.bootstrap import clustered_mean


@metric("detection")
def lesion_sensitivity(marks: Marks, threshold: float) -> Estimate:
    """What share of lesions does a box find that is drawn at the operating point?

    Wilson's interval on the effective sample, lesions of one patient being alike; see
    `clustered_proportion`. `n` counts lesions.

    Args:
        marks: of N cases.
        threshold: least rating of a box that is drawn.

    Raises:
        ValueError: the threshold is NaN or infinite.
    """
    found = marks.lesion_ratings >= _finite(threshold)
    if not len(found):
        return Estimate.missing(Message("no lesions"), k=0, clusters=0, unit=marks.unit)
    names = [marks.patients[case] for case in marks.lesion_cases]
    return clustered_proportion(found, names, unit=marks.unit)


@metric("detection", better="lower", bounds=(0.0, None), unit="number")
def false_boxes_per_image(
    marks: Marks, threshold: float, rng: np.random.Generator, draws: int = 2000
) -> Estimate:
    """How many boxes that hit no lesion are drawn per image at the operating point?

    Args:
        marks: of N cases.
        threshold: least rating of a box that is drawn.
        rng: source of the draws.
        draws: how many times patients are resampled.

    Raises:
        ValueError: the threshold is NaN or infinite.
    """
    everywhere = np.ones(len(marks), dtype=bool)
    return _mean_false(marks, threshold, everywhere, rng, draws)


@metric("detection", better="lower", bounds=(0.0, None), unit="number")
def false_boxes_per_normal_image(
    marks: Marks, threshold: float, rng: np.random.Generator, draws: int = 2000
) -> Estimate:
    """How many boxes are drawn per image without a lesion at the operating point?

    Args:
        marks: of N cases.
        threshold: least rating of a box that is drawn.
        rng: source of the draws.
        draws: how many times patients are resampled.

    Raises:
        ValueError: the threshold is NaN or infinite.
    """
    return _mean_false(marks, threshold, ~marks.diseased, rng, draws)


@metric("detection")
def hit_iou(
    response: FreeResponse, threshold: float, rng: np.random.Generator, draws: int = 2000
) -> Estimate:
    """How well do the boxes that find a lesion at the operating point fit it?

    Mean intersection over union of lesions found; those that are missed do not enter, which
    `lesion_sensitivity` counts. Under a rule by intersection over union it cannot be less than
    what the rule asks. `n` counts lesions found.

    Args:
        response: of N cases.
        threshold: least rating of a box that is drawn.
        rng: source of the draws.
        draws: how many times patients are resampled.

    Raises:
        ValueError: the threshold is NaN or infinite.
    """
    marks = response.marks
    found = marks.lesion_ratings >= _finite(threshold)
    if not found.any():
        reason = Message("no lesions") if not len(found) else Message("no lesion is found")
        return Estimate.missing(reason, clusters=0, unit=marks.unit)
    names = [marks.patients[case] for case in marks.lesion_cases[found]]
    return replace(
        clustered_mean(response.overlaps[found], names, rng, draws, share=True), unit=marks.unit
    )


def _mean_false(
    marks: Marks, threshold: float, among: BoolArray, rng: np.random.Generator, draws: int
) -> Estimate:
    shown = marks.false_ratings >= _finite(threshold)
    counts = np.bincount(marks.false_cases[shown], minlength=len(marks))[among].astype(float)
    if not len(counts):
        reason = Message("no images without a lesion") if len(marks) else Message("no cases")
        return Estimate.missing(reason, clusters=0, unit=marks.unit)
    names = [marks.patients[case] for case in np.flatnonzero(among)]
    return replace(clustered_mean(counts, names, rng, draws), unit=marks.unit)


def _finite(threshold: float) -> float:
    if not np.isfinite(threshold):
        raise ValueError(f"a threshold of ratings is a finite number, got {threshold}")
    return threshold
