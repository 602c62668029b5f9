"""Scores that are unlikely under their declaration: what does not fit is said, not repaired."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from xaudit.audit.suspicions.inquiry import StudyScores
from xaudit.core.message import Message
from xaudit.core.record.suspicion import Suspicion
from xaudit.stats.roc.auc import auc_value

Array = npt.NDArray[np.float64]

_SAME = 1e-6
_NEAR = 1e-3
"""Logarithms in float32."""
_INVERTED = 0.4
ENOUGH = 10
"""Images below which nothing is said of all of them."""
_SURE = 2.5
"""Standard errors under chance: a detector that knows nothing is not called inverted."""


def constant_score(scores: StudyScores) -> tuple[Suspicion, ...]:
    """Whether every case has the same score."""
    values = scores.logits
    # Equal infinities have no difference.
    if len(values) < 2 or (values.min() != values.max() and np.ptp(values) >= _SAME):
        return ()
    if scores.of_boxes and values[0] == -math.inf:
        text = Message(
            "No image has a box: check detector.found, detector.images and detector.classes."
        )
        return (Suspicion("constant_score", text),)
    text = Message(
        "The score never varies: every one of {count} cases has the logit "
        "{logit:.4g}. Check detector.output, the weights and detector.input.",
        count=len(values),
        logit=values[0],
    )
    return (Suspicion("constant_score", text),)


def inverted_scores(scores: StudyScores) -> tuple[Suspicion, ...]:
    """Whether cases without a fracture score higher, by more than chance explains."""
    positives = int(scores.labels.sum())
    negatives = len(scores.labels) - positives
    theta = auc_value(scores.logits, scores.labels)
    if min(positives, negatives) < ENOUGH or theta is None:
        return ()
    error = math.sqrt((positives + negatives + 1) / (12 * positives * negatives))
    if theta >= min(_INVERTED, 0.5 - _SURE * error):
        return ()
    text = Message(
        "The AUC is {auc:.3f}, far below 0.5: the positive output is probably "
        "another one (detector.output.positive), or the labels or the gray scale are "
        "inverted.",
        auc=theta,
    )
    return (Suspicion("inverted_scores", text),)


def saturated_score(scores: StudyScores) -> tuple[Suspicion, ...]:
    """Whether most scores lie where nothing is told any more."""
    values = scores.logits
    if len(values) < ENOUGH or values.min() == values.max():
        return ()
    low, high = _limits(scores)
    below, above = int((values <= low).sum()), int((values >= high).sum())
    # An image on which no box is drawn is as low as can be, which is no rounding.
    if scores.of_boxes:
        below = 0
    if below + above <= len(values) / 2:
        return ()
    text = Message(
        "{limit} of {count} scores lie at a limit ({low} at the lowest, {high} at "
        "the highest value that there is): what lies there cannot be ranked, and no "
        "other operating point can be told from this one. Are these decisions, or "
        "rounded scores? Audit logits.",
        limit=below + above,
        count=len(values),
        low=below,
        high=above,
    )
    return (Suspicion("saturated_score", text),)


def _limits(scores: StudyScores) -> tuple[float, float]:
    """The logits at which scores of this kind pile up."""
    if scores.clipping is not None:
        low, high = scores.clipping
        return low + _NEAR, high - _NEAR
    return float(scores.logits.min()), float(scores.logits.max())


def table_in_unit_interval(scores: StudyScores) -> tuple[Suspicion, ...]:
    """Whether a table that is declared to hold logits holds probabilities."""
    if not scores.of_table or scores.kind != "logit":
        return ()
    return in_unit_interval(
        scores.logits, "detector.score is logit", "declare detector.score probability"
    )


def in_unit_interval(values: Array, declared: str, remedy: str) -> tuple[Suspicion, ...]:
    """Whether all of some scores that are declared as logits lie in [0, 1].

    Args:
        values: a row for each image.
        declared: what says that they are logits.
        remedy: what to do if they are not.
    """
    if len(values) < ENOUGH or values.min() < 0 or values.max() > 1:
        return ()
    text = Message(
        "All scores of {count} images lie in [0, 1], from {low:.3g} to {high:.3g}, "
        "and {declared}: either a sigmoid was left in, and every threshold and every "
        "probability is wrong, or these are logits that are hardly sure of anything. "
        "Look up the last layer: after a sigmoid, {remedy}; logits are acknowledged "
        "by this name.",
        count=len(values),
        low=values.min(),
        high=values.max(),
        declared=declared,
        remedy=remedy,
    )
    return (Suspicion("scores_in_unit_interval", text),)
