"""Noise of the detector of X-rays."""

from __future__ import annotations

import numpy as np

from xaudit.core.case import FloatArray
from xaudit.core.message import Message
from xaudit.data.transforms.corruption import CORRUPTIONS, Corruption


def add_noise(image: FloatArray, gray_levels: float, seed: int) -> FloatArray:
    """Normal noise, its standard deviation in gray levels of 255; the same in every channel."""
    draw = np.random.default_rng(seed).standard_normal(image.shape[1:], np.float32)
    return np.asarray(image + gray_levels / 255 * draw, dtype=np.float32)


CORRUPTIONS.add(
    "noise",
    Corruption(Message("Noise"), Message("of 255 gray levels"), (2, 5, 10, 20), add_noise),
)
