"""Polygons to pixels, pixel for pixel as COCO's own tools fill them, and back to rings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray

Ring = tuple[tuple[float, float], ...]
_SCALE = 5
"""pycocotools walks the border on a grid five times as fine."""

_Ints = npt.NDArray[np.int64]


def fill_ring(ring: Ring, height: int, width: int) -> BoolArray:
    """The pixels that COCO counts as inside a ring; (height, width), even–odd.

    Same steps as ``rleFrPoly`` of pycocotools (common/maskApi.c).

    Args:
        ring: corners (x, y) in pixels, not closed.
        height: rows of the image.
        width: columns of the image.
    """
    u, v = border_points(ring)
    moved = np.flatnonzero(u[1:] != u[:-1]) + 1
    x = (np.minimum(u[moved], u[moved - 1]) + 0.5) / _SCALE - 0.5
    y = (np.minimum(v[moved], v[moved - 1]) + 0.5) / _SCALE - 0.5
    kept = (np.floor(x) == x) & (x >= 0) & (x <= width - 1)
    rows = np.ceil(np.clip(y[kept], 0, height)).astype(np.int64)
    columns = x[kept].astype(np.int64)
    out = np.zeros((height, width), dtype=bool)
    if not len(columns):
        return out
    # Runs go down the columns and may go on in the next one: from the first to the last touched.
    first, last = int(columns.min()), width if len(columns) % 2 else int(columns.max()) + 2
    count = min(last, width) - first
    flips = np.bincount((columns - first) * height + rows, minlength=height * count + 1)
    flat = np.cumsum(flips[: height * count]) % 2 == 1
    out[:, first : first + count] = flat.reshape(count, height).T
    return out


def border_points(ring: Ring) -> tuple[_Ints, _Ints]:
    """Points along the border, dense on the five times finer grid; x and y, closed."""
    corners = np.trunc(_SCALE * np.asarray(ring, dtype=np.float64) + 0.5).astype(np.int64)
    steps = [_walk(*pair) for pair in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    points = np.concatenate(steps)
    return points[:, 0], points[:, 1]


def _walk(start: _Ints, stop: _Ints) -> _Ints:
    reach = np.abs(stop - start)
    axis = 0 if reach[0] >= reach[1] else 1
    flip = bool(start[axis] > stop[axis])
    if flip:
        start, stop = stop, start
    along = np.arange(reach[axis] + 1)
    slope = (stop[1 - axis] - start[1 - axis]) / max(int(reach[axis]), 1)
    points = np.empty((len(along), 2), dtype=np.int64)
    points[:, axis] = start[axis] + along
    points[:, 1 - axis] = np.trunc(start[1 - axis] + slope * along + 0.5)
    return points[::-1] if flip else points


def trace_rings(mask: BoolArray) -> tuple[Ring, ...]:
    """Rings along the pixel borders of a mask, corners only, as (x, y) in pixels.

    The outer border of each part runs clockwise on the screen, holes the other way. Parts that
    touch at a corner only are filled apart.
    """
    edges = _border_edges(mask)
    rings = []
    while edges:
        start = next(iter(edges))
        corners = list(_follow(edges, start))
        rings.append(tuple((float(x), float(y)) for x, y in corners))
    return tuple(rings)


_Corner = tuple[int, int]
_Edges = dict[tuple[_Corner, _Corner], None]


def _border_edges(mask: BoolArray) -> _Edges:
    """Directed unit edges (corner, direction) with the mask on their right."""
    padded = np.pad(mask, 1)
    inner = padded[1:-1, 1:-1]
    sides = (
        (padded[:-2, 1:-1], (0, 0), (1, 0)),
        (padded[1:-1, 2:], (1, 0), (0, 1)),
        (padded[2:, 1:-1], (1, 1), (-1, 0)),
        (padded[1:-1, :-2], (0, 1), (0, -1)),
    )
    edges: _Edges = {}
    for neighbor, (dx, dy), direction in sides:
        for row, column in np.argwhere(inner & ~neighbor).tolist():
            edges[(column + dx, row + dy), direction] = None
    return edges


def _follow(edges: _Edges, start: tuple[_Corner, _Corner]) -> Iterator[_Corner]:
    """Walk one ring, removing its edges; yields the corners where it turns."""
    at, heading = start
    del edges[start]
    while True:
        at = (at[0] + heading[0], at[1] + heading[1])
        dx, dy = heading
        # Right turn first: parts that meet at a corner stay apart.
        options = ((-dy, dx), heading, (dy, -dx))
        turn = next((way for way in options if (at, way) in edges), None)
        if turn is None:
            if start[1] != heading:
                yield at
            return
        if turn != heading:
            yield at
        heading = turn
        del edges[at, heading]
