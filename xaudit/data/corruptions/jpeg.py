"""Lossy compression by JPEG."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from xaudit.core.case import FloatArray
from xaudit.core.message import Message
from xaudit.data.transforms.corruption import CORRUPTIONS, Corruption


def through_jpeg(image: FloatArray, quality: float, _: int = 0) -> FloatArray:
    """Compressed at this quality, 1 to 95, and back."""

    def through(plane: FloatArray) -> FloatArray:
        file = io.BytesIO()
        levels = np.rint(np.clip(plane, 0, 1) * 255).astype(np.uint8)
        Image.fromarray(levels).save(file, "JPEG", quality=round(quality))
        return np.asarray(np.asarray(Image.open(file)) / 255, dtype=np.float32)

    return np.stack([through(plane) for plane in image])


CORRUPTIONS.add(
    "jpeg", Corruption("JPEG", Message("quality, of 100"), (75, 50, 25, 10), through_jpeg)
)
