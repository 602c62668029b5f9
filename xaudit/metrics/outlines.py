"""Outlines of one image by two annotators: how much of them is shared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy

from xaudit.core.case import BoolArray


def dice(first: BoolArray, second: BoolArray) -> float:
    """What share of two outlined areas is outlined by both? 2 |A ∩ B| / (|A| + |B|), Dice 1945.

    Args:
        first: (H, W) bool.
        second: (H, W) bool.

    Raises:
        ValueError: the shapes differ, or neither outlines anything.
    """
    if first.shape != second.shape:
        raise ValueError(f"outlines of one image have one shape, got {first.shape}, {second.shape}")
    whole = int(first.sum()) + int(second.sum())
    if whole == 0:
        raise ValueError("neither of the two outlines anything")
    return 2 * int((first & second).sum()) / whole


def matched(first: Sequence[BoolArray], second: Sequence[BoolArray], iou: float) -> int:
    """How many lesions of two annotators can be paired, one with one, that overlap so much?

    The most pairs that there can be, by intersection over union.

    Args:
        first: lesions, (H, W) each.
        second: lesions of the other, of the same shape.
        iou: least intersection over union of a pair, above 0.
    """
    overlaps = np.array([[_iou(one, other) >= iou for other in second] for one in first])
    if not overlaps.size:
        return 0
    rows, columns = scipy.optimize.linear_sum_assignment(overlaps, maximize=True)
    return int(overlaps[rows, columns].sum())


def _iou(first: BoolArray, second: BoolArray) -> float:
    either = int((first | second).sum())
    return int((first & second).sum()) / either if either else 0.0
