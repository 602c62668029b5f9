"""How far the worst and the best level of a column are apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.metrics.discrimination import Predictions
from xaudit.metrics.group_gaps import family_level, gaps_of_draws, interval_reader
from xaudit.stats.difference import correlated_difference
from xaudit.stats.group_bootstrap import GroupDraws

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
    predictions: Predictions,
    groups: Mapping[str, BoolArray],
    members: Mapping[str, Sequence[str]],
    drawn: GroupDraws,
    level: float = 0.95,
) -> Extremes:
    """How much does the best level of a column exceed the worst?

    All pairs of levels get gaps whose intervals hold together. If they all hold, the largest true
    gap is no smaller than the largest lower limit and no larger than the largest upper one, and
    so this interval covers it with at least the level of the family, whichever levels come out
    worst and best. The value itself is the range that was seen, and lies above the truth on the
    average: groups differ by chance too.

    Args:
        predictions: the cases of the draws.
        groups: name → (N,) bool, as drawn.
        members: metric → levels that are compared, two at least where a range is to be found.
        drawn: all metrics of all groups.
        level: of each column's family: all pairs and all metrics together.
    """
    pairs = {metric: list(combinations(some, 2)) for metric, some in members.items()}
    gaps = gaps_of_draws(predictions, groups, pairs, drawn, level)
    limits = interval_reader(predictions, groups, drawn, family_level(drawn, pairs, level))
    ratios = {
        metric: [
            _ratio(limits(metric, a), limits(metric, b), drawn.correlation(metric, a, b) or 0.0)
            for one, two in pairs[metric]
            for a, b in ((one, two), (two, one))
            # Nothing is the worse part of a pair whose other level is at 0.
            if limits(metric, b).value != 0
        ]
        for metric in members
    }
    p = predictions
    whole = all(len(some) > 1 for some in members.values())
    every = [gap for some in gaps.values() for gap in some] if whole else []
    return Extremes(
        {metric: _widest(p, some, level) for metric, some in gaps.items()},
        {metric: _narrowest(p, some, level) for metric, some in ratios.items()},
        _widest(p, every, level),
    )


def _widest(p: Predictions, gaps: Sequence[Estimate], level: float) -> Estimate:
    """Of all gaps, whichever their sign, the largest."""
    missing = _missing(p, gaps, "fewer than two levels are large enough")
    if missing:
        return missing
    limits = [_known(gap) for gap in gaps]
    value = max(abs(value) for value, _, _ in limits)
    low = max(0.0, *(max(low, -high) for _, low, high in limits))
    high = max(max(high, -low) for _, low, high in limits)
    return _of_pairs(p, (value, low, high), len(gaps), level)


def _narrowest(p: Predictions, ratios: Sequence[Estimate], level: float) -> Estimate:
    """Of all ratios, both ways around, the smallest."""
    missing = _missing(p, ratios, "no two levels, or every one at 0: there is no ratio")
    if missing:
        return missing
    value, low, high = (min(parts) for parts in zip(*map(_known, ratios), strict=True))
    return _of_pairs(p, (value, low, min(high, 1.0)), (len(ratios) + 1) // 2, level)


def _ratio(first: Estimate, second: Estimate, correlation: float) -> Estimate:
    """First over second, by MOVER on the log scale."""
    gap = correlated_difference(_logged(first), _logged(second), correlation)
    if gap.value is None:
        return gap
    value, low, high = (_from_log(x) for x in _known(gap))
    return replace(gap, value=value, low=low, high=high)


def _logged(one: Estimate) -> Estimate:
    if one.value is None:
        return one
    value, low, high = (math.log(max(x, _TINY)) for x in _known(one))
    return replace(one, value=value, low=low, high=high, k=None)


def _from_log(x: float) -> float:
    ratio = math.exp(min(x, 700.0))
    return 0.0 if ratio < math.sqrt(_TINY) else ratio


def _missing(p: Predictions, parts: Sequence[Estimate], none: str) -> Estimate | None:
    reason = next((one.undefined for one in parts if one.undefined), None if parts else none)
    if reason is None:
        return None
    return Estimate.missing(reason, n=len(p), clusters=len(set(p.patients)), unit=p.unit)


def _known(one: Estimate) -> tuple[float, float, float]:
    assert one.value is not None
    assert one.low is not None
    assert one.high is not None
    return one.value, one.low, one.high


def _of_pairs(
    p: Predictions, limits: tuple[float, float, float], pairs: int, level: float
) -> Estimate:
    value, low, high = limits
    many = "1 pair" if pairs == 1 else f"all {pairs} pairs"
    method = f"from simultaneous intervals of {many} of levels (MOVER, max-T over patients)"
    return Estimate(
        value,
        min(low, value),
        max(high, value),
        method,
        level,
        n=len(p),
        clusters=len(set(p.patients)),
        unit=p.unit,
    )
