"""Outlines of lesions: polygons, boxes, run lengths and mask files."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from xaudit.core.case import AnnotationForm, BoolArray
from xaudit.data.images import read_values
from xaudit.data.polygons import Ring, border_points, fill_ring, trace_rings
from xaudit.data.rle import decode_runs, parse_counts
from xaudit.errors import DataError

TOLERANCE = 1.0
"""Pixels by which an outline may stick out of its image: annotation tools round."""


@dataclass(frozen=True, slots=True)
class Polygons:
    """One lesion drawn as one or several rings, each (x, y) in pixels; their union counts.

    Attributes:
        parts: rings, not closed.
        size: (height, width) that the annotation was drawn on, where it says so.
    """

    parts: tuple[Ring, ...]
    size: tuple[int, int] | None = None

    @property
    def form(self) -> AnnotationForm:
        """Drawn."""
        return "mask"

    def rasterize(self, height: int, width: int) -> BoolArray:
        """The pixels inside, as COCO counts them; thinner than a pixel: those under its border.

        Raises:
            DataError: a ring has no area or leaves the image, or the size does not fit.
        """
        _check_size("polygons", self.size, height, width)
        out = np.zeros((height, width), dtype=bool)
        for ring in self.parts:
            _check_ring(ring, height, width)
            out |= fill_ring(ring, height, width)
        return out if out.any() else _under_border(self.parts, height, width)

    def rings(self, height: int, width: int) -> tuple[Ring, ...]:
        """The rings as drawn, (x, y) in pixels."""
        return self.parts

    def fingerprint(self) -> str:
        """What identifies the outline, whatever the machine."""
        return f"polygons {self.parts!r} {self.size!r}"


@dataclass(frozen=True, slots=True)
class Box:
    """A box around one lesion: left upper corner, width and height, in pixels."""

    x: float
    y: float
    w: float
    h: float

    @property
    def form(self) -> AnnotationForm:
        """A box around the lesion, not the lesion."""
        return "box"

    def rasterize(self, height: int, width: int) -> BoolArray:
        """The pixels whose center lies in the box, at least one.

        Raises:
            DataError: the box has no area or leaves the image.
        """
        ring = self.rings(height, width)[0]
        _check_ring(ring, height, width)
        out = np.zeros((height, width), dtype=bool)
        out[_pixels(self.y, self.h, height), _pixels(self.x, self.w, width)] = True
        return out

    def rings(self, height: int, width: int) -> tuple[Ring, ...]:
        """The four corners, (x, y) in pixels."""
        right, bottom = self.x + self.w, self.y + self.h
        return (((self.x, self.y), (right, self.y), (right, bottom), (self.x, bottom)),)

    def fingerprint(self) -> str:
        """What identifies the outline, whatever the machine."""
        return f"box {self.x!r} {self.y!r} {self.w!r} {self.h!r}"


@dataclass(frozen=True, slots=True)
class Rle:
    """One lesion as COCO run lengths, compressed text or numbers, of a mask of ``size``."""

    counts: str | tuple[int, ...]
    size: tuple[int, int]

    @property
    def form(self) -> AnnotationForm:
        """Drawn."""
        return "mask"

    def rasterize(self, height: int, width: int) -> BoolArray:
        """The pixels of the runs.

        Raises:
            DataError: the size does not fit, or the run lengths are damaged or empty.
        """
        _check_size("run lengths", self.size, height, width)
        runs = parse_counts(self.counts) if isinstance(self.counts, str) else self.counts
        return _not_empty(decode_runs(runs, height, width), "run lengths")

    def rings(self, height: int, width: int) -> tuple[Ring, ...]:
        """Rings along the pixel borders, (x, y) in pixels."""
        return trace_rings(self.rasterize(height, width))

    def fingerprint(self) -> str:
        """What identifies the outline, whatever the machine."""
        return f"rle {self.counts!r} {self.size!r}"


@dataclass(frozen=True, slots=True)
class MaskFile:
    """One lesion in an image of its own.

    Attributes:
        path: of the mask, as large as the upright image.
        value: pixels of exactly this value; None takes all that are not 0 (in a JPEG: above half
            of the type's range, since it blurs).
        component: which connected part (8 neighbors, from 1 in reading order); None takes all.
    """

    path: Path
    value: int | None = None
    component: int | None = None

    @property
    def form(self) -> AnnotationForm:
        """Drawn."""
        return "mask"

    def rasterize(self, height: int, width: int) -> BoolArray:
        """The pixels of the lesion.

        Raises:
            DataError: the file cannot be read, has another size, or shows no lesion.
        """
        mask = _lesion_pixels(self.path, self.value)
        _check_size(str(self.path), (mask.shape[0], mask.shape[1]), height, width)
        if self.component is not None:
            mask = np.asarray(_components(mask) == self.component)
        return _not_empty(mask, str(self.path))

    def rings(self, height: int, width: int) -> tuple[Ring, ...]:
        """Rings along the pixel borders, (x, y) in pixels."""
        return trace_rings(self.rasterize(height, width))

    def fingerprint(self) -> str:
        """What identifies the outline, whatever the machine: the file's content, not its place.

        Raises:
            DataError: the file cannot be read.
        """
        try:
            content = hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError as error:
            raise DataError(f"{self.path}: the mask cannot be read: {error}") from error
        return f"mask {content} {self.value!r} {self.component!r}"


def split_components(path: Path) -> tuple[MaskFile, ...]:
    """One outline for each connected part of a mask file.

    Raises:
        DataError: the file cannot be read.
    """
    count = int(_components(_lesion_pixels(path, None)).max())
    return tuple(MaskFile(path, component=index) for index in range(1, count + 1))


def split_values(path: Path) -> tuple[MaskFile, ...]:
    """One outline for each value but 0 of a mask file.

    Raises:
        DataError: the file cannot be read, or holds more than 64 values, like a photograph.
    """
    values = np.unique(read_values(path))
    if len(values) > 65:
        raise DataError(f"{path}: expected one value for each lesion, got {len(values)} values")
    return tuple(MaskFile(path, value=int(value)) for value in values if value != 0)


def outlines_on_grid(mask: BoolArray) -> tuple[Ring, ...]:
    """Rings around a mask of the input grid, for drawing.

    Args:
        mask: (H, W).

    Returns:
        Rings of (x, y) in units of width and height, 0 to 1; none for an empty mask.
    """
    height, width = mask.shape
    rings = trace_rings(mask)
    return tuple(tuple((x / width, y / height) for x, y in ring) for ring in rings)


def _lesion_pixels(path: Path, value: int | None) -> BoolArray:
    values = np.asarray(read_values(path), dtype=np.float64)
    if value is not None:
        return np.asarray(values == value)
    blurred = path.suffix.lower() in {".jpg", ".jpeg"}
    return np.asarray(values > 127) if blurred else np.asarray(values != 0)


def _components(mask: BoolArray) -> np.ndarray:
    parts, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    return np.asarray(parts)


def _not_empty(mask: BoolArray, what: str) -> BoolArray:
    if not mask.any():
        raise DataError(f"{what}: expected at least one pixel of a lesion, the mask is empty")
    return mask


def _check_size(what: str, size: tuple[int, int] | None, height: int, width: int) -> None:
    if size is not None and size != (height, width):
        raise DataError(
            f"{what}: the annotation is {size[1]} x {size[0]} pixels (width x height), the upright "
            f"image {width} x {height}; export both from the same image"
        )


def _check_ring(ring: Ring, height: int, width: int) -> None:
    corners = np.asarray(ring, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(corners).all():
        raise DataError("an outline holds a coordinate that is no finite number")
    if len(corners) < 3 or not _area(corners):
        raise DataError(f"an outline of {len(corners)} corners encloses no area: {ring[:4]!r}")
    low, high = corners.min(axis=0), corners.max(axis=0)
    if (low < -TOLERANCE).any() or (high > np.array([width, height]) + TOLERANCE).any():
        raise DataError(
            f"an outline from ({low[0]:g}, {low[1]:g}) to ({high[0]:g}, {high[1]:g}) leaves the "
            f"upright image of {width} x {height} pixels (width x height)"
        )


def _area(corners: np.ndarray) -> float:
    """Twice the largest triangle with the first corner: 0 exactly where all lie on one line."""
    arms = corners[1:] - corners[0]
    longest = arms[np.argmax((arms**2).sum(axis=1))]
    return float(np.abs(arms[:, 0] * longest[1] - arms[:, 1] * longest[0]).max())


def _under_border(parts: tuple[Ring, ...], height: int, width: int) -> BoolArray:
    out = np.zeros((height, width), dtype=bool)
    for ring in parts:
        x, y = border_points(ring)
        out[np.clip(y // 5, 0, height - 1), np.clip(x // 5, 0, width - 1)] = True
    return out


def _pixels(start: float, length: float, limit: int) -> slice:
    first, last = math.ceil(start - 0.5), math.ceil(start + length - 0.5)
    if last <= first:
        first = math.floor(start + length / 2)
        last = first + 1
    first = min(max(first, 0), limit - 1)
    return slice(first, max(min(last, limit), first + 1))
