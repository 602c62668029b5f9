"""Regions of an image as an annotation tool had it: on the stored grid, in parts of its sides."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np

from xaudit.core.case import AnnotationForm, BoolArray, Region
from xaudit.core.grid import Grid
from xaudit.data.annotations.masks import Box, Polygons, Rle, check_size
from xaudit.data.annotations.polygons import Ring
from xaudit.data.pixels.images import turned
from xaudit.errors import DataError

_CORNERS = 72
"""Of the polygon that stands for an ellipse: its area is 0.1 % less."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A region of an image that was not turned upright, or of another size.

    Attributes:
        region: on the grid of the tool.
        size: (height, width) that the annotation was made on; None where nothing says it.
        orientation: EXIF orientation that turns the grid of the tool upright; 1 for none.
    """

    region: Region
    size: tuple[int, int] | None = None
    orientation: int = 1

    @property
    def form(self) -> AnnotationForm:
        """That of the region."""
        return self.region.form

    def rasterize(self, grid: Grid) -> BoolArray:
        """The pixels on the upright image.

        Raises:
            DataError: it was made on another size, or the region does not fit.
        """
        rows, columns = grid.plane
        own = Grid((columns, rows) if self.orientation >= 5 else (rows, columns))
        check_size("outline", self.size, own)
        return np.ascontiguousarray(turned(self.region.rasterize(own), self.orientation))

    def fingerprint(self) -> str:
        """What identifies the outline, whatever the machine."""
        return f"placed {region_text(self.region)} {self.size!r} {self.orientation!r}"


@dataclass(frozen=True, slots=True)
class Union:
    """Several regions as one: all outlines of an artifact."""

    regions: tuple[Region, ...]

    @property
    def form(self) -> AnnotationForm:
        """An outline where any of them is one."""
        return "mask" if any(one.form == "mask" for one in self.regions) else "box"

    def rasterize(self, grid: Grid) -> BoolArray:
        """The pixels of all of them.

        Raises:
            DataError: one of them does not fit.
        """
        planes = [one.rasterize(grid) for one in self.regions]
        return np.asarray(np.any(planes, axis=0))

    def fingerprint(self) -> str:
        """What identifies the outlines, whatever the machine."""
        return "union " + "; ".join(map(region_text, self.regions))


@dataclass(frozen=True, slots=True)
class Fractions:
    """Rings or a box in parts of the image's sides, 0 to 1.

    Attributes:
        rings: of (x, y); of a box its left upper and right lower corner.
        form: "mask" for outlines, "box" for a box.
        even_odd: see `Polygons`.
    """

    rings: tuple[Ring, ...]
    form: AnnotationForm = "mask"
    even_odd: bool = False

    def rasterize(self, grid: Grid) -> BoolArray:
        """The pixels, as `Polygons` and `Box` take them.

        Raises:
            DataError: it leaves the image, or has no area.
        """
        height, width = grid.plane
        rings = tuple(tuple((x * width, y * height) for x, y in ring) for ring in self.rings)
        if self.form == "box":
            (left, top), (right, bottom) = rings[0]
            return Box(left, top, right - left, bottom - top).rasterize(grid)
        return Polygons(rings, even_odd=self.even_odd).rasterize(grid)

    def fingerprint(self) -> str:
        """What identifies the outline, whatever the machine."""
        return f"fractions {self.rings!r} {self.form} {self.even_odd!r}"


@dataclass(frozen=True, slots=True)
class KaggleRuns:
    """Run lengths of Kaggle: pairs of start and length, down the columns, counted from 1."""

    runs: tuple[tuple[int, int], ...]

    @property
    def form(self) -> AnnotationForm:
        """An outline."""
        return "mask"

    def rasterize(self, grid: Grid) -> BoolArray:
        """The pixels of the runs.

        Raises:
            DataError: they do not fit the image.
        """
        height, width = grid.plane
        counts, at = [], 0
        for start, length in self.runs:
            counts += [start - 1 - at, length]
            at = start - 1 + length
        if at > height * width:
            raise DataError(
                f"run lengths end at pixel {at:,}, the image has {height * width:,} ({width} x "
                f"{height}): they were made on another size"
            )
        return Rle((*counts, height * width - at), (height, width)).rasterize(grid)

    def fingerprint(self) -> str:
        """What identifies the outline, whatever the machine."""
        return f"kaggle runs {self.runs!r}"


@dataclass(frozen=True, slots=True)
class Patch:
    """A mask that covers a part of the image: its rows from the left upper corner on.

    Attributes:
        runs: alternating lengths, first of zeros, row by row.
        left: column of its first pixel.
        top: row of its first pixel.
        width: columns.
        height: rows.
    """

    runs: tuple[int, ...]
    left: int
    top: int
    width: int
    height: int

    @property
    def form(self) -> AnnotationForm:
        """An outline."""
        return "mask"

    def rasterize(self, grid: Grid) -> BoolArray:
        """The pixels of the mask.

        Raises:
            DataError: it leaves the image, or its runs do not add up.
        """
        rows, columns = grid.plane
        if self.top + self.height > rows or self.left + self.width > columns:
            raise DataError(
                f"a mask from ({self.left}, {self.top}) of {self.width} x {self.height} pixels "
                f"leaves the image of {grid.described}"
            )
        part = Rle(self.runs, (self.width, self.height)).rasterize(Grid((self.width, self.height)))
        out = np.zeros((rows, columns), dtype=bool)
        out[self.top : self.top + self.height, self.left : self.left + self.width] = part.T
        return out

    def fingerprint(self) -> str:
        """What identifies the outline, whatever the machine."""
        return f"patch {self.runs!r} {self.left} {self.top} {self.width} {self.height}"


def ellipse(x: float, y: float, across: float, down: float, degrees: float = 0.0) -> Ring:
    """The ring of an ellipse.

    Args:
        x: column of its center.
        y: row of its center.
        across: half of its width.
        down: half of its height.
        degrees: by which it is turned about its center, clockwise on the screen.
    """
    angles = (2 * math.pi * step / _CORNERS for step in range(_CORNERS))
    ring = tuple((x + across * math.cos(one), y + down * math.sin(one)) for one in angles)
    return about((x, y), ring, degrees)


def rectangle(x: float, y: float, width: float, height: float) -> Ring:
    """The corners of a box with this left upper corner."""
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def about(center: tuple[float, float], ring: Ring, degrees: float) -> Ring:
    """A ring turned about a point, clockwise on the screen."""
    if not degrees:
        return ring
    turn = math.radians(degrees)
    cos, sin, (cx, cy) = math.cos(turn), math.sin(turn), center
    return tuple(
        (cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos)
        for x, y in ring
    )


def region_text(region: Region) -> str:
    """What identifies a region, whatever the machine."""
    told = getattr(region, "fingerprint", None)
    return str(told()) if told else hashlib.sha256(repr(region).encode()).hexdigest()
