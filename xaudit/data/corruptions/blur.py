"""Blur, as by a larger focal spot or a thicker screen."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from xaudit.core.case import FloatArray
from xaudit.core.message import Message
from xaudit.data.transforms.corruption import CORRUPTIONS, Corruption


def blur(image: FloatArray, pixels: float, _: int = 0) -> FloatArray:
    """A Gaussian point spread, its standard deviation in pixels of the input grid."""
    return np.asarray(ndimage.gaussian_filter(image, (0, pixels, pixels), mode="nearest"))


CORRUPTIONS.add(
    "blur",
    Corruption(Message("Blur"), Message("pixels, standard deviation"), (0.5, 1, 2, 4), blur),
)
