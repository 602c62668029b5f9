"""An interval carried over to another confidence level."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import replace

import scipy

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.stats.proportions import clopper_pearson, normal_quantile, score_limits, t_quantile

Limits = tuple[float, float]
Scale = Callable[[float], float]
SCALED = "{method}, scaled to its level"


def at_level(
    estimate: Estimate, level: float, bounds: tuple[float | None, float | None] = (None, None)
) -> Estimate:
    """The same estimate with an interval of another level.

    Exact, from value and counts or limits, for Wilson's interval, also on an effective sample,
    for exact limits of shares, and for areas by DeLong on the logit scale. Of any other interval
    each limit is taken as so many standard errors from the value, with t on patients - 1
    degrees where patients are known, on the scale of the value and, where that is possible, of
    its logit or logarithm; the wider one counts, and the method says so.

    Args:
        estimate: with or without a value.
        level: two-sided, in (0, 1).
        bounds: least and largest value that the metric can have; None for none.

    Raises:
        ValueError: the level is not between 0 and 1.
    """
    normal_quantile(level)
    if estimate.value is None or estimate.level == level:
        return estimate
    assert estimate.low is not None
    assert estimate.high is not None
    exact = _exact(estimate, level)
    if exact is not None:
        return _with(estimate, exact, level)
    low, high = _scaled(estimate, level)
    floor, ceiling = bounds
    low = low if floor is None else max(low, min(floor, estimate.low))
    high = high if ceiling is None else min(high, max(ceiling, estimate.high))
    method = estimate.method
    if estimate.low != estimate.high and getattr(method, "id", "") != SCALED:
        method = Message(SCALED, method=method)
    return replace(_with(estimate, (low, high), level), method=method)


def _with(estimate: Estimate, limits: Limits, level: float) -> Estimate:
    """Rounding never puts the value outside its limits."""
    assert estimate.value is not None
    low, high = min(limits[0], estimate.value), max(limits[1], estimate.value)
    return replace(estimate, low=low, high=high, level=level)


def _exact(estimate: Estimate, level: float) -> Limits | None:
    method = estimate.method
    plain = estimate.k is not None and estimate.value == estimate.k / max(estimate.n, 1)
    if method == "Wilson" and plain:
        assert estimate.value is not None
        return score_limits(estimate.value, estimate.n, level)
    if method == "Wilson on the Rao–Scott effective sample" and plain:
        return _effective(estimate, level)
    if method == "Clopper-Pearson" and plain:
        assert estimate.k is not None
        found = clopper_pearson(estimate.k, estimate.n, level)
        assert found.low is not None
        assert found.high is not None
        return found.low, found.high
    if method in {"DeLong, logit", "clustered DeLong (Obuchowski 1997), logit"}:
        if estimate.low is None or estimate.low <= 0 or estimate.high is None or estimate.high >= 1:
            return None
        return _on_scale(estimate, _logit, _share, _ratio(estimate, level))
    return None


def _effective(estimate: Estimate, level: float) -> Limits | None:
    """Wilson's limits of the sample size that the old limits tell of."""
    value, low, high = estimate.value, estimate.low, estimate.high
    assert value is not None
    assert low is not None
    assert high is not None
    # (p - limit)² = z² limit (1 - limit) / n; the limit that is farther away tells n best.
    limit = low if value - low > high - value else high
    if limit == value or limit in (0.0, 1.0) or not estimate.clusters:
        return None
    old, new = normal_quantile(estimate.level), normal_quantile(level)
    size = old**2 * limit * (1 - limit) / (value - limit) ** 2
    if 0 < value < 1:
        degrees = estimate.clusters - 1
        size *= (t_quantile(estimate.level, degrees) / old) ** 2
        size *= (new / t_quantile(level, degrees)) ** 2
    return score_limits(value, size, level)


def _scaled(estimate: Estimate, level: float) -> Limits:
    value, low, high = estimate.value, estimate.low, estimate.high
    assert value is not None
    assert low is not None
    assert high is not None
    if low == high:
        return low, high
    ratio = _ratio(estimate, level)
    found = [(value - ratio * (value - low), value + ratio * (high - value))]
    if low > 0 and high < 1:
        found.append(_on_scale(estimate, _logit, _share, ratio))
    elif low > 0:
        found.append(_on_scale(estimate, math.log, _antilog, ratio))
    if value in (0.0, 1.0) and low >= 0 and high <= 1:
        # All or nothing: such limits move with the square of z, as Wilson's do.
        far = abs(value - (low if value else high))
        odds = far / (1 - far) * ratio**2 if far < 1 else math.inf
        far = odds / (1 + odds) if math.isfinite(odds) else 1.0
        found.append((value - far, value) if value else (value, far))
    return min(one[0] for one in found), max(one[1] for one in found)


def _on_scale(estimate: Estimate, to: Scale, back: Scale, ratio: float) -> Limits:
    assert estimate.value is not None
    assert estimate.low is not None
    assert estimate.high is not None
    value, low, high = to(estimate.value), to(estimate.low), to(estimate.high)
    return back(value - ratio * (value - low)), back(value + ratio * (high - value))


def _ratio(estimate: Estimate, level: float) -> float:
    """How much longer each side of the interval becomes."""
    normal = estimate.method.startswith("DeLong") or not estimate.clusters or estimate.clusters < 2
    if normal:
        return normal_quantile(level) / normal_quantile(estimate.level)
    assert estimate.clusters is not None
    degrees = estimate.clusters - 1
    return t_quantile(level, degrees) / t_quantile(estimate.level, degrees)


def _antilog(logarithm: float) -> float:
    # Two patients at a level of 99.999 %: a limit is finite, and this one is as good as none.
    return math.exp(min(logarithm, math.log(sys.float_info.max)))


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def _share(logit: float) -> float:
    return float(scipy.special.expit(logit))
