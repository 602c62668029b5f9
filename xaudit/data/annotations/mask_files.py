"""Lesions in image files: what a mask file shows, and which outlines it stands for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

import numpy as np
import scipy

from xaudit.core.case import AnnotationForm, BoolArray, Region
from xaudit.core.grid import Grid
from xaudit.data.annotations.mask_smear import smeared_lesion
from xaudit.data.annotations.masks import check_size, not_empty
from xaudit.data.pixels.images import read_labels
from xaudit.data.pixels.mask_values import (
    Labels,
    MaskContent,
    MaskValues,
    declared_content,
    refuse_several,
    undeclared_content,
)
from xaudit.errors import DataError

MaskLesions = Literal["one", "components", "values"]
_CHUNKS = 16
"""Of a WebP before its pixels: five kinds are known."""


@dataclass(frozen=True, slots=True)
class MaskFile:
    """One lesion in an image of its own.

    Attributes:
        path: of the mask, as large as the upright image.
        value: pixels of exactly this value; None takes all that are lesion.
        component: which connected part (8 neighbors, from 1 in reading order); None takes all.
        declared: what the values mean; None where one value but 0 is the lesion.
    """

    path: Path
    value: int | None = None
    component: int | None = None
    declared: MaskValues | None = None

    @property
    def form(self) -> AnnotationForm:
        """An outline."""
        return "mask"

    def rasterize(self, grid: Grid) -> BoolArray:
        """The pixels of the lesion.

        Raises:
            DataError: the file cannot be read, has another size, or shows no lesion.
        """
        labels = _content(self.path, self.declared, several=self.value is not None).labels
        mask = np.asarray(labels != 0 if self.value is None else labels == self.value)
        check_size(str(self.path), mask.shape, grid)
        if self.component is not None:
            mask = np.asarray(_components(mask) == self.component)
        return not_empty(mask, str(self.path))

    def fingerprint(self) -> str:
        """What identifies the outline, whatever the machine: the file's content, not its place.

        Raises:
            DataError: the file cannot be read.
        """
        declared = f" {self.declared!r}" if self.declared else ""
        return f"mask {_sha256(self.path)} {self.value!r} {self.component!r}{declared}"


@dataclass(frozen=True, slots=True)
class IgnoredPixels:
    """The pixels of a mask file that are declared neither lesion nor background."""

    path: Path
    declared: MaskValues

    @property
    def form(self) -> AnnotationForm:
        """An outline."""
        return "mask"

    def rasterize(self, grid: Grid) -> BoolArray:
        """The ignored pixels.

        Raises:
            DataError: the file cannot be read, has another size, or ignores nothing.
        """
        ignored = _content(self.path, self.declared).ignored
        mask = np.zeros(grid.shape, dtype=bool) if ignored is None else ignored
        check_size(str(self.path), mask.shape, grid)
        return not_empty(mask, str(self.path))

    def fingerprint(self) -> str:
        """What identifies the pixels, whatever the machine.

        Raises:
            DataError: the file cannot be read.
        """
        return f"ignored {_sha256(self.path)} {self.declared!r}"


@dataclass(frozen=True, slots=True)
class MaskFileLesions:
    """What a mask file adds to its case.

    Attributes:
        lesions: none where the file is black.
        ignored: pixels that are not scored.
        soft: where soft edges were cut at half: pixels above half, and pixels above 0.
        smeared: whether a lossy format smeared the values: cut at half of the level.
        level: the value that is taken for the lesion without a declaration, and its pixels.
    """

    lesions: tuple[Region, ...]
    ignored: tuple[Region, ...] = ()
    soft: tuple[int, int] | None = None
    smeared: bool = False
    level: tuple[float, int] | None = None


def lesions_of(
    path: Path, mode: MaskLesions = "one", declared: MaskValues | None = None
) -> MaskFileLesions:
    """The lesions in a mask file.

    Args:
        path: of the mask.
        mode: whether it holds one lesion, one for each connected part, or one for each value.
        declared: what its values mean.

    Raises:
        UndeclaredValuesError: what its values mean has to be declared; names the values.
        DataError: the file cannot be read.
    """
    content = _content(path, declared, several=mode == "values")
    one = MaskFile(path, declared=declared)
    lesions: tuple[Region, ...] = ()
    if mode == "components":
        count = int(_components(content.labels != 0).max(initial=0))
        lesions = tuple(replace(one, component=index) for index in range(1, count + 1))
    elif mode == "values":
        values = np.unique(content.labels[content.labels != 0])
        lesions = tuple(replace(one, value=int(value)) for value in values)
    elif content.labels.any():
        lesions = (one,)
    ignores = declared is not None and content.ignored is not None and content.ignored.any()
    ignored = (IgnoredPixels(path, declared),) if declared is not None and ignores else ()
    return MaskFileLesions(lesions, ignored, content.soft, content.smeared, content.level)


def _content(path: Path, declared: MaskValues | None, *, several: bool = False) -> MaskContent:
    labels, lossy = read_labels(path), _is_lossy(path)
    try:
        if declared is not None:
            return declared_content(labels, declared)
        return _smeared(labels, several) if lossy else undeclared_content(labels, several=several)
    except DataError as error:
        hint = "; JPEG smears values, store the masks as PNG" if declared and lossy else ""
        raise type(error)(f"{path.name}: {error}{hint}") from error


def _is_lossy(path: Path) -> bool:
    """Whether a file is JPEG or lossy WebP, whatever it is called."""
    with path.open("rb") as file:
        head = file.read(12)
        return head.startswith(b"\xff\xd8") or (head[8:] == b"WEBP" and _is_vp8(file))


def _is_vp8(file: IO[bytes]) -> bool:
    """Whether the first chunk of pixels in a WebP is a lossy one; profiles may stand before it."""
    for _ in range(_CHUNKS):
        name, size = file.read(4), int.from_bytes(file.read(4), "little")
        if name in {b"VP8 ", b"VP8L"} or len(name) < 4:
            return name == b"VP8 "
        file.seek(size + size % 2, 1)
    return False


def _smeared(labels: Labels, several: bool) -> MaskContent:
    lesion, level = smeared_lesion(labels)
    if several and level:
        raise refuse_several()
    found = (level, int(lesion.sum())) if level else None
    return MaskContent(lesion, smeared=True, level=found)


def _components(mask: BoolArray) -> np.ndarray:
    parts, _ = scipy.ndimage.label(mask, structure=np.ones((3, 3)))
    return np.asarray(parts)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{path}: the mask cannot be read: {error}") from error
