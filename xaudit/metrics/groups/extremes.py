"""Extremes: how far the worst and the best subgroup of an attribute are apart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.metrics.groups.gaps import Resampled, Size
from xaudit.stats.difference import why_undefined
from xaudit.stats.multiple.multiplicity import all_pairs, level_of_blocks

Array = npt.NDArray[np.float64]
Limits = tuple[Array, Array, Array]
"""Values, lower and upper limits."""
_FEW = Message("fewer than two subgroups are large enough")
_TINY = 1e-12
"""Stands for 0 on the log scale: a ratio is not known to twelve digits."""


@dataclass(frozen=True, slots=True)
class Extremes:
    """The levels of a column, the worst beside the best.

    Attributes:
        difference: metric → best minus worst.
        ratio: metric → worst over best, at most 1.
        either: the largest difference of any of the metrics; of sensitivity and specificity this is
            the equalized odds difference (Hardt et al. 2016).
    """

    difference: Mapping[str, Estimate]
    ratio: Mapping[str, Estimate]
    either: Estimate


def worst_to_best(
    members: Mapping[str, Sequence[Resampled]], size: Size, level: float = 0.95
) -> Extremes:
    """How much does the best subgroup of an attribute exceed the worst?

    All pairs of levels get gaps whose intervals hold together. If they all hold, the largest true
    gap is no smaller than the largest lower limit and no larger than the largest upper one, and
    so this interval covers it with at least the level of the family, whichever levels come out
    worst and best. The value itself is the range that was seen, and lies above the truth on the
    average: groups differ by chance too.

    Args:
        members: metric → levels that are compared, two at least where a range is to be found.
        size: of the study.
        level: of each column's family: all pairs and all metrics together.
    """
    single = level_of_blocks(_blocks(members), level)
    pairs = {metric: _Pairs.of(some, single) for metric, some in members.items()}
    gaps = {metric: one.gaps() for metric, one in pairs.items()}
    ratios = {metric: one.ratios() for metric, one in pairs.items()}
    whole = all(len(some) > 1 for some in members.values())
    every = _joined(list(gaps.values())) if whole else _FEW
    return Extremes(
        {metric: _widest(size, one, level) for metric, one in gaps.items()},
        {metric: _narrowest(size, one, level) for metric, one in ratios.items()},
        _widest(size, every, level),
    )


def _blocks(
    members: Mapping[str, Sequence[Resampled]],
) -> Iterator[tuple[npt.NDArray[np.floating], Array]]:
    for some in members.values():
        if len(some) > 1:
            draws = np.stack([one.draws for one in some], axis=1)
            yield from all_pairs(draws, np.array([one.value for one in some]))


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Any two of the levels, and how their draws go together.

    Attributes:
        limits: of the G levels; or why there are none.
        first: (pairs,), places of the first.
        second: (pairs,).
        tied: (pairs,), correlations.
    """

    limits: Limits | str
    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    tied: Array

    @classmethod
    def of(cls, some: Sequence[Resampled], single: float) -> _Pairs:
        first, second = np.triu_indices(len(some), 1)
        tied = _correlations(some)[first, second] if len(some) > 1 else np.empty(0)
        return cls(_limits([one.interval(single) for one in some]), first, second, tied)

    def gaps(self) -> Limits | str:
        """First minus second, or why there are none."""
        if isinstance(self.limits, str) or not len(self.first):
            return self.limits if isinstance(self.limits, str) else _FEW
        return _differences(self.limits, self.first, self.second, self.tied)

    def ratios(self) -> Limits | str:
        """Each over the other, both ways around, by MOVER on the log scale."""
        none = Message("no two subgroups, or every one at 0: there is no ratio")
        if isinstance(self.limits, str):
            return self.limits
        # Nothing is the worse part of a pair whose other level is at 0.
        above, below = np.append(self.first, self.second), np.append(self.second, self.first)
        kept = self.limits[0][below] != 0
        if not kept.any():
            return none
        logged = _logged(self.limits)
        found = _differences(logged, above[kept], below[kept], np.tile(self.tied, 2)[kept])
        value, low, high = (_from_log(one) for one in found)
        return value, low, high


def _limits(levels: Sequence[Estimate]) -> Limits | str:
    gone = [(place, one.undefined) for place, one in enumerate(levels) if one.undefined]
    if gone and len(levels) > 1:
        place, why = gone[0]
        return why_undefined(place, why)
    known = [(level.value, level.low, level.high) for level in levels if level.value is not None]
    value, low, high = np.array(known, dtype=np.float64).reshape(-1, 3).T
    return value, low, high


def _differences(
    limits: Limits, first: npt.NDArray[np.intp], second: npt.NDArray[np.intp], tied: Array
) -> Limits:
    """As `xaudit.stats.difference.correlated_difference`, of many pairs."""
    (a, la, ua), (b, lb, ub) = ([x[at] for x in limits] for at in (first, second))
    gap = a - b
    return gap, gap - _joint(a - la, ub - b, tied), gap + _joint(ua - a, b - lb, tied)


def _joint(one: Array, two: Array, tied: Array) -> Array:
    return np.sqrt(np.maximum(0.0, one**2 + two**2 - 2 * tied * one * two))


def _correlations(some: Sequence[Resampled]) -> Array:
    """(G, G), over the draws in which both have a value; 0 where one does not vary."""
    draws = np.stack([one.draws for one in some], axis=1).astype(np.float64)
    there = ~np.isnan(draws)
    means = np.divide(
        np.where(there, draws, 0.0).sum(axis=0), there.sum(axis=0), where=there.any(axis=0),
        out=np.zeros(draws.shape[1]),
    )  # fmt: skip
    centered, both = np.where(there, draws - means, 0.0), there.astype(np.float64)
    count = np.maximum(both.T @ both, 1.0)
    sums, squares = centered.T @ both, (centered**2).T @ both
    covariance = centered.T @ centered - sums * sums.T / count
    spread = np.maximum(squares - sums**2 / count, 0.0)
    scale = np.sqrt(spread * spread.T)
    # The square of the least range that counts as varying.
    vary = np.minimum(spread, spread.T) > _TINY**2
    found = np.divide(covariance, scale, out=np.zeros_like(scale), where=vary & (scale > 0))
    return np.asarray(np.clip(found, -1.0, 1.0), dtype=np.float64)


def _joined(parts: Sequence[Limits | str]) -> Limits | str:
    known = [part for part in parts if not isinstance(part, str)]
    if len(known) < len(parts):
        return next(part for part in parts if isinstance(part, str))
    value, low, high = (np.concatenate(some) for some in zip(*known, strict=True))
    return value, low, high


def _widest(size: Size, gaps: Limits | str, level: float) -> Estimate:
    """Of all gaps, whichever their sign, the largest."""
    if isinstance(gaps, str):
        return _missing(size, gaps)
    value, low, high = gaps
    least = max(0.0, float(np.maximum(low, -high).max()))
    limits = float(np.abs(value).max()), least, float(np.maximum(high, -low).max())
    return _of_pairs(size, limits, len(value), level)


def _narrowest(size: Size, ratios: Limits | str, level: float) -> Estimate:
    """Of all ratios, both ways around, the smallest."""
    if isinstance(ratios, str):
        return _missing(size, ratios)
    value, low, high = (float(part.min()) for part in ratios)
    return _of_pairs(size, (value, low, min(high, 1.0)), (len(ratios[0]) + 1) // 2, level)


def _logged(limits: Limits) -> Limits:
    value, low, high = (np.log(np.maximum(x, _TINY)) for x in limits)
    return value, low, high


def _from_log(x: Array) -> Array:
    ratio = np.exp(np.minimum(x, 700.0))
    return np.where(ratio < math.sqrt(_TINY), 0.0, ratio)


def _missing(size: Size, reason: str) -> Estimate:
    return Estimate.missing(reason, n=size.cases, clusters=size.patients, unit=size.unit)


def _of_pairs(size: Size, limits: tuple[float, float, float], pairs: int, level: float) -> Estimate:
    value, low, high = limits
    method = Message(
        "from simultaneous intervals of 1 pair of subgroups (MOVER, max-T over patients)"
    )
    if pairs != 1:
        method = Message(
            "from simultaneous intervals of all {n} pairs of subgroups (MOVER, max-T over "
            "patients)",
            n=pairs,
        )
    return Estimate(
        value,
        min(low, value),
        max(high, value),
        method,
        level,
        n=size.cases,
        clusters=size.patients,
        unit=size.unit,
    )
