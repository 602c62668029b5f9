"""Outputs of a network beside what they are declared to be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.audit.suspicions.inquiry import Inquiry
from xaudit.audit.suspicions.score_checks import ENOUGH, in_unit_interval
from xaudit.core.case import BoolArray
from xaudit.core.message import Message
from xaudit.core.record.suspicion import Suspicion
from xaudit.errors import DetectorError
from xaudit.models.heads.output import PROBABILITIES

Array = npt.NDArray[np.float64]

_OF_SPREAD, _OF_SIZE, _LEAST = 1e-3, 1e-5, 1e-6
"""Differences that sums in another order make: of the standard deviation, and of the size."""


def refuse_impossible(probe: Inquiry) -> None:
    """Outputs that cannot be what they are declared to be.

    Raises:
        DetectorError: names the case, what it returned, and what to declare.
    """
    kind, outputs, off = probe.output.kind, probe.said.outputs, probe.said.rounding
    broken = np.any(~np.isfinite(outputs), axis=1)
    _refuse(probe, broken, "finite numbers", "check the weights")
    if kind not in PROBABILITIES:
        return
    outside = np.any((outputs < -off) | (outputs > 1 + off), axis=1)
    logits = "logit" if kind == "probability" else "softmax or multi_label"
    _refuse(probe, outside, "numbers from 0 to 1", f"for logits declare output.kind {logits}")
    if kind == "probabilities":
        apart = np.abs(outputs.sum(axis=1) - 1) > off
        advice = "for labels that do not exclude each other return their logits, multi_label"
        _refuse(probe, apart, "rows that sum to 1", advice)


def _refuse(probe: Inquiry, wrong: BoolArray, expected: str, advice: str) -> None:
    if not wrong.any():
        return
    first = int(np.argmax(wrong))
    row = ", ".join(f"{value:.4g}" for value in probe.said.outputs[first][:6])
    raise DetectorError(
        f"output.kind {probe.output.kind}: expected {expected}, but {int(wrong.sum())} of "
        f"{len(wrong)} images give something else; case {probe.cases[first].case_id} gives "
        f"({row}); {advice}; see detector.output"
    )


def rows_sum_to_one(probe: Inquiry) -> tuple[Suspicion, ...]:
    """Whether declared logits are the probabilities of a softmax, or their logarithms."""
    kind, outputs, off = probe.output.kind, probe.said.outputs, probe.said.rounding
    if kind in PROBABILITIES or len(outputs) < ENOUGH or outputs.shape[1] < 2:
        return ()
    if _are_rows_of_a_softmax(outputs, off):
        said = (
            "The {outputs} outputs of every image sum to 1 in {count} of {all} images, and "
            "output.kind is {kind}: a softmax was probably left in. If so, declare output.kind "
            "probabilities."
        )
    # The head of a softmax does not mind: logarithms of its shares are logits of it.
    elif kind == "multi_label" and bool(
        (np.abs(scipy.special.logsumexp(outputs, axis=1)) < off).all()
    ):
        said = (
            "The exponentials of the {outputs} outputs sum to 1 in {count} of {all} images, and "
            "output.kind is {kind}: a log-softmax was probably left in. If so, declare output.kind "
            "softmax."
        )
    else:
        return ()
    images, columns = outputs.shape
    text = Message(said, outputs=columns, count=images, all=images, kind=kind)
    return (Suspicion("rows_sum_to_one", text),)


def scores_in_unit_interval(probe: Inquiry) -> tuple[Suspicion, ...]:
    """Whether what is declared as logits are the probabilities of a sigmoid."""
    kind, outputs, off = probe.output.kind, probe.said.outputs, probe.said.rounding
    if kind in PROBABILITIES or _are_rows_of_a_softmax(outputs, off):
        return ()
    chosen = outputs[:, list(probe.output.columns)] if kind == "multi_label" else outputs
    remedy = {
        "logit": "declare output.kind probability",
        "multi_label": "return the logits of the labels from a factory of your own",
        "boxes": "declare output.boxes.activation none",
        "segmentation": "declare output.masks.activation none",
    }.get(kind, "return the logits of the classes from a factory of your own")
    return in_unit_interval(chosen, f"output.kind is {kind}", remedy)


def _are_rows_of_a_softmax(outputs: Array, off: float) -> bool:
    inside = (outputs >= -off).all() and (outputs <= 1 + off).all()
    sums = np.abs(outputs.sum(axis=1) - 1)
    return outputs.shape[1] > 1 and bool(inside) and bool((sums < off).all())


def score_not_repeatable(probe: Inquiry) -> tuple[Suspicion, ...]:
    """Whether the same images have other scores when they are asked again."""
    first = _score(probe, probe.said.logits)
    apart, limit = _apart(first, _score(probe, probe.said.again)), _tolerance(first)
    if apart.max() <= limit:
        return ()
    text = Message(
        "{moved} of {count} images have another {word} when they are scored a second "
        "time, by up to {most:.3g}: something random is left on, such as F.dropout "
        "without training=self.training. No figure can be made again.",
        moved=int((apart > limit).sum()),
        count=len(apart),
        word=_word(probe),
        most=apart.max(),
    )
    return (Suspicion("score_not_repeatable", text),)


def score_depends_on_batch(probe: Inquiry) -> tuple[Suspicion, ...]:
    """Whether the score of an image depends on the images beside it."""
    if score_not_repeatable(probe):
        # Then the two cannot be told apart.
        return ()
    first = _score(probe, probe.said.logits)
    alone, moved = (
        _apart(first, _score(probe, one)) for one in (probe.said.alone, probe.said.moved)
    )
    apart, limit = np.maximum(alone, moved), _tolerance(first)
    if apart.max() <= limit:
        return ()
    text = Message(
        "{moved} of {count} images have another {word} in other company: it moves by "
        "up to {alone:.3g} when an image is scored alone, by up to {other:.3g} at "
        "another place of a batch. Figures depend on the order of the study. Look "
        "for norms in training mode and for means over the batch.",
        moved=int((apart > limit).sum()),
        count=len(apart),
        word=_word(probe),
        alone=alone.max(),
        other=moved.max(),
    )
    return (Suspicion("score_depends_on_batch", text),)


def _word(probe: Inquiry) -> str:
    return "probability" if probe.output.kind in PROBABILITIES else "logit"


def _score(probe: Inquiry, logits: Array) -> Array:
    """The scores on the scale of the outputs: rounding near 1 is not blown up by a logarithm."""
    scores: Array = scipy.special.expit(logits) if probe.output.kind in PROBABILITIES else logits
    return scores


def _apart(first: Array, other: Array) -> Array:
    apart: Array = np.abs(first[: len(other)] - other)
    return apart


def _tolerance(scores: Array) -> float:
    """Above what the order of sums does in float32."""
    size = float(np.abs(scores).max())
    return _OF_SPREAD * float(scores.std()) + _OF_SIZE * size + _LEAST
