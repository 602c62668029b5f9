"""Radiographs with something taken away, or put in."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from xaudit.core.case import BoolArray, FloatArray, PreparedCase
from xaudit.explain.perturbation.baselines import baseline_of
from xaudit.explain.perturbation.imputation import imputed

FILLINGS = ("impute", "blur")
"""From what is around, without a trace of the shape; and a Gaussian of 5 % of the width."""

_ROUND = 2
_TRIES = 200


def erased(case: PreparedCase, mask: BoolArray, filling: str) -> FloatArray:
    """The image without what lies in the mask and two pixels around it; (C, H, W).

    The rim goes too, because the edge of a thing betrays it.

    Args:
        case: on the input grid.
        mask: (H, W).
        filling: one of `FILLINGS`.
    """
    return case.grid.by_view(partial(_erased, filling=filling), case.image, case.shown, mask)


def _erased(image: FloatArray, shown: BoolArray, mask: BoolArray, filling: str) -> FloatArray:
    gone = ndimage.binary_dilation(mask, iterations=_ROUND) & shown
    if filling == "impute":
        filled = image.copy()
        rows, columns = _around(gone)
        pixels, hole, inside = (
            torch.from_numpy(np.ascontiguousarray(one[..., rows, columns]))
            for one in (image, gone, shown)
        )
        filled[:, rows, columns] = imputed(pixels, hole[None], inside)[0].numpy()
    else:
        filled = baseline_of(image, shown, filling)
    return np.where(gone, filled, image).astype(np.float32)


def _around(gone: BoolArray) -> tuple[slice, slice]:
    """The part of the image that decides what fills a hole: the hole, and the pixels next to it."""
    spans = []
    for axis in (1, 0):
        places = np.flatnonzero(gone.any(axis=axis))
        low, high = (int(places[0]), int(places[-1])) if len(places) else (0, 0)
        spans.append(slice(max(0, low - _ROUND), high + _ROUND + 1))
    return spans[0], spans[1]


def inserted(case: PreparedCase, donor: PreparedCase, mask: BoolArray) -> FloatArray:
    """The image with what the donor shows in the mask, at the same place; (C, H, W).

    Args:
        case: on the input grid.
        donor: on the same grid.
        mask: (H, W), of the donor's artifact.
    """
    shown = mask & case.shown & donor.shown
    return np.where(shown, donor.image, case.image).astype(np.float32)


def elsewhere(
    case: PreparedCase, mask: BoolArray, count: int, rng: np.random.Generator
) -> list[BoolArray]:
    """The same shape at other places that look alike: off the mask and every lesion.

    Erasing bone leaves a gap where erasing air leaves nothing, so of many random places those
    are taken whose mean and spread of gray values are nearest to those of the mask.

    Args:
        case: on the input grid.
        mask: (H, W), not empty.
        count: how many places, at most.
        rng: source of the places.

    Returns:
        As many as fit; none where the shape fits nowhere.
    """
    gray = case.image.mean(axis=0)
    taken = ndimage.binary_dilation(mask | case.lesion_mask, iterations=_ROUND)
    rows, columns = np.nonzero(mask)
    height, width = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    shape = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    own = _look(gray[mask])
    found: list[tuple[float, int, BoolArray]] = []
    for number in range(_TRIES):
        top = rng.integers(mask.shape[0] - height + 1)
        left = rng.integers(mask.shape[1] - width + 1)
        moved = np.zeros_like(mask)
        moved[top : top + height, left : left + width] = shape
        whole = _stays_whole(rows, int(top - rows.min()), case.grid.view[0])
        if whole and (moved & case.inside).sum() == shape.sum() and not (moved & taken).any():
            found.append((float(np.abs(_look(gray[moved]) - own).sum()), number, moved))
    return [place for _, _, place in sorted(found, key=lambda one: one[:2])[:count]]


def _stays_whole(rows: npt.NDArray[np.intp], down: int, view: int) -> bool:
    """Whether what lies in one view lies in one view again when it is moved down."""
    pairs = np.stack([rows // view, (rows + down) // view])
    return len(np.unique(pairs, axis=1).T) == len(np.unique(pairs[0]))


def _look(values: FloatArray) -> FloatArray:
    return np.array([values.mean(), values.std()], dtype=np.float32)
