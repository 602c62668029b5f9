"""Loss of contrast."""

from __future__ import annotations

import numpy as np

from xaudit.core.case import FloatArray
from xaudit.core.message import Message
from xaudit.data.transforms.corruption import CORRUPTIONS, Corruption


def reduce_contrast(image: FloatArray, percent: float, _: int = 0) -> FloatArray:
    """Gray values pulled towards their mean, so that so many percent of the contrast are left."""
    mean = image.mean(axis=(1, 2), keepdims=True)
    return np.asarray(mean + percent / 100 * (image - mean), dtype=np.float32)


CORRUPTIONS.add(
    "contrast",
    Corruption(Message("Contrast"), Message("% of it"), (80, 60, 40, 20), reduce_contrast),
)
