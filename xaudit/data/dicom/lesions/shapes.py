"""Graphics of DICOM as rings: polylines, circles, ellipses (PS3.3, C.10.5 and C.18.6)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xaudit.data.annotations.polygons import Ring

_CORNERS = 90
"""Of a circle: its area is missed by less than a thousandth."""
_LINES = {"POLYLINE", "INTERPOLATED", "POLYGON"}


def ring_of(kind: str, flat: Sequence[float], *, filled: bool = False) -> Ring | None:
    """The ring of a graphic, (x, y) with (0, 0) at the corner of the first pixel; None for a line.

    Args:
        kind: POLYLINE, INTERPOLATED (its points are joined by lines), CIRCLE (center, a point on
            it) or ELLIPSE (ends of its axes).
        flat: column, row, column, row, ...
        filled: whether a line is closed by itself.

    Raises:
        ValueError: the numbers are none of such a graphic.
    """
    points = np.asarray(flat, dtype=np.float64)
    if len(points) % 2 or not np.isfinite(points).all():
        raise ValueError(f"expected pairs of finite numbers, got {len(points)} numbers")
    points = points.reshape(-1, 2)
    if kind in _LINES:
        closed = len(points) > 3 and bool(np.array_equal(points[0], points[-1]))
        if not closed and not (filled and len(points) >= 3):
            return None
        return _as_ring(points[:-1] if closed else points)
    if kind == "CIRCLE" and len(points) == 2:
        arm = points[1] - points[0]
        return _around(points[0], arm, np.array([-arm[1], arm[0]]))
    if kind == "ELLIPSE" and len(points) == 4:
        return _around(points[:2].mean(axis=0), points[1] - points[:2].mean(axis=0),
                       points[3] - points[2:].mean(axis=0))  # fmt: skip
    if kind in {"CIRCLE", "ELLIPSE"}:
        raise ValueError(f"expected a {kind.lower()}, got {len(points)} points")
    return None


def _around(center: np.ndarray, one: np.ndarray, other: np.ndarray) -> Ring:
    turn = 2 * np.pi * (np.arange(_CORNERS)[:, None] + 0.5) / _CORNERS
    # As far outside of the corners as the sides lie inside, so that the area is kept.
    grown = np.sqrt(turn[0, 0] * 2 / np.sin(turn[0, 0] * 2))
    return _as_ring(center + grown * (np.cos(turn) * one + np.sin(turn) * other))


def _as_ring(points: np.ndarray) -> Ring:
    return tuple((float(x), float(y)) for x, y in points)
