"""Patches of an image that belong together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from skimage.segmentation import slic

from xaudit.core.case import BoolArray, FloatArray, PreparedCase
from xaudit.explain.perturbation.foreground import foreground

OUTSIDE = -1
"""Label of what belongs to no patch."""


def superpixels_of(case: PreparedCase, count: int, compactness: float) -> npt.NDArray[np.int64]:
    """The patches of a case; of an examination, each view has its share of them to itself.

    Args:
        case: on the input grid.
        count: patches to aim at.
        compactness: see `superpixels`.

    Returns:
        (H, W) of labels.
    """
    share, taken = max(count // len(case.case.images), 2), 0

    def cut(image: FloatArray, shown: BoolArray) -> npt.NDArray[np.int64]:
        nonlocal taken
        if not shown.any():
            return np.full(shown.shape, OUTSIDE)
        labels = superpixels(image, shown, share, compactness)
        labels[labels != OUTSIDE] += taken
        taken = int(labels.max()) + 1
        return labels

    if case.grid.views == 1:
        return superpixels(case.image, case.shown, count, compactness)
    return case.grid.by_view(cut, case.image, case.shown)


def superpixels(
    image: FloatArray, inside: BoolArray, count: int, compactness: float
) -> npt.NDArray[np.int64]:
    """Cut the foreground of an image into about ``count`` patches with SLIC.

    Deterministic; labels run from 0 without a gap. What is not foreground is `OUTSIDE`: hiding it
    would change nothing.

    Args:
        image: (C, H, W) in [0, 1].
        inside: (H, W), False on padding.
        count: patches to aim at.
        compactness: large for square patches, small for patches that follow the image.

    Returns:
        (H, W) of labels.

    References:
        Achanta et al., SLIC Superpixels, IEEE TPAMI 2012.
    """
    mask = foreground(image, inside)
    labels = slic(
        np.moveaxis(image, 0, -1).astype(np.float64),
        n_segments=count,
        compactness=compactness,
        start_label=1,
        channel_axis=-1,
        convert2lab=False,
        mask=mask,
    )
    # A masked SLIC may leave single pixels of the mask without a label: they stay outside.
    found, dense = np.unique(np.where(mask, labels, 0), return_inverse=True)
    return (dense.reshape(labels.shape) - int(found[0] == 0)).astype(np.int64)
