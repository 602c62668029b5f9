"""Patches of an image that belong together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from skimage.segmentation import slic

from xaudit.core.case import FloatArray


def superpixels(image: FloatArray, count: int, compactness: float) -> npt.NDArray[np.int64]:
    """Cut an image into about ``count`` patches with SLIC (Achanta et al. 2012).

    Deterministic; labels run from 0 without a gap, as lime takes them for columns.

    Args:
        image: (C, H, W) in [0, 1].
        count: patches to aim at.
        compactness: large for square patches, small for patches that follow the image.

    Returns:
        (H, W) of labels.
    """
    labels = slic(
        np.moveaxis(image, 0, -1).astype(np.float64),
        n_segments=count,
        compactness=compactness,
        start_label=0,
        channel_axis=-1,
        convert2lab=False,
    )
    _, dense = np.unique(labels, return_inverse=True)
    return dense.reshape(labels.shape).astype(np.int64)
