"""Overlap of boxes: intersection over union, and centers within."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray

Array = npt.NDArray[np.float64]


def paired_iou(drawn: Array, truths: Array, crowd: BoolArray | None = None) -> Array:
    """Intersection over union of each drawn box with the true one in the same row.

    Boxes that touch share nothing. A crowd is a region that holds any number of lesions: there the
    intersection is divided by the drawn box alone (Lin et al. 2014).

    Args:
        drawn: (P, 4), left, top, right, bottom.
        truths: (P, 4).
        crowd: (P,), which truths are crowds; None for none.

    Returns:
        (P,) in [0, 1].
    """
    left, top = np.maximum(drawn[:, 0], truths[:, 0]), np.maximum(drawn[:, 1], truths[:, 1])
    right, bottom = np.minimum(drawn[:, 2], truths[:, 2]), np.minimum(drawn[:, 3], truths[:, 3])
    shared = np.maximum(right - left, 0.0) * np.maximum(bottom - top, 0.0)
    own = areas(drawn)
    union = own + areas(truths) - shared
    return np.asarray(shared / (union if crowd is None else np.where(crowd, own, union)))


def pairwise_iou(drawn: Array, truths: Array, crowd: BoolArray | None = None) -> Array:
    """Intersection over union of each drawn box with each true one; see `paired_iou`.

    Args:
        drawn: (D, 4), left, top, right, bottom.
        truths: (G, 4).
        crowd: (G,), which truths are crowds; None for none.

    Returns:
        (D, G) in [0, 1].
    """
    rows, columns = np.indices((len(drawn), len(truths))).reshape(2, -1)
    chosen = None if crowd is None else crowd[columns]
    return paired_iou(drawn[rows], truths[columns], chosen).reshape(len(drawn), len(truths))


def centers_within(drawn: Array, truths: Array) -> BoolArray:
    """Whether the center of each drawn box lies in the true one in the same row, borders included.

    Args:
        drawn: (P, 4), left, top, right, bottom.
        truths: (P, 4).

    Returns:
        (P,).
    """
    centers = (drawn[:, :2] + drawn[:, 2:]) / 2
    return np.asarray(((centers >= truths[:, :2]) & (centers <= truths[:, 2:])).all(axis=1))


def areas(corners: Array) -> Array:
    """(B, 4) → (B,), in square pixels."""
    return np.asarray((corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1]))
