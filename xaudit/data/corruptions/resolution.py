"""Resolution below that of the film."""

from __future__ import annotations

import numpy as np
from PIL import Image

from xaudit.core.case import FloatArray
from xaudit.core.message import Message
from xaudit.data.transforms.corruption import CORRUPTIONS, Corruption


def resample(image: FloatArray, percent: float, _: int = 0) -> FloatArray:
    """So many percent of the pixels a side, and back, with bilinear weights."""

    def through(plane: FloatArray) -> FloatArray:
        height, width = plane.shape
        small = (max(1, round(width * percent / 100)), max(1, round(height * percent / 100)))
        picture = Image.fromarray(plane).resize(small, Image.Resampling.BILINEAR)
        return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))

    return np.stack([through(plane) for plane in image]).astype(np.float32)


CORRUPTIONS.add(
    "resolution",
    Corruption(
        Message("Resolution"), Message("% of the pixels a side"), (75, 50, 25, 12.5), resample
    ),
)
