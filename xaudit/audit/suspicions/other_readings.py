"""Other readings of the outputs: does one tell the labels of the study better?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.audit.suspicions.inquiry import Inquiry
from xaudit.audit.suspicions.score_checks import ENOUGH
from xaudit.core.message import Message
from xaudit.core.record.suspicion import Suspicion
from xaudit.stats.roc.auc import auc_value
from xaudit.stats.roc.auc_difference import paired_auc_difference

Array = npt.NDArray[np.float64]

_KINDS = {"multi_label", "softmax", "two_logits"}
_MOST_COLUMNS = 32
_LEAST_GAP, _LEAST_AUC = 0.05, 0.8
_FALSE_ALARMS = 0.01
"""Of a sound declaration, over all other readings together (Bonferroni)."""


def other_output_fits_better(probe: Inquiry) -> tuple[Suspicion, ...]:
    """Whether another column, or a softmax instead of labels of their own, is probably meant.

    The areas under both ROC curves are compared on the same images (DeLong et al. 1988); the other
    one has to be a detector at all, which is what keeps luck among many columns out.

    Args:
        probe: of some images.
    """
    labels = np.array([case.label for case in probe.cases], dtype=bool)
    width = probe.said.outputs.shape[1]
    if probe.output.kind not in _KINDS or not 1 < width <= _MOST_COLUMNS:
        return ()
    if min(labels.sum(), (~labels).sum()) < ENOUGH:
        return ()
    patients = [case.patient for case in probe.cases]
    found, readings = [], list(_readings(probe))
    level = 1 - _FALSE_ALARMS / len(readings)
    for name, scores in readings:
        gap = paired_auc_difference(scores, probe.said.logits, labels, patients, level).difference
        if gap.low is not None and gap.value is not None and gap.low > 0:
            found.append((gap.value, auc_value(scores, labels) or 0.0, name))
    best, reached, name = max(found, default=(0.0, 0.0, ""))
    if best < _LEAST_GAP or reached < _LEAST_AUC:
        return ()
    columns = ", ".join(map(str, probe.output.columns))
    text = Message(
        "Read as {other}, the outputs tell the labels of {count} images better than as {declared}: "
        "the AUC is larger by {gap:.2f}. Look up in the training code what the outputs mean, and "
        "their order.",
        other=name,
        count=len(labels),
        declared=f"{probe.output.kind}, positive {columns}",
        gap=best,
    )
    return (Suspicion("other_output_fits_better", text),)


def _readings(probe: Inquiry) -> Iterator[tuple[str, Array]]:
    """Other declaration → the scores that it would give."""
    outputs, columns = probe.said.outputs, probe.output.columns
    alone = probe.output.kind == "multi_label"
    for column in range(outputs.shape[1]):
        same = columns == (column,)
        if not (same and alone):
            yield f"multi_label, positive {column}", outputs[:, column]
        if not (same and not alone):
            rest = scipy.special.logsumexp(np.delete(outputs, column, axis=1), axis=1)
            yield f"softmax, positive {column}", outputs[:, column] - rest
