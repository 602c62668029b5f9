"""Baselines: a radiograph where its content is taken away."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.spatial.distance import cdist

from xaudit.core.case import BoolArray, FloatArray, PreparedCase
from xaudit.explain.perturbation.foreground import blurred, foreground
from xaudit.explain.perturbation.superpixels import superpixels

_PATCHES = 64
_COMPACTNESS = 0.1


def _mean(image: FloatArray, inside: BoolArray) -> FloatArray:
    level = image[:, foreground(image, inside)].mean(axis=1)
    return np.broadcast_to(level[:, None, None], image.shape)


def _inpaint(image: FloatArray, inside: BoolArray) -> FloatArray:
    """Every patch filled from its rim, weighted by the inverse square of the distance."""
    patches = superpixels(image, inside, _PATCHES, _COMPACTNESS)
    filled = image.copy()
    for label in range(int(patches.max()) + 1):
        patch = patches == label
        rim = _rim(patch) & inside
        if rim.any():
            weights = 1.0 / cdist(np.argwhere(patch), np.argwhere(rim), "sqeuclidean")
            weights /= weights.sum(axis=1, keepdims=True)
            filled[:, patch] = image[:, rim] @ weights.T
    return filled


def _rim(patch: BoolArray) -> BoolArray:
    """The pixels around a patch."""
    padded = np.pad(patch, 1)
    near = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    return np.asarray(near & ~patch)


_MADE: dict[str, Callable[[FloatArray, BoolArray], FloatArray]] = {
    "blur": blurred,
    "inpaint": _inpaint,
    "mean": _mean,
    "black": lambda image, _: np.zeros_like(image),
    "white": lambda image, _: np.ones_like(image),
}
BASELINES = tuple(_MADE)


def check_baseline(name: str) -> None:
    """Refuse an unknown baseline.

    Raises:
        ValueError: with the names that there are.
    """
    if name not in _MADE and _gray_level(name) is None:
        raise ValueError(
            f"baseline is one of {', '.join(BASELINES)}, or a gray level in [0, 1] such as "
            f"'0.35'; got {name!r}"
        )


def check_baselines(names: str) -> None:
    """Refuse an unknown baseline among several that are joined by "+".

    Raises:
        ValueError: with the names that there are.
    """
    for name in names.split("+"):
        check_baseline(name)


def baseline_of(image: FloatArray, inside: BoolArray, name: str) -> FloatArray:
    """The image without its content.

    "blur" is a Gaussian of 5 % of the width: bones keep their place, fracture lines go.
    "inpaint" fills every patch from its rim (Shepard 1968): no new edges, smooth bone stays.
    "mean" is the mean of the foreground. "black" is 0, air on a MONOCHROME2 film; "white" is 1,
    air where a MONOCHROME1 film was left as it is; a number is that gray level. Padding stays
    what it is under each of them.

    Args:
        image: (C, H, W) in [0, 1].
        inside: (H, W), False on padding.
        name: one of `BASELINES`, or a gray level.

    Returns:
        (C, H, W) float32 in [0, 1].
    """
    level = _gray_level(name)
    plain = _MADE[name](image, inside) if level is None else np.full_like(image, level)
    return np.where(inside, plain, image).astype(np.float32)


def emptied(case: PreparedCase, name: str) -> FloatArray:
    """The image of a case without its content, each view by itself; see `baseline_of`."""
    return case.grid.by_view(partial(baseline_of, name=name), case.image, case.shown)


def baselines_of(case: PreparedCase, names: str) -> dict[str, FloatArray]:
    """Each of several baselines that are joined by "+"."""
    return {name: emptied(case, name) for name in names.split("+")}


def _gray_level(name: str) -> float | None:
    try:
        level = float(name)
    except ValueError:
        return None
    return level if 0 <= level <= 1 else None
