"""Masks that a lossy format has smeared: the one level of the lesion, or a question."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy

from xaudit.core.case import BoolArray
from xaudit.data.pixels.mask_values import Labels, UndeclaredValuesError, brightness, channels

_DARKEST = 32
"""Levels up to here drown in what JPEG adds beside an edge."""
_NEAR, _WIDE = 0.06, 0.1
"""Of the level: values that count as it, and half the window in which another is looked for."""
_EDGE = (0.15, 0.85)
"""Of the level: what lies between is an edge or another level."""
_OF_BORDER, _OF_EDGES = 0.6, 0.55
"""Another level has so many pixels for each one on the border, and of all between: edges spread."""
_BLOCK = 9
"""More than the 8 pixels of a JPEG block, which may be even by chance."""


def smeared_lesion(labels: Labels) -> tuple[BoolArray, float]:
    """The pixels above half of the one level that a smeared mask shows, and this level.

    Levels are told from smeared edges by how many values lie close together, and by even areas.
    Calibrated on rendered shapes, sharp, soft and blurred, at JPEG qualities from 30 to 95.

    Args:
        labels: (H, W), gray or packed colors, as decoded.

    Raises:
        UndeclaredValuesError: there are several levels or colors, or one that is too dark.
    """
    gray = brightness(labels).astype(np.uint8)
    top = int(gray.max())
    if top == 0:
        return np.zeros(gray.shape, dtype=bool), 0.0
    if top <= _DARKEST:
        raise UndeclaredValuesError(
            f"a lossy file whose brightest value is {top} of 255, too little to be told from "
            f"smear; {_REMEDY}"
        )
    level = _main_level(gray, top)
    above = np.asarray(gray > level / 2)
    others = sorted({*_beside(gray, above, level), *_even(gray, level)})
    if others:
        near = [int((abs(gray - float(one)) <= _NEAR * level).sum()) for one in (*others, level)]
        said = ", ".join(
            f"{one} ({count:,} px)" for one, count in zip((*others, level), near, strict=True)
        )
        raise UndeclaredValuesError(f"a lossy file with several levels, about {said}; {_REMEDY}")
    if several := _hues(labels, above):
        raise UndeclaredValuesError(f"a lossy file with several colors, {several}; {_REMEDY}")
    return above, float(level)


_REMEDY = (
    "which of them are lesion cannot be told from smeared values: store the masks as PNG, from "
    "their source, and declare data.mask_values"
)


def _main_level(gray: Labels, top: int) -> int:
    """The most frequent value among the brightest."""
    counts = np.bincount(gray.ravel(), minlength=256)
    near, lowest = max(2, int(_NEAR * top)), int(0.75 * top)
    close = np.convolve(counts, np.ones(2 * near + 1, dtype=int), "same")
    center = lowest + int(np.argmax(close[lowest : top + 1]))
    first = max(center - near, lowest)
    return first + int(np.argmax(counts[first : center + near + 1]))


def _beside(gray: Labels, above: BoolArray, level: int) -> Iterator[int]:
    """A level between black and the main one, as a border or a second area has it."""
    low, high = (int(share * level) for share in _EDGE)
    counts = np.bincount(gray.ravel(), minlength=256)
    counts[:low], counts[high:] = 0, 0
    wide = int(_WIDE * level)
    close = np.convolve(counts, np.ones(2 * wide + 1, dtype=int), "same")
    center = int(np.argmax(close))
    border = int((above & ~scipy.ndimage.binary_erosion(above)).sum())
    if close[center] > _OF_BORDER * border and close[center] > _OF_EDGES * counts.sum():
        first = max(center - wide, 0)
        yield first + int(np.argmax(counts[first : center + wide + 1]))


def _even(gray: Labels, level: int) -> Iterator[int]:
    """Levels of areas that are even beyond a JPEG block and neither black nor the main one."""
    least, most = (
        extreme(gray, _BLOCK, mode="constant", cval=fill)
        for extreme, fill in (
            (scipy.ndimage.minimum_filter, 0),
            (scipy.ndimage.maximum_filter, 255),
        )
    )
    found = np.unique(gray[(most - least <= 2) & (least > 0)])
    last = -1
    for value in found.tolist():
        if abs(value - level) > _NEAR * level and (last < 0 or value - last > _NEAR * level):
            last = value
            yield value


def _hues(labels: Labels, above: BoolArray) -> str:
    """The hues of what is lesion, where there are several: which channels are bright."""
    bright = channels(labels)
    most = bright.max(axis=0)
    codes = sum(((bright[i] > most / 2) & above).astype(np.uint8) << i for i in range(3))
    same = scipy.ndimage.minimum_filter(codes, 3) == scipy.ndimage.maximum_filter(codes, 3)
    found = np.unique(np.asarray(codes)[same & above])
    return ", ".join(_HUES[int(code)] for code in found) if len(found) > 1 else ""


_HUES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "gray or white")
