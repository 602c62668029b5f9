"""Things in a radiograph that should not decide: declared ones, and candidates that are found."""

from __future__ import annotations

import numpy as np
import scipy

from xaudit.core.case import BoolArray, FloatArray, PreparedCase
from xaudit.core.detector import InputSpec
from xaudit.data.transforms.geometry import GridTransform
from xaudit.errors import DataError

MARKS = "marks"
BORDER = "border"

_SHARP, _BRIGHT = 0.4, 0.8
"""Of the image's brightest level: the step at the edge of a mark, and how bright it is there."""
_SMALLEST, _LONGEST = 2e-4, 0.25
"""Area of a mark as a share of the image, and its length as one of the side."""
_COMPACT, _FULL = 3.0, 0.4
"""A mark's box is at most so long for its width, and so much of it is filled: bones are not."""
_STROKES = 0.01
"""Of the shorter side: strokes nearer than that are one mark."""
_FRAME = 0.04
"""Of the shorter side: how wide the border is."""


def artifacts_of(case: PreparedCase, spec: InputSpec, gray: FloatArray) -> dict[str, BoolArray]:
    """Masks on the input grid, by name, of what the case shows besides anatomy.

    Declared artifacts come first; then burnt-in marks that are not declared and touch no lesion,
    and the border of the image, both found by rule.

    Args:
        case: on the input grid.
        spec: of the detector's input.
        gray: (H, W), the case's pixels as they are in the file.
    """
    transform = GridTransform.between(case.source, spec)
    found = _declared(case, transform)
    taken = np.any([case.lesion_mask, *found.values()], axis=0)
    marks = _free(transform.mask(burnt_in_marks(gray)) & case.shown, taken)
    candidates = {MARKS: marks, BORDER: border(case.shown) & ~case.lesion_mask}
    return {name: mask for name, mask in (candidates | found).items() if mask.any()}


def burnt_in_marks(gray: FloatArray) -> BoolArray:
    """Letters and digits that were burnt into a radiograph, and lead markers like them.

    They are bright, compact, and end within a pixel, which no bone does; metal in bone is mostly
    longer. Needs the pixels of the file: reduced to an input grid, marks are as soft as bone.

    Args:
        gray: (H, W) in [0, 1], bone bright, as stored.

    Returns:
        (H, W) bool.
    """
    side = min(gray.shape)
    frame = max(1, round(_FRAME * side))
    marks = np.zeros(gray.shape, dtype=bool)
    inner = gray[frame:-frame, frame:-frame]
    top = float(np.percentile(inner, 99.9)) if inner.size else 0.0
    if top == 0:
        return marks
    brightest = scipy.ndimage.maximum_filter(gray, 3)
    edges = brightest - scipy.ndimage.minimum_filter(gray, 3) > _SHARP * top
    edges &= brightest > _BRIGHT * top
    edges[:frame] = edges[-frame:] = edges[:, :frame] = edges[:, -frame:] = False
    reach = max(3, round(_STROKES * side) | 1)
    labels, _ = scipy.ndimage.label(scipy.ndimage.binary_closing(edges, np.ones((reach, reach))))
    for number, place in enumerate(scipy.ndimage.find_objects(labels), start=1):
        mark = scipy.ndimage.binary_fill_holes(labels[place] == number)
        if _is_compact(mark, gray.shape):
            marks[place] |= mark
    return marks


def _is_compact(mark: BoolArray, shape: tuple[int, ...]) -> bool:
    height, width = mark.shape
    return bool(
        mark.sum() >= _SMALLEST * shape[0] * shape[1]
        and max(height / shape[0], width / shape[1]) <= _LONGEST
        and max(height, width) <= _COMPACT * min(height, width)
        and mark.mean() >= _FULL
    )


def border(inside: BoolArray) -> BoolArray:
    """The frame of the image, 4 % of its shorter side wide; (H, W) → (H, W)."""
    if not inside.any():
        return np.zeros_like(inside)
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    width = max(1, round(_FRAME * min(len(rows), len(columns))))
    eroded = np.zeros_like(inside)
    eroded[rows[0] + width : rows[-1] + 1 - width, columns[0] + width : columns[-1] + 1 - width] = 1
    return np.asarray(inside & ~eroded)


def _free(marks: BoolArray, taken: BoolArray) -> BoolArray:
    """Marks that touch nothing that is taken, a pixel wider: their edges belong to them."""
    wider = scipy.ndimage.binary_dilation(marks, np.ones((3, 3)))
    labels, _ = scipy.ndimage.label(wider)
    touching = np.unique(labels[taken & (labels > 0)])
    return np.asarray(wider & ~np.isin(labels, touching))


def _declared(case: PreparedCase, transform: GridTransform) -> dict[str, BoolArray]:
    found = {}
    for name, outline in case.case.artifacts.items():
        try:
            mask = transform.mask(outline.rasterize(transform.source))
        except DataError:
            # It is not there, as `artifact_issues` told; counts say in how many cases it is.
            continue
        found[name] = mask & case.shown
    return found
