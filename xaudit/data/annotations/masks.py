"""Regions of lesions: polygons, boxes and run lengths."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xaudit.core.case import AnnotationForm, BoolArray
from xaudit.core.grid import Grid
from xaudit.data.annotations.polygons import Ring, border_points, fill_ring, trace_rings
from xaudit.data.annotations.rle import decode_runs, parse_counts
from xaudit.errors import DataError

TOLERANCE = 1.0
"""Pixels by which an outline may stick out of its image: annotation tools round."""


@dataclass(frozen=True, slots=True)
class Polygons:
    """One lesion outlined as one or several rings, each (x, y) in pixels.

    Attributes:
        parts: rings, not closed.
        size: (height, width) that the annotation was made on, where it says so.
        even_odd: whether what lies in an even number of rings is a hole; otherwise the union of
            the rings counts, as COCO's own tools take it, and a ring within a ring fills nothing
            new.
    """

    parts: tuple[Ring, ...]
    size: tuple[int, int] | None = None
    even_odd: bool = False

    @property
    def form(self) -> AnnotationForm:
        """An outline."""
        return "mask"

    def rasterize(self, grid: Grid) -> BoolArray:
        """The pixels inside, as COCO counts them; thinner than a pixel: those under its border.

        Raises:
            DataError: a ring has no area or leaves the image, or the size does not fit.
        """
        check_size("polygons", self.size, grid)
        height, width = grid.plane
        out = np.zeros((height, width), dtype=bool)
        for ring in self.parts:
            _check_ring(ring, height, width)
            filled = fill_ring(ring, height, width)
            out = out ^ filled if self.even_odd else out | filled
        return out if out.any() else _under_border(self.parts, height, width)

    def fingerprint(self) -> str:
        """What identifies the outline, whatever the machine."""
        holes = " even_odd" if self.even_odd else ""
        return f"polygons {self.parts!r} {self.size!r}{holes}"


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

    def rasterize(self, grid: Grid) -> BoolArray:
        """The pixels whose center lies in the box, at least one.

        Raises:
            DataError: the box has no area or leaves the image.
        """
        height, width = grid.plane
        _check_ring(self._corners, height, width)
        out = np.zeros((height, width), dtype=bool)
        out[_pixels(self.y, self.h, height), _pixels(self.x, self.w, width)] = True
        return out

    @property
    def _corners(self) -> Ring:
        right, bottom = self.x + self.w, self.y + self.h
        return ((self.x, self.y), (right, self.y), (right, bottom), (self.x, bottom))

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
        """An outline."""
        return "mask"

    def rasterize(self, grid: Grid) -> BoolArray:
        """The pixels of the runs.

        Raises:
            DataError: the size does not fit, or the run lengths are damaged or empty.
        """
        check_size("run lengths", self.size, grid)
        runs = parse_counts(self.counts) if isinstance(self.counts, str) else self.counts
        return not_empty(decode_runs(runs, *grid.plane), "run lengths")

    def fingerprint(self) -> str:
        """What identifies the outline, whatever the machine."""
        return f"rle {self.counts!r} {self.size!r}"


def outlines_on_grid(mask: BoolArray) -> tuple[Ring, ...]:
    """Rings around a mask of the input grid, for figures.

    Args:
        mask: (H, W).

    Returns:
        Rings of (x, y) in units of width and height, 0 to 1; none for an empty mask.
    """
    height, width = mask.shape
    rings = trace_rings(mask)
    return tuple(tuple((x / width, y / height) for x, y in ring) for ring in rings)


def not_empty(mask: BoolArray, what: str) -> BoolArray:
    """The mask itself.

    Raises:
        DataError: no pixel is set.
    """
    if not mask.any():
        raise DataError(f"{what}: expected at least one pixel of a lesion, the mask is empty")
    return mask


def check_size(what: str, size: tuple[int, ...] | None, grid: Grid) -> None:
    """Nothing, where an annotation fits its image or does not say its size.

    Raises:
        DataError: it was made on another size.
    """
    if size is not None and size != grid.shape:
        raise DataError(
            f"{what}: the annotation is {' x '.join(map(str, reversed(size)))} pixels (width x "
            f"height), the upright image {grid.described}; export both from the same image"
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
