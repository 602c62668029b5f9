"""Boundaries for interim analyses of a study while it grows, without more false decisions.

Everything is one-sided and in terms of Z, which is taken as normal with independent increments
at the analyses (Jennison and Turnbull 2000, chapter 3). No analysis may stop the study for futility
in the computation, so a boundary stays right where such a stop is overruled.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.record.interim import Spending

Array = npt.NDArray[np.float64]
ALPHA = 0.025
"""One-sided error of a 95 % interval read on one side."""
LARGEST = 7.0
"""A boundary beyond it is not computed: the chance to cross it is 1e-12."""
_NODES = 256
_REACH = 9.0


def _obrien_fleming(fraction: float, alpha: float) -> float:
    return float(2 * scipy.special.ndtr(scipy.special.ndtri(alpha / 2) / math.sqrt(fraction)))


def _pocock(fraction: float, alpha: float) -> float:
    return alpha * math.log1p((math.e - 1) * fraction)


_FUNCTIONS: Mapping[str, Callable[[float, float], float]] = MappingProxyType(
    {"obrien_fleming": _obrien_fleming, "pocock": _pocock}
)


def spent(fraction: float, spending: Spending, alpha: float = ALPHA) -> float:
    """How much of the error may be spent up to an analysis?

    Lan and DeMets 1983: 2 - 2Φ(z_{α/2} / √t), which is like O'Brien and Fleming's boundary, or
    α log(1 + (e - 1) t), which is like Pocock's.

    Args:
        fraction: share of the information, in (0, 1].
        spending: the function.
        alpha: one-sided error in all, in (0, 1).

    Raises:
        ValueError: a value lies outside its range.
    """
    if not (0 < fraction <= 1 and 0 < alpha < 1):
        raise ValueError(f"expected a fraction in (0, 1] and alpha in (0, 1), got {fraction}, "
                         f"{alpha}")  # fmt: skip
    return _FUNCTIONS[spending](fraction, alpha)


def boundaries(
    fractions: Sequence[float], spending: Spending, alpha: float = ALPHA
) -> tuple[float, ...]:
    """What must Z exceed at each analysis, so that all together err with probability alpha?

    By recursive integration of the density of those that have not crossed yet (Armitage,
    McPherson and Rowe 1969; Jennison and Turnbull 2000, chapter 19), with Gauss-Legendre nodes.

    Args:
        fractions: share of the information at each analysis, rising, in (0, 1].
        spending: function that gives the error that may be spent at each.
        alpha: one-sided error of all analyses up to a fraction of 1.

    Raises:
        ValueError: the fractions do not rise within (0, 1].
    """
    return _boundaries(_checked(fractions), spending, alpha)


@lru_cache(maxsize=4096)
def _boundaries(
    fractions: tuple[float, ...], spending: Spending, alpha: float
) -> tuple[float, ...]:
    walk, found, before = _Walk(), [], 0.0
    for fraction in fractions:
        after = spent(fraction, spending, alpha)
        walk.to(fraction)
        found.append(_solved(walk, after - before))
        walk.stop_above(found[-1])
        before = after
    return tuple(found)


def _solved(walk: _Walk, wanted: float) -> float:
    if walk.beyond(LARGEST) >= wanted:
        return LARGEST
    return float(
        scipy.optimize.brentq(lambda z: walk.beyond(z) - wanted, -LARGEST, LARGEST, xtol=1e-10)
    )


def crossing(
    fractions: Sequence[float], limits: Sequence[float], drift: float = 0.0
) -> tuple[float, ...]:
    """With which probability is each boundary the first to be crossed?

    Args:
        fractions: share of the information at each analysis, rising, in (0, 1].
        limits: boundaries, in terms of Z.
        drift: mean of Z at full information.

    Raises:
        ValueError: the fractions do not rise within (0, 1], or there are as many boundaries not.
    """
    walk, found = _Walk(drift), []
    for fraction, limit in zip(_checked(fractions), limits, strict=True):
        walk.to(fraction)
        found.append(walk.beyond(limit))
        walk.stop_above(limit)
    return tuple(found)


def inflation(fractions: Sequence[float], limits: Sequence[float], power: float = 0.8) -> float:
    """How much larger than one with a single analysis must a study be, for the same power?

    Args:
        fractions: share of the information at each analysis, the last one 1.
        limits: boundaries, in terms of Z; together they err with `ALPHA`.
        power: chance to cross one of them, above `ALPHA`.
    """
    fixed = float(scipy.special.ndtri(power) - scipy.special.ndtri(ALPHA))
    drift = scipy.optimize.brentq(
        lambda one: sum(crossing(fractions, limits, one)) - power, 0.0, 10.0
    )
    return max(1.0, (float(drift) / fixed) ** 2)


def repeated_level(limit: float) -> float:
    """Confidence level of the two-sided interval that reads Z against a boundary.

    Intervals of these levels at all analyses hold the truth together with 1 - 2 alpha at least,
    whatever made somebody stop (repeated confidence intervals, Jennison and Turnbull 1989).
    """
    return float(1 - 2 * scipy.special.ndtr(-limit))


def sequential_p(p: float, fractions: Sequence[float], spending: Spending) -> float:
    """How surprising is the p-value of an analysis, given that there were analyses before it?

    The smallest error in all whose boundary the analysis crosses (Liu and Anderson 2008, for one
    analysis). Under the hypothesis it is below a with probability a at most, whenever one stops.

    Args:
        p: one-sided p-value at the last of these analyses.
        fractions: of the analyses up to it.
        spending: function that gave the boundaries.
    """
    known = _checked(fractions)
    z = -float(scipy.special.ndtri(min(max(p, 1e-15), 1 - 1e-15)))

    def excess(logit: float) -> float:
        alpha = float(1 / (1 + math.exp(-logit)))
        return _boundaries(known, spending, alpha)[-1] - z

    low, high = -30.0, 8.0
    if excess(high) > 0:
        return 1.0
    if excess(low) < 0:
        return float(1 / (1 + math.exp(-low)))
    found = float(scipy.optimize.brentq(excess, low, high, xtol=1e-4))
    return 1 / (1 + math.exp(-found))


@lru_cache(maxsize=1)
def _nodes() -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(_NODES)


class _Walk:
    """The density of the score of studies that have not crossed a boundary so far."""

    def __init__(self, drift: float = 0.0) -> None:
        self._drift = drift
        self._fraction = 0.0
        self._step = 0.0
        self._nodes: Array = np.zeros(1)
        self._mass: Array = np.ones(1)

    def to(self, fraction: float) -> None:
        """Go on to the next analysis; the last one must have been closed by `stop_above`."""
        self._step, self._fraction = fraction - self._fraction, fraction

    def beyond(self, limit: float) -> float:
        """Chance that Z exceeds the limit at this analysis, and none was crossed before."""
        edge = limit * math.sqrt(self._fraction)
        return float(self._mass @ scipy.special.ndtr((self._means - edge) / math.sqrt(self._step)))

    def stop_above(self, limit: float) -> None:
        """Keep those below the limit."""
        root = math.sqrt(self._fraction)
        edge = limit * root
        low = min(edge, self._drift * self._fraction) - _REACH * root
        points, weights = _nodes()
        nodes = low + (edge - low) * (points + 1) / 2
        spread = math.sqrt(self._step)
        errors = (nodes[:, None] - self._means) / spread
        density = np.exp(-(errors**2) / 2) / (spread * math.sqrt(2 * math.pi))
        self._mass = (density @ self._mass) * weights * (edge - low) / 2
        self._nodes = nodes

    @property
    def _means(self) -> Array:
        return self._nodes + self._drift * self._step


def _checked(fractions: Sequence[float]) -> tuple[float, ...]:
    rising = all(one < other for one, other in itertools.pairwise(fractions))
    if not fractions or not rising or not fractions[0] > 0 or fractions[-1] > 1:
        raise ValueError(f"fractions of the information rise within (0, 1], got {fractions}")
    return tuple(fractions)
