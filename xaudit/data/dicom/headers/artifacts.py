"""Shutters and overlays: parts of an image that should not decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xaudit.core.case import AnnotationForm, BoolArray, Region
from xaudit.core.grid import Grid
from xaudit.data.annotations.masks import not_empty
from xaudit.data.annotations.polygons import Ring, fill_ring
from xaudit.data.dicom.kept import Kept
from xaudit.data.dicom.library import quiet
from xaudit.errors import DataError

if TYPE_CHECKING:
    from pydicom import Dataset

SHUTTER_TAGS = (
    "ShutterShape", "ShutterLeftVerticalEdge", "ShutterRightVerticalEdge",
    "ShutterUpperHorizontalEdge", "ShutterLowerHorizontalEdge", "CenterOfCircularShutter",
    "RadiusOfCircularShutter", "VerticesOfThePolygonalShutter",
)  # fmt: skip
_GROUPS = range(0x6000, 0x6020, 2)
_ROWS, _COLUMNS, _ORIGIN, _ALLOCATED, _DATA = 0x0010, 0x0011, 0x0050, 0x0100, 0x3000
_FIELDS = (_ROWS, _COLUMNS, 0x0015, 0x0040, _ORIGIN, _ALLOCATED, 0x0102)
OVERLAY_TAGS = tuple(group << 16 | element for group in _GROUPS for element in _FIELDS)
"""All of an overlay but its pixels."""
_LARGEST = 100_000_000


@dataclass(frozen=True, slots=True)
class Shutter:
    """What a display shutter covers (PS3.3, C.7.6.11): all that lies outside of its opening.

    Attributes:
        box: first and last row and column of the opening, from 1.
        circle: row and column of its center, from 1, and its radius.
        corners: of a polygon, (x, y) in pixels.
    """

    box: tuple[int, int, int, int] | None = None
    circle: tuple[float, float, float] | None = None
    corners: Ring = ()

    @property
    def form(self) -> AnnotationForm:
        """Its exact shape."""
        return "mask"

    def rasterize(self, grid: Grid) -> BoolArray:
        """The covered pixels.

        Raises:
            DataError: it covers nothing of this image.
        """
        rows, columns = np.ogrid[1 : grid.plane[0] + 1, 1 : grid.plane[1] + 1]
        opened: BoolArray = np.ones(grid.plane, dtype=bool)
        if self.box is not None:
            top, bottom, left, right = self.box
            opened &= (rows >= top) & (rows <= bottom) & (columns >= left) & (columns <= right)
        if self.circle is not None:
            row, column, radius = self.circle
            opened &= (rows - row) ** 2 + (columns - column) ** 2 <= radius**2
        if self.corners:
            opened &= fill_ring(self.corners, *grid.plane)
        return not_empty(~opened, "shutter")


@dataclass(frozen=True, slots=True)
class Overlay:
    """The pixels that an overlay plane sets (PS3.3, C.9.2).

    Attributes:
        kept: the object.
        name: what is named in messages instead of it.
        group: of the overlay, 0x6000 to 0x601E.
    """

    kept: Kept
    name: str
    group: int

    @property
    def form(self) -> AnnotationForm:
        """Its exact shape."""
        return "mask"

    def rasterize(self, grid: Grid) -> BoolArray:
        """The pixels of the image that lie under it.

        Raises:
            DataError: it has no pixels of its own, is damaged, or sets none of this image.
        """
        tags = [self.group << 16 | element for element in (*_FIELDS, _DATA)]
        ds = self.kept.whole(tags, self.name)
        with quiet(self.name):
            rows, columns = (int(ds[self.group, one].value) for one in (_ROWS, _COLUMNS))
            content = bytes(ds[self.group, _DATA].value)
            if not 0 < rows * columns <= min(_LARGEST, 8 * len(content)):
                raise DataError(f"{self.name}: an overlay of {rows} x {columns} is not all there")
            bits = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
            plane = bits[: rows * columns].reshape(rows, columns).astype(bool)
            top, left = (int(one) - 1 for one in ds[self.group, _ORIGIN].value)
            return not_empty(_placed(plane, top, left, grid), "overlay")


def _placed(plane: BoolArray, top: int, left: int, grid: Grid) -> BoolArray:
    out = np.zeros(grid.plane, dtype=bool)
    rows, columns = grid.plane
    part = plane[max(0, -top) : max(0, rows - top), max(0, -left) : max(0, columns - left)]
    if part.size:
        first_row, first_column = max(0, top), max(0, left)
        out[first_row : first_row + part.shape[0], first_column : first_column + part.shape[1]] = (
            part
        )
    return out


def artifacts_of(ds: Dataset, kept: Kept, name: str) -> dict[str, Region]:
    """Name → region, of the shutter and of overlays with pixels of their own.

    Args:
        ds: with the attributes of `SHUTTER_TAGS` and `OVERLAY_TAGS`.
        kept: the object.
        name: what is named in messages instead of it.
    """
    found: dict[str, Region] = {}
    shutter = _shutter(ds)
    if shutter is not None:
        found["shutter"] = shutter
    for number, group in enumerate(_GROUPS, start=1):
        # Of old devices, overlays lie in unused bits of the pixels, which are cut off.
        if (group, _ROWS) in ds and int(ds[group, _ALLOCATED].value or 0) == 1:
            found[f"overlay {number}"] = Overlay(kept, name, group)
    return found


def _shutter(ds: Dataset) -> Shutter | None:
    shapes = ds.get("ShutterShape") or ()
    shapes = {shapes} if isinstance(shapes, str) else set(shapes)
    rows, columns = int(ds.Rows), int(ds.Columns)
    box = circle = None
    corners: Ring = ()
    if "RECTANGULAR" in shapes:
        top, bottom = int(ds.ShutterUpperHorizontalEdge), int(ds.ShutterLowerHorizontalEdge)
        left, right = int(ds.ShutterLeftVerticalEdge), int(ds.ShutterRightVerticalEdge)
        if top > 1 or left > 1 or bottom < rows or right < columns:
            box = (top, bottom, left, right)
    if "CIRCULAR" in shapes:
        row, column = map(float, ds.CenterOfCircularShutter)
        circle = (row, column, float(ds.RadiusOfCircularShutter))
    if "POLYGONAL" in shapes:
        flat = [float(one) for one in ds.VerticesOfThePolygonalShutter]
        # Row before column, counted from 1 at the center of a pixel.
        corners = tuple((x - 0.5, y - 0.5) for y, x in zip(flat[::2], flat[1::2], strict=True))
    return Shutter(box, circle, corners) if box or circle or corners else None
