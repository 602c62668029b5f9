"""Operating points that lie beyond nearly all scores: most often the scores mean something else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.audit.suspicions.inquiry import StudyScores
from xaudit.audit.suspicions.score_checks import ENOUGH
from xaudit.core.message import Message
from xaudit.core.record.suspicion import Suspicion
from xaudit.stats.roc.auc import auc

Array = npt.NDArray[np.float64]

_ABOVE_CHANCE = 0.6
_FEWEST = 2
"""Calls of one kind below which a threshold separates nothing."""
_UNLIKE_LOGITS = 10.0
_ROUNDING = 1e-6
_LOGITS = {"logit", "multi_label"}


def threshold_beyond_scores(scores: StudyScores) -> tuple[Suspicion, ...]:
    """Whether an operating point calls (nearly) all cases alike, of a detector that can tell them.

    A case is called positive where its logit is beyond the point's edge. The first such point is
    named; below `ENOUGH` cases of either label, or without an AUC clearly above chance, nothing is.
    """
    positives = int(scores.labels.sum())
    if min(positives, len(scores.labels) - positives) < ENOUGH:
        return ()
    return tuple(_beyond(scores))[:1]


_ALL_POSITIVE = (
    "Operating point {point} calls {alike} of {count} cases positive, although the AUC is "
    "{auc:.3f}: it is the logit {logit:.4g}, and scores run from {low:.4g} to {high:.4g}. {meaning}"
    " Check the operating point and what the scores are declared to be."
)
_ALL_NEGATIVE = (
    "Operating point {point} calls {alike} of {count} cases negative, although the AUC is "
    "{auc:.3f}: it is the logit {logit:.4g}, and scores run from {low:.4g} to {high:.4g}. {meaning}"
    " Check the operating point and what the scores are declared to be."
)


def _beyond(scores: StudyScores) -> Iterator[Suspicion]:
    number = len(scores.logits)
    for point in scores.points:
        called = int((scores.logits > point.edge).sum())
        if min(called, number - called) >= _FEWEST:
            continue
        area = auc(scores.logits, scores.labels, [str(one) for one in range(number)])
        if area.value is None or area.low is None or area.low <= _ABOVE_CHANCE:
            return
        positive = called > number / 2
        text = Message(
            _ALL_POSITIVE if positive else _ALL_NEGATIVE,
            point=point.name,
            alike=called if positive else number - called,
            count=number,
            auc=area.value,
            logit=point.logit,
            low=scores.logits.min(),
            high=scores.logits.max(),
            meaning=_meaning(scores),
        )
        yield Suspicion("threshold_beyond_scores", text)


def _meaning(scores: StudyScores) -> Message:
    """What the range of the scores looks like."""
    low, high = float(scores.logits.min()), float(scores.logits.max())
    chances: Array = scipy.special.expit(scores.logits)
    twice = (
        chances.min() >= 0.5 - _ROUNDING and chances.max() <= scipy.special.expit(1.0) + _ROUNDING
    )
    if scores.kind == "probability" and twice:
        return Message(
            "As probabilities they lie in [0.5, 0.731], as after a sigmoid applied twice."
        )
    if scores.kind not in _LOGITS:
        return Message("Are they what they are declared to be?")
    if low >= 0 and high <= 1:
        return Message("They lie in [0, 1], as probabilities do.")
    if low >= 0 and _UNLIKE_LOGITS < high <= 100:
        return Message("They lie in [0, 100], as percentages do.")
    if high <= 0:
        return Message("None is above 0, as of logarithms of probabilities.")
    return Message("Are they what they are declared to be?")
