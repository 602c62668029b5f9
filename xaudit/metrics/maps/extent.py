"""Extent of a map: how much it shows and how widely, whether or not there is a lesion."""

from __future__ import annotations

import numpy as np
import scipy

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.message import Message
from xaudit.core.metric import Score, Undefined, metric
from xaudit.metrics.maps.evidence import readable_evidence


@metric("extent", better="lower")
def spatial_entropy(values: FloatArray, inside: BoolArray) -> Score:
    """How evenly is the positive evidence spread over the image?

    Shannon's entropy of its shares, over that of an even spread: 0 for one pixel, 1 for all alike.

    Args:
        values: (H, W), raw and signed.
        inside: (H, W) bool, False on padding.
    """
    evidence = readable_evidence(values, inside)
    if isinstance(evidence, Undefined):
        return evidence
    if len(evidence) < 2:
        return Undefined(Message("the image has one pixel"))
    return float(min(1.0, scipy.stats.entropy(evidence) / np.log(len(evidence))))


@metric("extent", better="lower", bounds=(0.0, None), unit="ratio")
def border_enrichment(values: FloatArray, border: BoolArray, inside: BoolArray) -> Score:
    """How many times more evidence lies on the frame of the image than its area would get?

    1 is chance. Where there is nothing to find, evidence that gathers at the frame speaks of
    collimation and padding.

    Args:
        values: (H, W), raw and signed.
        border: (H, W) bool.
        inside: (H, W) bool, False on padding.
    """
    evidence = readable_evidence(values, inside)
    if isinstance(evidence, Undefined):
        return evidence
    on_border = border[inside]
    if not on_border.any():
        return Undefined(Message("the image has no frame"))
    return float(evidence[on_border].sum() / evidence.sum() / on_border.mean())


@metric("extent", bounds=(0.0, None), unit="number")
def total_attribution(values: FloatArray, inside: BoolArray) -> Score:
    """How much positive evidence is there in all, in the unit of the map?

    Arguments as for `spatial_entropy`. Comparable between images of one method alone.
    """
    evidence = readable_evidence(values, inside)
    return evidence if isinstance(evidence, Undefined) else float(evidence.sum())


@metric("extent", bounds=(0.0, None), unit="number")
def peak_attribution(values: FloatArray, inside: BoolArray) -> Score:
    """How strong is the strongest evidence, in the unit of the map?

    Arguments as for `spatial_entropy`. Comparable between images of one method alone.
    """
    evidence = readable_evidence(values, inside)
    return evidence if isinstance(evidence, Undefined) else float(evidence.max())
