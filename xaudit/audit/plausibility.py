"""Scores that cannot be right: what does not fit is said, not repaired."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xaudit.stats.auc import auc_value

_SAME = 1e-6
_INVERTED = 0.4
_ENOUGH = 10


def check_scores(logits: Sequence[float], labels: Sequence[bool]) -> tuple[str, ...]:
    """What the scores of a study say about the declaration.

    Args:
        logits: of the scored cases.
        labels: of the same cases.
    """
    values, truth = np.array(logits, dtype=np.float64), np.array(labels, dtype=bool)
    if len(values) > 1 and (values.min() == values.max() or np.ptp(values) < _SAME):
        return (
            f"The score never varies: every one of {len(values)} cases has the logit "
            f"{values[0]:.4g}. Check detector.output, the weights and detector.input.",
        )
    if min(truth.sum(), (~truth).sum()) < _ENOUGH:
        return ()
    theta = auc_value(values, truth)
    if theta is not None and theta < _INVERTED:
        return (
            f"The AUC is {theta:.3f}, far below 0.5: the positive output is probably another one "
            "(detector.output.positive), or the labels or the gray scale are inverted.",
        )
    return ()
