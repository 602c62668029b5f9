"""Foreground: where an image holds something that can be hidden."""

from __future__ import annotations

import numpy as np
import scipy

from xaudit.core.case import BoolArray, FloatArray

_BLUR_SHARE = 0.05
_LEAST = 1e-6
_GRAY_LEVEL = 1 / 255
_CLOSING = 3


def blurred(image: FloatArray, inside: BoolArray) -> FloatArray:
    """The image under a Gaussian of 5 % of its width; (C, H, W) → (C, H, W).

    Padding has no weight: its gray would darken or brighten the border of the image.

    Args:
        image: (C, H, W).
        inside: (H, W), False on padding.
    """
    if inside.all():
        return _smooth(image)
    weight = _smooth(inside[None].astype(np.float32))
    return np.asarray(_smooth(image * inside) / np.maximum(weight, _LEAST), dtype=np.float32)


def _smooth(image: FloatArray) -> FloatArray:
    sigma = _BLUR_SHARE * image.shape[2]
    return np.asarray(
        scipy.ndimage.gaussian_filter(image, (0, sigma, sigma), mode="nearest"), dtype=np.float32
    )


def foreground(image: FloatArray, inside: BoolArray) -> BoolArray:
    """Where the image differs from its blur by a gray level or more, holes filled; (H, W).

    Plain air and padding are left out: nothing changes where they are hidden. An image without
    any structure is foreground as a whole.

    Args:
        image: (C, H, W) in [0, 1].
        inside: (H, W), False on padding.
    """
    structure = (np.abs(image - blurred(image, inside)).max(axis=0) >= _GRAY_LEVEL) & inside
    closed = scipy.ndimage.binary_closing(structure, iterations=_CLOSING) | structure
    filled = scipy.ndimage.binary_fill_holes(closed) & inside
    if filled.any():
        return np.asarray(filled, dtype=bool)
    return inside if inside.any() else np.ones_like(inside)
