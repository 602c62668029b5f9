"""Shortcuts: does the lesion decide, or something that merely comes with it?

A map shows where a detector may look; whether that decides is only seen when it is taken away.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.message import Message
from xaudit.core.metric import Score, Undefined, metric

Array = npt.NDArray[np.float64]


@metric("shortcuts", bounds=(None, None), unit="number")
def lesion_effect(before: float, erased: Array) -> Score:
    """By how much does the logit fall when the lesions are erased?

    Args:
        before: logit of the image.
        erased: (F,) logits without the lesions, one for each filling.
    """
    return _finite(before - erased)


@metric("shortcuts", better="lower", bounds=(0.0, None), unit="number")
def other_effect(before: float, erased: Array) -> Score:
    """By how much does the logit move, either way, when something else is erased?

    Args:
        before: logit of the image.
        erased: (N,) logits without it, one for each filling and place.
    """
    return _finite(np.abs(before - erased))


@metric("shortcuts")
def lesion_flip(before: float, erased: Array, threshold: float) -> Score:
    """In how many cases that were called fractured is the call gone with the lesions?

    Args:
        before: logit of the image.
        erased: (F,) logits without the lesions, one for each filling.
        threshold: a case is called fractured where its logit exceeds it.
    """
    if before <= threshold:
        return Undefined(Message("the case was not called fractured"))
    return _finite(np.where(np.isfinite(erased), erased <= threshold, np.nan))


@metric("shortcuts", better="lower")
def other_flip(before: float, erased: Array, threshold: float) -> Score:
    """In how many cases does the call change, either way, when something else is erased?

    Arguments as for `lesion_flip`.
    """
    changed = (erased > threshold) != (before > threshold)
    return _finite(np.where(np.isfinite(erased), changed, np.nan))


@metric("shortcuts", bounds=(None, None), unit="number")
def lesion_specific_effect(before: float, erased: Array, elsewhere: Array) -> Score:
    """How much more does the logit fall without the lesions than without similar anatomy?

    A gap in a bone can itself look like a fracture, whatever fills it; the same gap elsewhere
    does so too, and what it does is taken off.

    Args:
        before: logit of the image.
        erased: (F,) logits without the lesions, one for each filling.
        elsewhere: (N,) logits without the same shape at similar places.
    """
    own, other = _finite(before - erased), _finite(before - elsewhere)
    if isinstance(own, Undefined):
        return own
    return other if isinstance(other, Undefined) else own - other


@metric("shortcuts", bounds=(None, None), unit="number")
def lesion_advantage(lesions: Array, artifacts: Array) -> Score:
    """How much more does erasing the fracture lower the logit than erasing an artifact moves it?

    Each beyond what the same shape does elsewhere. Below 0 the artifact decides more than the
    fracture. The two sets of cases may differ: an artifact also decides where nothing is broken.

    Args:
        lesions: (N,) `lesion_specific_effect` of the cases with a lesion.
        artifacts: (M,) `artifact_excess` of the cases with the artifact; `other_effect` where
            there is no place elsewhere, as for the border.
    """
    if not len(lesions) or not len(artifacts):
        return Undefined(
            Message("no case with a lesion") if not len(lesions) else Message("no artifact")
        )
    return float(lesions.mean() - artifacts.mean())


@metric("shortcuts")
def lesion_first(lesion: float, others: Array) -> Score:
    """In how many cases does erasing the fracture move the logit more than erasing anything else?

    1 where the fall without the lesions is larger than every other movement, 1/2 where it ties
    with the largest, else 0. A detector that treats all things alike gets one over their number.

    Args:
        lesion: `lesion_effect` of a case.
        others: (N,) `other_effect` of each artifact, of the border, and of the lesion's shape
            over similar anatomy, in the same case.
    """
    if not len(others):
        return Undefined(Message("nothing else could be erased"))
    if not np.isfinite([lesion, *others]).all():
        return Undefined(Message("the detector returned a logit that is not finite"))
    largest = float(others.max())
    return (float(lesion > largest) + float(lesion >= largest)) / 2


@metric("shortcuts", better="lower", bounds=(None, None), unit="number")
def artifact_excess(artifact: float, elsewhere: float) -> Score:
    """How much more does erasing an artifact move the logit than an equal area elsewhere?

    Args:
        artifact: `other_effect` of the artifact.
        elsewhere: `other_effect` of the same shape at random places.
    """
    return artifact - elsewhere


@metric("shortcuts", better="lower", bounds=(None, None), unit="number")
def insertion_effect(before: float, inserted: Array) -> Score:
    """By how much does the logit rise when the artifact of another case is put in?

    Args:
        before: logit of an image without the artifact.
        inserted: (N,) logits with it, one for each donor.
    """
    return _finite(inserted - before)


@metric("shortcuts", better="lower", bounds=(0.0, None), unit="ratio")
def artifact_enrichment(values: FloatArray, artifact: BoolArray, inside: BoolArray) -> Score:
    """How many times more positive evidence lies on an artifact than its area would get?

    1 is chance.

    Args:
        values: (H, W), raw and signed.
        artifact: (H, W) bool.
        inside: (H, W) bool, False on padding.
    """
    evidence, on_artifact = np.clip(values[inside], 0, None).astype(np.float64), artifact[inside]
    if not np.isfinite(values[inside]).all():
        return Undefined(Message("the map holds NaN or infinite values"))
    if evidence.sum() == 0 or not on_artifact.any():
        return Undefined(
            Message("nothing positive in the map") if on_artifact.any() else Message("no artifact")
        )
    return float(evidence[on_artifact].sum() / evidence.sum() / on_artifact.mean())


def _finite(values: Array) -> Score:
    if not len(values):
        return Undefined(Message("nothing could be erased or inserted"))
    if not np.isfinite(values).all():
        return Undefined(Message("the detector returned a logit that is not finite"))
    return float(values.mean())
