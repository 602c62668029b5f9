"""Lesions on which several annotators agree by a rule, pixel by pixel."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import AnnotationForm, BoolArray
from xaudit.core.grid import Grid
from xaudit.data.annotations.masks import check_size
from xaudit.errors import InstallError


@dataclass(frozen=True, slots=True)
class KeptMask:
    """One lesion whose pixels are known, in the box around it.

    Attributes:
        bits: pixels of the box, eight in a byte, row by row.
        corner: row and column of its first pixel.
        box: rows and columns of it.
        size: (height, width) of the image.
        form: "box" where it was made of a box.
    """

    bits: bytes
    corner: tuple[int, int]
    box: tuple[int, int]
    size: tuple[int, int]
    form: AnnotationForm = "mask"

    def rasterize(self, grid: Grid) -> BoolArray:
        """The pixels of the lesion.

        Raises:
            DataError: the image has another size.
        """
        check_size("lesions of several annotators", self.size, grid)
        flat = np.unpackbits(np.frombuffer(self.bits, np.uint8), count=self.box[0] * self.box[1])
        (top, left), (rows, columns) = self.corner, self.box
        out = np.zeros(grid.plane, dtype=bool)
        out[top : top + rows, left : left + columns] = flat.reshape(self.box)
        return out

    def fingerprint(self) -> str:
        """What identifies the outline, whatever the machine."""
        digest = hashlib.sha256(self.bits).hexdigest()
        return f"{self.form} {self.corner} {self.box} {self.size} {digest}"


def agreed_mask(masks: Sequence[BoolArray], rule: str) -> BoolArray:
    """The pixels that count.

    Args:
        masks: (H, W), one for each annotator; all False where one sees no lesion.
        rule: "union", "intersection", "majority" (more than half of the annotators) or "staple".

    Raises:
        InstallError: "staple" needs SimpleITK.
    """
    if rule == "staple":
        return np.asarray(staple(masks) > 0.5)
    votes = np.sum(masks, axis=0)
    least = {"union": 1, "intersection": len(masks), "majority": len(masks) // 2 + 1}[rule]
    return np.asarray(votes >= least)


def staple(masks: Sequence[BoolArray]) -> npt.NDArray[np.float64]:
    """The probability of each pixel, with the sensitivity and specificity of each annotator.

    Warfield, Zou, Wells 2004, over the whole image; the prior is the mean share of lesion.

    Raises:
        InstallError: it needs SimpleITK.
    """
    try:
        itk: Any = importlib.import_module("SimpleITK")
    except ImportError:
        raise InstallError(
            "data.consensus, lesions: staple needs SimpleITK: pip install 'xaudit[readers]'"
        ) from None
    if not np.any(masks):
        return np.zeros(masks[0].shape)
    filter_ = itk.STAPLEImageFilter()
    filter_.SetForegroundValue(1)
    images = [itk.GetImageFromArray(mask.astype(np.uint8)) for mask in masks]
    return np.asarray(itk.GetArrayFromImage(filter_.Execute(images)), dtype=np.float64)


def lesions_in(mask: BoolArray, form: AnnotationForm) -> tuple[KeptMask, ...]:
    """A lesion for each connected part (8 neighbors), in reading order."""
    labels, _ = scipy.ndimage.label(mask, structure=np.ones((3, 3)))
    found = []
    for number, (rows, columns) in enumerate(scipy.ndimage.find_objects(labels), start=1):
        inside = labels[rows, columns] == number
        found.append(
            KeptMask(
                np.packbits(inside).tobytes(), (rows.start, columns.start), inside.shape,
                mask.shape, form,
            )
        )  # fmt: skip
    return tuple(found)
