"""Adaptive quadrature: maps along a path are integrated where they move most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from xaudit.core.case import FloatArray

_BEYOND_CHANCE = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """What is known at one point of the path.

    Attributes:
        at: position in [0, 1].
        logit: there.
        values: (H, W), the gradient times the path; adds up to the logit's derivative.
        slope: that sum.
    """

    at: float
    logit: float
    values: FloatArray
    slope: float


@dataclass(frozen=True, slots=True, eq=False)
class _Interval:
    """Two nodes next to each other, and the trapezoid between them."""

    left: Node
    right: Node
    moved: float

    @property
    def width(self) -> float:
        return self.right.at - self.left.at

    @property
    def middle(self) -> float:
        return (self.left.at + self.right.at) / 2

    @property
    def area(self) -> npt.NDArray[np.float64]:
        sides = self.left.values.astype(np.float64) + self.right.values
        area: npt.NDArray[np.float64] = sides * (self.width / 2)
        return area

    @property
    def gap(self) -> float:
        """How far the trapezoid misses the change of the logit."""
        return self.right.logit - self.left.logit - self.width * self._slope

    @property
    def _slope(self) -> float:
        return (self.left.slope + self.right.slope) / 2

    @property
    def variances(self) -> tuple[float, float]:
        """Expected squared errors of the map (all pixels together) and of its sum.

        Those of a Brownian motion whose increment was seen: the gradient of a network with ReLUs
        jumps at very many points of the path.
        """
        turned = self.right.slope - self.left.slope
        return self.width**2 * self.moved / 12, self.width**2 * turned**2 / 12


class AdaptiveTrapezoids:
    """The integral of a map over [0, 1], refined where its error is expected to be largest.

    All nodes stay in use. Every interval has an expected error from how much the map moves
    between its ends; where the change of the logit shows a larger one (a burst between two nodes
    at which the map is the same), that one.

    Args:
        nodes: in their order, from 0 to 1.

    Attributes:
        integral: (H, W).
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._intervals = [_between(*ends) for ends in pairwise(nodes)]
        self.integral = np.sum([one.area for one in self._intervals], axis=0)

    def __len__(self) -> int:
        """Intervals."""
        return len(self._intervals)

    @property
    def expected_error(self) -> float | None:
        """Length of the expected error, relative to that of the integral; None if that is 0."""
        length = _squared(self.integral) ** 0.5
        return float(np.sqrt(self._errors().sum())) / length if length else None

    @property
    def gap(self) -> float:
        """How far the sum of the integral misses the change of the logit."""
        return sum(one.gap for one in self._intervals)

    def middles(self, count: int) -> npt.NDArray[np.float64]:
        """The middles of the intervals with the largest errors, in the order of the path."""
        worst = np.argsort(-self._errors(), kind="stable")[:count]
        return np.array([self._intervals[one].middle for one in sorted(worst)])

    def split(self, nodes: Sequence[Node]) -> None:
        """Split intervals at their middles, as `middles` said."""
        halved = {node.at: node for node in nodes}
        after: list[_Interval] = []
        for one in self._intervals:
            node = halved.get(one.middle)
            if node is None:
                after.append(one)
                continue
            parts = [_between(one.left, node), _between(node, one.right)]
            self.integral += parts[0].area + parts[1].area - one.area
            after += parts
        self._intervals = after

    def _errors(self) -> npt.NDArray[np.float64]:
        """Expected squared errors of all intervals."""
        maps, sums = np.array([one.variances for one in self._intervals]).T
        gaps = np.array([one.gap for one in self._intervals])
        # By so much the error of a map is longer than that of its sum.
        shown = gaps**2 * (maps.sum() / sums.sum() if sums.sum() > 0 else 0.0)
        return np.asarray(np.where(shown > _BEYOND_CHANCE * maps, shown, maps))


def node(at: float, logit: float, values: FloatArray) -> Node:
    """A point of the path; see `Node`."""
    return Node(float(at), float(logit), values, float(values.sum(dtype=np.float64)))


def _between(left: Node, right: Node) -> _Interval:
    return _Interval(left, right, _squared(right.values - left.values))


def _squared(values: npt.NDArray[np.floating]) -> float:
    """Squared length; summed here, as threads of BLAS take longer to meet than to multiply."""
    return float(np.square(values).sum(dtype=np.float64))


def refinements(steps: int, max_steps: int) -> list[int]:
    """Steps, doubled as long as they do not pass the maximum."""
    levels = [steps]
    while levels[-1] * 2 <= max_steps:
        levels.append(levels[-1] * 2)
    return levels
