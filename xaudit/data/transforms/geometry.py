"""Geometry: from an upright image to the input grid of a detector and back, exactly.

Coordinates are continuous: pixel (row i, column j) covers [j, j + 1) × [i, i + 1), so its center
lies at (j + 0.5, i + 0.5). Images, masks, maps and points go through the same scale and offset.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.detector import InputSpec, Interpolation
from xaudit.core.grid import Grid
from xaudit.data.transforms.resampling import resized

Points = npt.NDArray[np.float64]
_COLUMNS = 512
_NEIGHBORS = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True, slots=True)
class GridTransform:
    """One invertible scale and offset between an upright image and an input grid.

    Attributes:
        source: of the upright image.
        grid: of the input; its pixels lie as far apart as those of the source and the scale say.
        content: (height, width) of the resized image, whole pixels.
        offset: (row, column) of its corner on the grid; negative where it is cut.
        interpolation: for images; masks are always area-averaged, maps bilinear.
        pad: gray value outside the image.
    """

    source: Grid
    grid: Grid
    content: tuple[int, int]
    offset: tuple[int, int]
    interpolation: Interpolation = "area"
    pad: float = 0.0

    @classmethod
    def between(cls, source: Grid, spec: InputSpec) -> GridTransform:
        """The transform that an input specification prescribes for an image of this size.

        "letterbox" brings the tighter side to the grid, rounds the other, centers (the odd pixel
        of padding goes right and below); "crop" brings the wider side to it and cuts the center;
        "stretch" fills the grid. All of them round as timm and torchvision do.

        Args:
            source: of the upright image.
            spec: of the input.
        """
        sides = spec.grid.view
        height, width = (math.floor(side / spec.crop_pct) for side in sides)
        content = _content(source.plane, (height, width), spec.resize)
        offset = (_offset(sides[0], content[0]), _offset(sides[1], content[1]))
        grid = Grid(sides, _spacing(source, content))
        return cls(source, grid, content, offset, spec.interpolation, spec.pad)

    def image(self, pixels: FloatArray, *, eight_bit: bool = False) -> FloatArray:
        """Resize and place an image; (H, W) or (H, W, C) → (C, h, w), C = 1 for gray.

        Bicubic overshoot is clipped to [0, 1]. Where the image comes to lie does not depend on the
        interpolation.

        Args:
            pixels: in [0, 1].
            eight_bit: whether they are levels of 8 bits, which some libraries keep.
        """
        exact = self.interpolation in WEIGHTS
        if not exact:
            pixels = resized(pixels, self.content, self.interpolation, eight_bit=eight_bit)
        planes = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)
        out = np.full((len(planes), *self.grid.shape), self.pad, dtype=np.float32)
        for target, plane in zip(out, planes, strict=True):
            self._place(target, self._exactly(plane) if exact else plane)
        return out

    def inside(self) -> BoolArray:
        """Which pixels of the grid show the image; (h, w), False on padding."""
        out = np.zeros(self.grid.shape, dtype=bool)
        self._place(out, np.ones(self.content, dtype=bool))
        return out

    def mask(self, mask: BoolArray) -> BoolArray:
        """A lesion on the grid, at least one pixel wide and connected where it was.

        A pixel belongs to it where at least half of its area is covered. Parts too thin for that
        (no such pixel next to them) keep every pixel that they touch, and so does a part that
        would otherwise fall apart.

        Args:
            mask: (H, W) of the source.

        Returns:
            (h, w); empty only if nothing of the lesion lies in the crop.
        """
        return keep_thin(self.coverage(mask))

    def coverage(self, mask: BoolArray) -> npt.NDArray[np.float64]:
        """Share of each grid pixel's area that a mask covers; (h, w), 0 on padding."""
        out = np.zeros(self.grid.shape, dtype=np.float64)
        if not mask.any():
            return out
        (top, bottom), (left, right) = (_span(np.any(mask, axis=axis)) for axis in (1, 0))
        rows = overlap_weights(self.source.shape[0], self.content[0])[:, top:bottom]
        columns = overlap_weights(self.source.shape[1], self.content[1])[:, left:right]
        self._place(out, _apply(rows, mask[top:bottom, left:right], columns))
        return out

    def map_to_source(self, values: FloatArray) -> FloatArray:
        """A map of the grid on the upright image, bilinear; (h, w) → (H, W).

        Values come from the image's part of the grid only. Where `visible` is False nothing is
        known: the nearest value stands there and must not be scored.
        """
        shown = values[self._grid_part(0), self._grid_part(1)]
        weights = []
        for axis in (0, 1):
            centers = np.arange(self.source.shape[axis]) + 0.5
            at = centers * self.content[axis] / self.source.shape[axis] + min(self.offset[axis], 0)
            weights.append(_between_centers(at, shown.shape[axis]))
        return _apply(weights[0], shown, weights[1]).astype(np.float32)

    def visible(self) -> BoolArray:
        """Which pixels of the upright image have their center on the grid; (H, W)."""
        hits = []
        for axis in (0, 1):
            centers = np.arange(self.source.shape[axis]) + 0.5
            at = centers * self.content[axis] / self.source.shape[axis] + self.offset[axis]
            hits.append((at >= 0) & (at < self.grid.shape[axis]))
        return np.asarray(hits[0][:, None] & hits[1][None, :])

    def points_to_grid(self, points: npt.ArrayLike) -> Points:
        """(x, y) of the upright image → (x, y) of the grid; (N, 2)."""
        scale, shift = self._scale_shift()
        return np.asarray(points, dtype=np.float64) * scale + shift

    def points_to_source(self, points: npt.ArrayLike) -> Points:
        """(x, y) of the grid → (x, y) of the upright image; (N, 2)."""
        scale, shift = self._scale_shift()
        return (np.asarray(points, dtype=np.float64) - shift) / scale

    def _scale_shift(self) -> tuple[Points, Points]:
        scale = [self.content[axis] / self.source.shape[axis] for axis in (1, 0)]
        return np.array(scale), np.array([self.offset[1], self.offset[0]], dtype=np.float64)

    def _exactly(self, plane: FloatArray) -> npt.NDArray[np.float64]:
        weights = WEIGHTS[self.interpolation]
        rows, columns = (weights(self.source.shape[axis], self.content[axis]) for axis in (0, 1))
        return np.clip(_apply(rows, plane, columns), 0, 1)

    def _grid_part(self, axis: int) -> slice:
        start = max(self.offset[axis], 0)
        return slice(start, min(self.offset[axis] + self.content[axis], self.grid.shape[axis]))

    def _place(self, out: npt.NDArray[np.generic], content: npt.NDArray[np.generic]) -> None:
        cut = []
        for axis in (0, 1):
            part = self._grid_part(axis)
            cut.append(slice(part.start - self.offset[axis], part.stop - self.offset[axis]))
        out[self._grid_part(0), self._grid_part(1)] = content[cut[0], cut[1]]


def overlap_weights(source: int, target: int) -> scipy.sparse.csr_array:
    """Exact area averaging along one axis: the share of each target pixel in each source pixel.

    Returns:
        (target, source), rows sum to 1.
    """
    edges = np.unique(
        np.concatenate([np.arange(source + 1) * target, np.arange(target + 1) * source])
    )
    starts = edges[:-1]
    # Both grids meet on whole numbers in units of 1 / (source · target): no rounding.
    parts = (np.diff(edges) / source, (starts // source, starts // target))
    return scipy.sparse.csr_array(parts, shape=(target, source))


def area_weights(source: int, target: int) -> scipy.sparse.csr_array:
    """Exact area averaging where the image shrinks, linear where it grows.

    The definition that cv2.INTER_AREA and torch's "area" round: OpenCV to the float32 of its sums
    and to 8 bits, torch to whole pixels, whose every touched one counts in full.
    """
    if target <= source:
        return overlap_weights(source, target)
    return _between_centers((np.arange(target) + 0.5) * source / target, source)


def bilinear_weights(source: int, target: int) -> scipy.sparse.csr_array:
    """Triangle filter, widened where the image shrinks, as Pillow and torchvision (antialias)."""
    return _filter_weights(source, target, 1.0, lambda x: np.maximum(1 - np.abs(x), 0))


def bicubic_weights(source: int, target: int) -> scipy.sparse.csr_array:
    """Cubic convolution with a = -0.5 (Keys 1981, eq. 4), widened as `bilinear_weights`."""
    return _filter_weights(source, target, 2.0, _keys)


WEIGHTS: dict[str, Callable[[int, int], scipy.sparse.csr_array]] = {
    "area": area_weights,
    "bilinear": bilinear_weights,
    "bicubic": bicubic_weights,
}


def _keys(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _filter_weights(
    source: int,
    target: int,
    support: float,
    kernel: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
) -> scipy.sparse.csr_array:
    scale = max(source / target, 1.0)
    centers = (np.arange(target) + 0.5) * source / target
    reach = math.ceil(support * scale) + 1
    columns = np.floor(centers)[:, None].astype(int) + np.arange(-reach, reach + 1)
    values = kernel((columns + 0.5 - centers[:, None]) / scale)
    values[(columns < 0) | (columns >= source)] = 0
    values /= values.sum(axis=1, keepdims=True)
    rows = np.broadcast_to(np.arange(target)[:, None], columns.shape)
    used = values != 0
    return scipy.sparse.csr_array(
        (values[used], (rows[used], columns[used])), shape=(target, source)
    )


def _between_centers(at: npt.NDArray[np.float64], length: int) -> scipy.sparse.csr_array:
    """Linear interpolation at coordinates, edge values beyond the first and last center."""
    position = np.clip(at - 0.5, 0, length - 1)
    left = np.minimum(np.floor(position).astype(int), max(length - 2, 0))
    share = position - left
    right = np.minimum(left + 1, length - 1)
    rows = np.tile(np.arange(len(at)), 2)
    parts = (np.concatenate([1 - share, share]), (rows, np.concatenate([left, right])))
    return scipy.sparse.csr_array(parts, shape=(len(at), length))


def _apply(
    rows: scipy.sparse.csr_array, plane: npt.NDArray[np.generic], columns: scipy.sparse.csr_array
) -> npt.NDArray[np.float64]:
    # A part of the columns at a time: float64 of a whole film is four times what is stored.
    parts = range(0, plane.shape[1], _COLUMNS)
    narrow = np.hstack([rows @ plane[:, at : at + _COLUMNS].astype(np.float64) for at in parts])
    return np.asarray((columns @ narrow.T).T)


def _spacing(source: Grid, content: tuple[int, int]) -> tuple[float, ...] | None:
    """Millimeters between pixels of an image that is brought to this size."""
    if source.spacing is None:
        return None
    sides = zip(source.spacing, source.shape, content, strict=True)
    return tuple(distance * side / pixels for distance, side, pixels in sides)


def _content(source: tuple[int, int], grid: tuple[int, int], resize: str) -> tuple[int, int]:
    if resize == "stretch":
        return grid
    if resize == "crop" and grid[0] == grid[1]:
        # Of torchvision's Resize of one number the longer side is rounded down.
        height, width = (grid[0] * side // min(source) for side in source)
        return height, width
    choose = max if resize == "letterbox" else min
    ratio = choose(source[0] / grid[0], source[1] / grid[1])
    height, width = (max(1, round(side / ratio)) for side in source)
    return height, width


def _offset(grid: int, content: int) -> int:
    """Where the content begins; of an odd margin the even half is cut, as by CenterCrop."""
    return (grid - content) // 2 if content <= grid else -round((content - grid) / 2)


def _span(used: npt.ArrayLike) -> tuple[int, int]:
    where = np.flatnonzero(used)
    return int(where[0]), int(where[-1]) + 1


def keep_thin(coverage: npt.NDArray[np.float64]) -> BoolArray:
    """The pixels that are covered by at least half, and all touched ones of parts too thin for it.

    Args:
        coverage: (h, w), the share of each pixel that a mask covers.
    """
    parts, count = scipy.ndimage.label(coverage > 1e-9, structure=_NEIGHBORS)
    out = np.zeros(coverage.shape, dtype=bool)
    for index, box in enumerate(scipy.ndimage.find_objects(parts, count), start=1):
        grown = tuple(slice(max(side.start - 1, 0), side.stop + 1) for side in box)
        touched = parts[grown] == index
        out[grown] |= _keep_thin_part(touched, touched & (coverage[grown] >= 0.5 - 1e-9))
    return out


def _keep_thin_part(touched: BoolArray, core: BoolArray) -> BoolArray:
    thin = touched & ~scipy.ndimage.binary_dilation(core, structure=_NEIGHBORS)
    kept: BoolArray = core | (touched & scipy.ndimage.binary_dilation(thin, structure=_NEIGHBORS))
    _, pieces = scipy.ndimage.label(kept, structure=_NEIGHBORS)
    return kept if pieces == 1 else touched
