"""Evidence of a map: its positive part inside the image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.message import Message
from xaudit.core.metric import Undefined

Array = npt.NDArray[np.float64]

NO_LESIONS = Undefined(Message("no lesions"))
NONE_INSIDE = Undefined(Message("no lesion inside the image"))
"""Reasons that lie in the case: no map could be scored there."""


def evidence_on_lesions(
    values: FloatArray, lesions: BoolArray, inside: BoolArray
) -> tuple[Array, BoolArray] | Undefined:
    """Positive part and lesion membership of the pixels inside, or why there is no score.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.

    Returns:
        Two arrays of as many values as pixels lie inside.

    Raises:
        ValueError: the shapes do not fit.
    """
    if values.shape != inside.shape or lesions.shape[1:] != inside.shape:
        raise ValueError(
            "a map (H, W), lesions (L, H, W) and inside (H, W) are needed, "
            f"got {values.shape}, {lesions.shape}, {inside.shape}"
        )
    union: BoolArray = np.any(lesions, axis=0)
    on_lesion = union[inside]
    if not on_lesion.any():
        return NONE_INSIDE if len(lesions) else NO_LESIONS
    evidence = readable_evidence(values, inside)
    return evidence if isinstance(evidence, Undefined) else (evidence, on_lesion)


def readable_evidence(values: FloatArray, inside: BoolArray) -> Array | Undefined:
    """Positive part of the pixels inside, or why nothing can be read from it.

    Args:
        values: (H, W), raw and signed.
        inside: (H, W) bool, False on padding.
    """
    evidence = values[inside].astype(np.float64)
    if not np.isfinite(evidence).all():
        return Undefined(Message("the map holds NaN or infinite values"))
    evidence = np.maximum(evidence, 0.0)
    return evidence if evidence.any() else Undefined(Message("the map has no positive attribution"))


def picture_of(evidence: Array, inside: BoolArray) -> Array:
    """The evidence where it lies, 0 on padding; (H, W)."""
    picture = np.zeros(inside.shape)
    picture[inside] = evidence
    return picture
