"""Maps that know nothing of the detector, on its input grid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray, FloatArray

_SIGMA_SHARE = 0.25


def center_gaussian(shape: tuple[int, int], inside: BoolArray) -> FloatArray:
    """A blob in the middle of the image, a quarter of its size wide; (H, W).

    Args:
        shape: of the grid.
        inside: False on padding; the middle is that of the image, not of the grid.
    """
    rows, columns = np.nonzero(inside)
    if not len(rows):
        return np.zeros(shape, dtype=np.float32)
    parts = []
    for places, size in ((rows, shape[0]), (columns, shape[1])):
        low, high = places.min(), places.max() + 1
        distance = (np.arange(size) + 0.5 - (low + high) / 2) / (_SIGMA_SHARE * (high - low))
        parts.append(np.exp(-(distance**2) / 2))
    return np.asarray(np.where(inside, np.outer(*parts), 0), dtype=np.float32)


def edge_map(image: FloatArray, inside: BoolArray) -> FloatArray:
    """Strength of the edges of the image (Sobel), 0 on padding; (C, H, W) → (H, W).

    Adebayo et al., NeurIPS 2018, show that some attribution methods do little else. The step from
    the image to its padding is no edge of the image: beyond its border the image goes on as it
    ends.

    Args:
        image: (C, H, W).
        inside: (H, W), False on padding; a rectangle, as every resize leaves one.
    """
    edges = np.zeros(inside.shape, dtype=np.float32)
    if inside.any():
        rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
        shown = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        gray = image.mean(axis=0)[shown]
        steps = (scipy.ndimage.sobel(gray, axis=axis, mode="nearest") for axis in (0, 1))
        edges[shown] = np.hypot(*steps)
    return edges


def intensity_map(image: FloatArray) -> FloatArray:
    """How bright the image is; (C, H, W) → (H, W)."""
    return np.asarray(image.mean(axis=0), dtype=np.float32)


def ideal_on_grid(lesions: BoolArray, grid: tuple[int, int], shape: tuple[int, int]) -> FloatArray:
    """The lesions themselves as a feature map of this grid would show them; (H, W).

    Averaged over the cells of the grid and brought back bilinearly (align_corners False): what
    Grad-CAM would look like if its weights were perfect. A coarse grid cannot hit a hairline
    fracture, which is then no fault of the detector.

    Args:
        lesions: (L, H, W).
        grid: rows and columns of the feature map.
        shape: of the input grid.
    """
    union = lesions.any(axis=0).astype(np.float64)
    down = [_cell_means(old, new) for old, new in zip(shape, grid, strict=True)]
    up = [_bilinear(old, new) for old, new in zip(grid, shape, strict=True)]
    cells = down[0] @ union @ down[1].T
    return (up[0] @ cells @ up[1].T).astype(np.float32)


def _cell_means(old: int, new: int) -> npt.NDArray[np.float64]:
    """(new, old): the share of each cell that every pixel makes up."""
    edges = np.arange(new + 1) * (old / new)
    pixels = np.arange(old)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.asarray(np.clip(overlap, 0, None) * (new / old))


def _bilinear(old: int, new: int) -> npt.NDArray[np.float64]:
    """(new, old): weights of torch's bilinear interpolation with align_corners False."""
    centers = np.clip((np.arange(new) + 0.5) * (old / new) - 0.5, 0, old - 1)
    return np.asarray(np.clip(1 - np.abs(centers[:, None] - np.arange(old)), 0, None))
