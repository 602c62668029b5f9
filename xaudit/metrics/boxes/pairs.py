"""Pairs of drawn and true boxes on the same image, of many images at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from xaudit.core.boxes import Boxes

IntArray = npt.NDArray[np.intp]

# So many pairs of boxes are compared at once.
_PAIRS = 1 << 18


def parts(drawn: Sequence[Boxes], true: Sequence[Boxes]) -> Iterator[slice]:
    """Images in a row that have together no more pairs than fit into memory, one image at least."""
    counts = [len(d) * len(t) for d, t in zip(drawn, true, strict=True)]
    block = np.cumsum(counts, dtype=np.intp) // _PAIRS
    ends = np.flatnonzero(np.diff(block, append=-1)) + 1
    return (slice(start, end) for start, end in zip([0, *ends], ends, strict=False))


def pairs_of_images(drawn: Sequence[Boxes], true: Sequence[Boxes]) -> tuple[IntArray, IntArray]:
    """Numbers of the drawn and of the true box of each pair, by drawn box, then true box.

    Args:
        drawn: boxes of some images, numbered on from image to image.
        true: boxes of the same images.
    """
    sizes = np.array([len(one) for one in true], dtype=np.intp)
    own = owners(drawn)
    many = sizes[own]
    before = (np.cumsum(sizes) - sizes)[own] - (np.cumsum(many) - many)
    left = np.repeat(np.arange(len(own)), many)
    return left, np.arange(len(left)) + np.repeat(before, many)


def owners(boxes: Sequence[Boxes]) -> IntArray:
    """The number of the image of each box."""
    return np.repeat(np.arange(len(boxes)), [len(one) for one in boxes])


def joined(boxes: Sequence[Boxes]) -> Boxes:
    """The boxes of all images in a row."""
    if not boxes:
        return Boxes.none()
    names = ("corners", "ratings", "classes")
    return Boxes(*(np.concatenate([getattr(one, name) for one in boxes]) for name in names))
