"""Scores that are unlikely under their declaration: what does not fit is said, not repaired."""

from __future__ import annotations

import math

import numpy as np

from xaudit.audit.seen import Scores
from xaudit.core.suspicion import Suspicion
from xaudit.stats.auc import auc_value

_SAME = 1e-6
_INVERTED = 0.4
_ENOUGH = 10
_SURE = 2.5
"""Standard errors under chance: a detector that knows nothing is not called inverted."""


def constant_score(scores: Scores) -> tuple[Suspicion, ...]:
    """Whether every case has the same score."""
    values = scores.logits
    # Equal infinities have no difference.
    if len(values) < 2 or (values.min() != values.max() and np.ptp(values) >= _SAME):
        return ()
    text = (
        f"The score never varies: every one of {len(values)} cases has the logit {values[0]:.4g}. "
        "Check detector.output, the weights and detector.input."
    )
    return (Suspicion("constant_score", text),)


def inverted_scores(scores: Scores) -> tuple[Suspicion, ...]:
    """Whether cases without a fracture score higher, by more than chance explains."""
    positives = int(scores.labels.sum())
    negatives = len(scores.labels) - positives
    theta = auc_value(scores.logits, scores.labels)
    if min(positives, negatives) < _ENOUGH or theta is None:
        return ()
    error = math.sqrt((positives + negatives + 1) / (12 * positives * negatives))
    if theta >= min(_INVERTED, 0.5 - _SURE * error):
        return ()
    text = (
        f"The AUC is {theta:.3f}, far below 0.5: the positive output is probably another one "
        "(detector.output.positive), or the labels or the gray scale are inverted."
    )
    return (Suspicion("inverted_scores", text),)
