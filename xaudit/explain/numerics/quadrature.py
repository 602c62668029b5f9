"""Nested quadrature: every refinement keeps the points that were paid for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]


def clenshaw_curtis(steps: int) -> tuple[Vector, Vector]:
    """Points and weights of the Clenshaw-Curtis rule on [0, 1].

    The points of ``steps`` are every second one of ``2 * steps``. The rule is as accurate as
    that of Gauss and Legendre in practice, which shares no points between refinements.

    Args:
        steps: even; there are ``steps + 1`` points.

    Returns:
        Points from 1 down to 0, and weights that sum to 1.

    References:
        Trefethen, Is Gauss Quadrature Better than Clenshaw-Curtis?, SIAM Review 2008.
    """
    angles = np.pi * np.arange(steps + 1) / steps
    orders = np.arange(1, steps // 2 + 1)
    factors = np.where(2 * orders == steps, 1.0, 2.0) / (4.0 * orders**2 - 1)
    weights = (1 - np.cos(2 * np.outer(angles, orders)) @ factors) / steps
    weights[[0, -1]] /= 2
    return (1 + np.cos(angles)) / 2, weights


def refinements(steps: int, max_steps: int) -> list[int]:
    """Steps, doubled as long as they do not pass the maximum."""
    levels = [steps]
    while levels[-1] * 2 <= max_steps:
        levels.append(levels[-1] * 2)
    return levels


def new_points(levels: list[int], index: int) -> tuple[Vector, Vector]:
    """The inner points that a refinement adds, and their weights in it and in all later ones.

    Args:
        levels: from `refinements`.
        index: which of them.

    Returns:
        (N,) points strictly between 0 and 1, and (levels - index, N) weights.
    """
    steps = levels[index]
    inner = np.arange(1, steps)
    fresh = inner if index == 0 else inner[::2]
    points = clenshaw_curtis(steps)[0][fresh]
    rows = [clenshaw_curtis(level)[1][fresh * (level // steps)] for level in levels[index:]]
    return points, np.stack(rows)
