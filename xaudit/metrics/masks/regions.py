"""Regions of one image: what a network segments, and what is annotated."""

from __future__ import annotations

from typing import Literal

import numpy as np

from xaudit.core.case import BoolArray
from xaudit.core.message import Message
from xaudit.core.metric import Undefined
from xaudit.metrics.maps.evidence import NONE_INSIDE

Spacing = tuple[float, ...] | None
"""Millimeters between pixels, by axis; None where nobody knows."""
Emptiness = Literal["neither", "reference", "prediction", "both"]
"""Which of the two masks of an image is empty."""

SILENT = Undefined(Message("no lesion is annotated and none is segmented"))
ALARM = Undefined(Message("no lesion is annotated, but one is segmented"))
MISSED = Undefined(Message("nothing is segmented"))


def regions_inside(
    predicted: BoolArray, lesions: BoolArray, inside: BoolArray
) -> tuple[BoolArray, BoolArray]:
    """What is segmented, and what is annotated, of the pixels inside; two (H, W).

    Args:
        predicted: (H, W) bool.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes do not fit, or the masks are not bool.
    """
    if predicted.shape != inside.shape or lesions.shape[1:] != inside.shape:
        raise ValueError(
            "a mask (H, W), lesions (L, H, W) and inside (H, W) are needed, "
            f"got {predicted.shape}, {lesions.shape}, {inside.shape}"
        )
    if not predicted.dtype == lesions.dtype == inside.dtype == np.bool_:
        raise ValueError("masks are bool; a share of a pixel or a class has no say here")
    return predicted & inside, np.asarray(lesions.any(axis=0) & inside)


def emptiness(predicted: BoolArray, lesions: BoolArray, inside: BoolArray) -> Emptiness:
    """Which of the two masks is empty, so that such images are counted apart.

    "both": rightly silent. "reference": a false alarm. "prediction": everything is missed.

    Args:
        predicted: (H, W) bool.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes do not fit, or the masks are not bool.
    """
    drawn, true = (bool(one.any()) for one in regions_inside(predicted, lesions, inside))
    if drawn:
        return "neither" if true else "reference"
    return "prediction" if true else "both"


def against_lesions(
    predicted: BoolArray, lesions: BoolArray, inside: BoolArray
) -> tuple[BoolArray, BoolArray] | Undefined:
    """`regions_inside`, or why nothing can be compared: no lesion is annotated.

    Args:
        predicted: (H, W) bool.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes do not fit, or the masks are not bool.
    """
    drawn, true = regions_inside(predicted, lesions, inside)
    if true.any():
        return drawn, true
    if lesions.any():
        return NONE_INSIDE
    return ALARM if drawn.any() else SILENT
