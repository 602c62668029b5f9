"""Shapley values of superpixels, from coalitions and the logits of each.

The value of a superpixel is the integral, over the share of superpixels that is shown, of what it
adds there (Owen 1972). What is added where nothing else and where everything else is shown is
known exactly; between them it is the slope of a regression on coalitions sampled at random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import comb

from xaudit.core.case import BoolArray
from xaudit.explain.numerics.regression import LinearFit, fit_linear, fit_shrunken

Vector = npt.NDArray[np.float64]

# The rule of Gauss and Lobatto with five points on [0, 1]; those that mirror each other are one,
# because a coalition comes with its complement.
EDGE = 0.5 + np.sqrt(3 / 7) / 2
_AT_ENDS, _AT_EDGE, _AT_HALF = 1 / 10, 49 / 90, 16 / 45
_AWAY = (2 * EDGE - 1) ** 2
"""How far the edge is from a half, squared, where the ends are at 1."""


@dataclass(frozen=True, slots=True, eq=False)
class ShapleyValues:
    """Shapley values of superpixels.

    Attributes:
        values: (P,), which add up to the change of the logit.
        errors: (P,) standard errors.
        additivity_gap: what the values lacked of that change before they were made to add up,
            relative to it.
    """

    values: Vector
    errors: Vector
    additivity_gap: float


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Coalitions without their complements, and half the difference of the two logits.

    Attributes:
        shown: (N, P).
        odd: (N,).
    """

    shown: npt.NDArray[np.float64]
    odd: Vector

    @classmethod
    def none(cls, count: int) -> Pairs:
        """No pair yet."""
        return cls(np.empty((0, count)), np.empty(0))

    def joined(self, block: BoolArray, logits: Vector) -> Pairs:
        """These and the pairs of a block, in which every row is followed by its complement."""
        odd = (logits[::2] - logits[1::2]) / 2
        return Pairs(np.concatenate([self.shown, block[::2]]), np.concatenate([self.odd, odd]))

    def slopes(self) -> LinearFit:
        """What each superpixel adds, by least squares."""
        return fit_linear(self.shown, self.odd, np.ones(len(self.odd)))

    def distance_from(self, slopes: Vector) -> LinearFit:
        """What each superpixel adds beyond given slopes, as far as the noise lets it be seen."""
        signs = self.shown - 0.5
        return fit_shrunken(signs, self.odd - signs @ slopes)


@dataclass(frozen=True, slots=True, eq=False)
class Certain:
    """Logits that no chance is in.

    Attributes:
        nothing: with everything hidden.
        everything: of the image.
        alone: (P,) with one superpixel shown.
        without: (P,) with one superpixel hidden.
    """

    nothing: float
    everything: float
    alone: Vector
    without: Vector

    @property
    def change(self) -> float:
        """Of the logit, to which Shapley values add up."""
        return self.everything - self.nothing

    @property
    def slopes(self) -> Vector:
        """What each superpixel adds to nothing and to everything else, on average; (P,)."""
        return (self.alone - self.nothing + self.everything - self.without) / 2

    def values(self, values: Vector, errors: Vector) -> ShapleyValues:
        """Share what is missing of the change equally: the closest values that add up."""
        return _additive(values, errors, self.change)


def three_places(certain: Certain, half: Pairs) -> ShapleyValues:
    """Shapley values by Simpson's rule: the ends, exactly, and a half.

    Exact for interactions of up to four superpixels. Beyond, the rule errs where the standard
    error does not see it, but then values rarely add up: errors are at least as long as the gap.

    Args:
        certain: logits at the ends.
        half: coalitions with a half shown.
    """
    middle = half.slopes()
    values = certain.slopes / 3 + middle.coefficients * 2 / 3
    errors = middle.errors * 2 / 3
    length, gap = float(np.linalg.norm(errors)), abs(float(values.sum()) - certain.change)
    if gap > length:
        errors = np.full(len(values), gap / np.sqrt(len(values)))
    return certain.values(values, errors)


def five_places(certain: Certain, half: Pairs, edge: Pairs) -> ShapleyValues:
    """Shapley values by the rule of Gauss and Lobatto; exact for interactions of up to eight.

    The slopes at the edge are the parabola through the other three places and a distance from
    it, which is fitted as a random effect: as large as the coalitions at the edge say.

    Args:
        certain: logits at the ends.
        half: coalitions with a half shown.
        edge: coalitions with 83 % shown; their complements show 17 %.
    """
    middle = half.slopes()
    parabola = (1 - _AWAY) * middle.coefficients + _AWAY * certain.slopes
    distance = edge.distance_from(parabola)
    values = (
        _AT_ENDS * certain.slopes
        + _AT_EDGE * (parabola + distance.coefficients)
        + _AT_HALF * middle.coefficients
    )
    errors = np.hypot(
        _AT_EDGE * distance.errors, (_AT_HALF + _AT_EDGE * (1 - _AWAY)) * middle.errors
    )
    return certain.values(values, errors)


def exact_shapley(shown: BoolArray, logits: Vector) -> ShapleyValues:
    """Shapley values from all coalitions; (2^P, P) and (2^P,) → (P,).

    Args:
        shown: every coalition, in the order of binary numbers.
        logits: of each.
    """
    count = shown.shape[1]
    values = np.empty(count)
    for player in range(count):
        with_player = shown[:, player]
        sizes = shown[~with_player].sum(axis=1)
        # In the order of binary numbers, both halves list the other players alike.
        gains = logits[with_player] - logits[~with_player]
        values[player] = np.sum(gains / (count * comb(count - 1, sizes)))
    return _additive(values, np.zeros(count), float(logits[-1] - logits[0]))


def _additive(values: Vector, errors: Vector, change: float) -> ShapleyValues:
    missing = change - float(values.sum())
    gap = abs(missing) / abs(change) if change else abs(missing)
    return ShapleyValues(values + missing / len(values), errors, gap)
