"""Parts of the ROC curve: the area in a band, and single points at a declared rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.stats.resampling.bootstrap import weighted_bootstrap
from xaudit.stats.scored_cases import Scored

Array = npt.NDArray[np.float64]
Rate = Literal["sensitivity", "specificity"]
# 1 - 0.9 is not quite 1 / 10.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Band:
    """A part of the ROC curve.

    Attributes:
        rate: what is held in the band: "specificity" or "sensitivity".
        low: lower end, 0 ≤ low < high.
        high: upper end, at most 1.
    """

    rate: Rate
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 1:
            raise ValueError(f"a band of {self.rate} has 0 ≤ low < high ≤ 1, got {self!r}")

    @property
    def width(self) -> float:
        """The largest area that a curve can have in the band."""
        return self.high - self.low

    @property
    def chance(self) -> float:
        """The area in the band of a score that says nothing."""
        return ((1 - self.low) ** 2 - (1 - self.high) ** 2) / 2


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """Alarms and hits against which weights are summed; sorted once.

    Attributes:
        order: rows by falling score.
        positive: (N,) bool, in that order.
        ends: last row of each run of tied scores.
    """

    order: npt.NDArray[np.intp]
    positive: BoolArray
    ends: npt.NDArray[np.intp]

    def corners(self, weights: Array) -> tuple[Array, Array] | None:
        """False positive rates and sensitivities from (0, 0) to (1, 1); None without a class."""
        sorted_weights = weights[self.order]
        hits = np.cumsum(sorted_weights * self.positive)[self.ends]
        alarms = np.cumsum(sorted_weights * ~self.positive)[self.ends]
        if hits[-1] == 0 or alarms[-1] == 0:
            return None
        return np.append(0.0, alarms / alarms[-1]), np.append(0.0, hits / hits[-1])


def partial_auc(
    scored: Scored,
    band: Band,
    rng: np.random.Generator,
    *,
    standardized: bool = True,
    draws: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """How large is the area under the ROC curve where the specificity (or sensitivity) is usable?

    Raw: the area itself, from 0 to the width of the band. Standardized: 0.5 for a score that says
    nothing and 1 for a perfect one (McClish 1989). Percentile interval over resampled patients.

    Args:
        scored: the cases.
        band: which part of the curve.
        rng: source of the draws.
        standardized: McClish's scale, or the raw area.
        draws: how many times patients are resampled.
        level: confidence level, two-sided.
    """
    curve = _curve(scored, band.rate)

    def statistic(weights: Array) -> float | None:
        corners = curve.corners(weights)
        if corners is None:
            return None
        area = _area(*corners, 1 - band.high, 1 - band.low)
        if not standardized:
            return area
        return (1 + (area - band.chance) / (band.width - band.chance)) / 2

    return _resampled(statistic, scored, rng, draws, level)


def rate_at(
    scored: Scored,
    fixed: tuple[Rate, float],
    rng: np.random.Generator,
    *,
    draws: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """What is the sensitivity at a declared specificity (or the specificity at a sensitivity)?

    Read off the ROC curve, between two corners on the straight line (Pepe 2003, ch. 5). The
    threshold is found in the same cases, and again in every draw of patients: the interval holds
    that uncertainty, but the threshold is not one that could be fixed in a device before.

    Args:
        scored: the cases.
        fixed: which rate is held, and at what value: ("specificity", 0.9).
        rng: source of the draws.
        draws: how many times patients are resampled.
        level: confidence level, two-sided.

    Raises:
        ValueError: the rate is not in [0, 1].
    """
    rate, at = fixed
    if not 0 <= at <= 1:
        raise ValueError(f"a {rate} lies in [0, 1], got {at}")
    curve = _curve(scored, rate)

    def statistic(weights: Array) -> float | None:
        corners = curve.corners(weights)
        return None if corners is None else _height(*corners, 1 - at, "upper")

    return _resampled(statistic, scored, rng, draws, level)


def _curve(scored: Scored, rate: Rate) -> _Curve:
    scores, labels = scored.scores, scored.labels
    if rate == "sensitivity":
        # With classes and order turned around, sensitivity takes the place of specificity.
        scores, labels = -scores, ~labels
    order = np.argsort(-scores, kind="stable")
    ties = scores[order]
    ends = np.append(np.flatnonzero(ties[1:] != ties[:-1]), len(ties) - 1)
    return _Curve(order, labels[order], ends)


def _resampled(
    statistic: Callable[[Array], float | None],
    scored: Scored,
    rng: np.random.Generator,
    draws: int,
    level: float,
) -> Estimate:
    if scored.one_class:
        n, clusters = len(scored.labels), len(set(scored.patients))
        return Estimate.missing(scored.one_class, n=n, clusters=clusters)
    return weighted_bootstrap(statistic, scored.patients, rng, draws, level)


def _area(alarms: Array, hits: Array, start: float, end: float) -> float:
    inside = (alarms > start + _ROUNDING) & (alarms < end - _ROUNDING)
    left, right = _height(alarms, hits, start, "upper"), _height(alarms, hits, end, "lower")
    x = np.concatenate([[start], alarms[inside], [end]])
    y = np.concatenate([[left], hits[inside], [right]])
    return float(np.diff(x) @ (y[1:] + y[:-1])) / 2


def _height(alarms: Array, hits: Array, at: float, side: Literal["lower", "upper"]) -> float:
    """Sensitivity at a false positive rate; where the curve is vertical, either end of it."""
    equal = np.flatnonzero(np.abs(alarms - at) <= _ROUNDING)
    if len(equal):
        return float(hits[equal[0 if side == "lower" else -1]])
    after = int(np.searchsorted(alarms, at))
    share = (at - alarms[after - 1]) / (alarms[after] - alarms[after - 1])
    return float(hits[after - 1] + share * (hits[after] - hits[after - 1]))
