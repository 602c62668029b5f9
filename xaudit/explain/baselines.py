"""What a radiograph looks like where its content is taken away."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from scipy import ndimage

from xaudit.core.case import BoolArray, FloatArray

Baseline = Literal["blur", "black", "mean"]
BASELINES: tuple[str, ...] = get_args(Baseline)

_BLUR_SHARE = 0.05


def check_baseline(name: str) -> None:
    """Refuse an unknown baseline.

    Raises:
        ValueError: with the names that there are.
    """
    if name not in BASELINES:
        raise ValueError(f"baseline is one of {', '.join(BASELINES)}, got {name!r}")


def baseline_of(image: FloatArray, inside: BoolArray, name: str) -> FloatArray:
    """The image without its content.

    "blur" is a Gaussian of 5 % of the width: bones keep their place, fracture lines go.
    "black" is 0 everywhere: air on a MONOCHROME2 film. "mean" is the image's own mean inside.
    Padding stays what it is under each of them.

    Args:
        image: (C, H, W) in [0, 1].
        inside: (H, W), False on padding.
        name: one of `BASELINES`.

    Returns:
        (C, H, W) float32 in [0, 1].
    """
    if name == "black":
        plain = np.zeros_like(image)
    elif name == "mean":
        mean = image[:, inside].mean(axis=1) if inside.any() else image.mean(axis=(1, 2))
        plain = np.broadcast_to(mean[:, None, None], image.shape)
    else:
        sigma = _BLUR_SHARE * image.shape[2]
        plain = ndimage.gaussian_filter(image, (0, sigma, sigma), mode="nearest")
    return np.where(inside, plain, image).astype(np.float32)
