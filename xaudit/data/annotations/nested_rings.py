"""Rings that lie within each other: the hole of a lesion, where they were annotated as one list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xaudit.data.annotations.polygons import Ring


def share_within(inner: Ring, outer: Ring) -> float:
    """Share of the corners and of the middles of the sides of a ring that lie in another."""
    corners = np.asarray(inner, dtype=np.float64)
    points = np.concatenate([corners, (corners + np.roll(corners, -1, axis=0)) / 2])
    first = np.asarray(outer, dtype=np.float64)
    second = np.roll(first, -1, axis=0)
    x, y = points[:, :1], points[:, 1:]
    crossed = (first[:, 1] > y) != (second[:, 1] > y)
    rise = np.where(crossed, second[:, 1] - first[:, 1], 1)
    at = first[:, 0] + (y - first[:, 1]) * (second[:, 0] - first[:, 0]) / rise
    return float(((crossed & (x < at)).sum(axis=1) % 2).mean())


def one_lesion_each(rings: Sequence[Ring]) -> list[tuple[Ring, ...]]:
    """The rings of each lesion: an outer one, and those that lie within it.

    Raises:
        ValueError: two rings cross, so that nobody can tell whether they are one lesion.
    """
    outers: list[list[Ring]] = []
    for ring in sorted(rings, key=_box_area, reverse=True):
        shares = [share_within(ring, own[0]) for own in outers]
        if any(0 < share < 1 for share in shares):
            raise ValueError(
                "two rings cross, and with holes: even_odd nobody can tell whether they are one "
                "lesion; write a list of rings for each lesion, [[ring, ring], [ring]]"
            )
        home = next((own for own, share in zip(outers, shares, strict=True) if share == 1), None)
        if home is None:
            outers.append([ring])
        else:
            home.append(ring)
    # As they were listed.
    return sorted(map(tuple, outers), key=lambda own: rings.index(own[0]))


def _box_area(ring: Ring) -> float:
    corners = np.asarray(ring, dtype=np.float64)
    return float(np.prod(np.ptp(corners, axis=0)))
