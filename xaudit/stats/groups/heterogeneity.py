"""Random effects: how much do sites differ beyond chance, and what would a new one show?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.stats.proportions import normal_quantile, t_quantile

Array = npt.NDArray[np.float64]
Tau2Method = Literal["REML", "DerSimonian-Laird", "Paule-Mandel"]
_SITES = 3
# Quantiles of Q over which a prediction is averaged; halvings of the range of τ².
_STRATA = 100
_BISECTIONS = 80


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """What each of S independent sites shows, on a scale where its error is about normal.

    Attributes:
        values: (S,) finite; a logit for a proportion or an area, see `logit_effect`.
        variances: (S,) of their errors, positive.
        n: cases of all sites.
        clusters: patients of all sites.
    """

    values: Array
    variances: Array
    n: int = 0
    clusters: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", np.asarray(self.values, dtype=np.float64))
        object.__setattr__(self, "variances", np.asarray(self.variances, dtype=np.float64))
        if len(self.values) != len(self.variances):
            raise ValueError(f"{len(self.values)} values but {len(self.variances)} variances")
        if not (np.isfinite(self.values).all() and np.isfinite(self.variances).all()):
            raise ValueError("a site's value and variance are finite; leave out what is undefined")
        if (self.variances <= 0).any():
            raise ValueError("a site's variance is positive; 0 is no certainty")


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Random effects of sites.

    Attributes:
        mean: of the population of sites; Hartung-Knapp interval.
        new_site: the same mean, with a prediction interval for one new site.
        tau2: variance between sites, on the scale of the effects; Q-profile interval.
        i2: share of the variation that is not chance, 0 to 1; Q-profile interval.
        q: Cochran's Q.
        p_value: of no heterogeneity, by Q; with few sites a large one shows nothing.
        without: the mean without each site in turn, on the scale of `mean`.
    """

    mean: Estimate
    new_site: Estimate
    tau2: Estimate
    i2: Estimate
    q: float | None = None
    p_value: float | None = None
    without: tuple[Estimate, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """How random effects are estimated.

    Attributes:
        tau2: estimator of the variance between sites.
        scale: "logit" turns the mean and its limits back into proportions.
        at_least_fixed: never let the Hartung-Knapp interval be shorter than that of equal sites
            (Knapp and Hartung 2003, "ad hoc"): with few sites that agree by luck it would be.
        prediction: of a new site, with the uncertainty of τ² or, as "Higgins", without: that holds
            a new site in 88 % instead of 95 % where 8 to 15 sites differ a little.
        level: confidence level, two-sided.
    """

    tau2: Tau2Method = "REML"
    scale: Literal["logit", "identity"] = "identity"
    at_least_fixed: bool = True
    prediction: Literal["confidence distribution", "Higgins"] = "confidence distribution"
    level: float = 0.95


def logit_effect(share: float, effective: float) -> tuple[float, float]:
    """The logit of a proportion and its variance, ½ added to both counts where one is 0.

    Args:
        share: successes among the cases, 0 to 1.
        effective: size of the sample, or of a simple sample that would tell as much; see
            `xaudit.stats.proportions.effective_sample`.

    Raises:
        ValueError: the share is not in [0, 1] or nothing was sampled.
    """
    if not 0 <= share <= 1 or effective <= 0:
        raise ValueError(f"a share in [0, 1] of a sample > 0 is needed, got {share}, {effective}")
    hits, misses = share * effective, (1 - share) * effective
    if min(hits, misses) <= 0:
        hits, misses = hits + 0.5, misses + 0.5
    return math.log(hits / misses), 1 / hits + 1 / misses


def random_effects(effects: Effects, options: Options | None = None) -> Heterogeneity:
    """How much do sites differ, and what is to be expected of a new one?

    τ² by restricted maximum likelihood (Viechtbauer 2005), DerSimonian and Laird 1986 or Paule and
    Mandel 1982; mean by Hartung and Knapp 2001 with t on S - 1 degrees; τ² and I² limits by
    Viechtbauer 2007. A new site is predicted by averaging over the confidence distribution of τ²
    (Nagashima et al. 2019, here with the Q of the Q-profile), or by Higgins, Thompson and
    Spiegelhalter 2009 with t on S - 2 degrees, on the Hartung-Knapp error (Partlett and Riley
    2017). Three sites at least.

    Args:
        effects: of the sites.
        options: estimators and scale; REML on the identity unless given.
    """
    options, sites = options or Options(), len(effects.values)
    normal_quantile(options.level)
    if sites < _SITES:
        gone = _missing(
            effects, Message("{n} sites, {least} needed for random effects", n=sites, least=_SITES)
        )
        return Heterogeneity(gone, gone, gone, gone)
    tau2 = _tau2(effects, options.tau2)
    if tau2 is None:
        gone = _missing(
            effects, Message("the search for τ² ({method}) does not converge", method=options.tau2)
        )
        return Heterogeneity(gone, gone, gone, gone)
    limits = _mean_limits(effects, tau2, options)
    low, high = _prediction(effects, tau2, options)
    # Nobody knows more of a new site than of the mean of all.
    ahead = limits[0], min(low, limits[1]), max(high, limits[2])
    spread = _tau2_interval(effects, tau2, options)
    q = _q(effects, 0.0)
    return Heterogeneity(
        _scaled(effects, limits, _name(_MEAN, options), options),
        _scaled(effects, ahead, _name(_PREDICTION, options), options),
        spread,
        _i2(effects, spread),
        q,
        float(scipy.special.chdtrc(sites - 1, q)),
        _without(effects, options),
    )


def _prediction(effects: Effects, tau2: float, options: Options) -> tuple[float, float]:
    sites = len(effects.values)
    if options.prediction == "Higgins":
        mean, error = _mean(effects, tau2, options)
        half = t_quantile(options.level, sites - 2) * math.sqrt(error**2 + tau2)
        return mean - half, mean + half
    # Q at the true τ² is chi-squared on S - 1 degrees: each of its quantiles gives a likely τ².
    shares = (np.arange(_STRATA) + 0.5) / _STRATA
    likely = _profiles(effects, scipy.special.chdtri(sites - 1, shares))
    pairs = np.array([_mean(effects, float(one), options) for one in likely])
    means, scales = pairs[:, 0], np.sqrt(pairs[:, 1] ** 2 + likely)
    reach = t_quantile(options.level, sites - 1) * float(scales.max()) * (1 + 1e-9)
    edges = float(means.min()) - reach, float(means.max()) + reach

    def excess(at: float, share: float) -> float:
        return float(scipy.special.stdtr(sites - 1, (at - means) / scales).mean()) - share

    tail = (1 - options.level) / 2
    low, high = (
        float(scipy.optimize.brentq(excess, *edges, (share,))) for share in (tail, 1 - tail)
    )
    return low, high


def _without(effects: Effects, options: Options) -> tuple[Estimate, ...]:
    found, grid = [], _grid_without(effects) if options.tau2 == "REML" else None
    for site in range(len(effects.values)):
        rest = Effects(np.delete(effects.values, site), np.delete(effects.variances, site))
        of_site = None if grid is None else (grid[0], grid[1][:, site])
        tau2 = _tau2(rest, options.tau2) if of_site is None else _reml(rest, of_site)
        if tau2 is None:
            found.append(
                _missing(
                    rest,
                    Message("the search for τ² ({method}) does not converge", method=options.tau2),
                )
            )
        else:
            limits = _mean_limits(rest, tau2, options)
            found.append(_scaled(rest, limits, _name(_MEAN, options), options))
    return tuple(found)


def _mean_limits(effects: Effects, tau2: float, options: Options) -> tuple[float, float, float]:
    mean, error = _mean(effects, tau2, options)
    half = t_quantile(options.level, len(effects.values) - 1) * error
    return mean, mean - half, mean + half


def _mean(effects: Effects, tau2: float, options: Options) -> tuple[float, float]:
    weights = 1 / (effects.variances + tau2)
    mean = float(weights @ effects.values / weights.sum())
    factor = _q(effects, tau2) / (len(effects.values) - 1)
    if options.at_least_fixed:
        factor = max(1.0, factor)
    return mean, math.sqrt(factor / float(weights.sum()))


def _q(effects: Effects, tau2: float) -> float:
    """Weighted squares around the weighted mean, for a given variance between sites."""
    weights = 1 / (effects.variances + tau2)
    mean = weights @ effects.values / weights.sum()
    return float(weights @ (effects.values - mean) ** 2)


def _tau2(effects: Effects, method: Tau2Method) -> float | None:
    if method == "DerSimonian-Laird":
        return _dersimonian_laird(effects)
    if method == "Paule-Mandel":
        return _profile(effects, len(effects.values) - 1)
    return _reml(effects)


def _dersimonian_laird(effects: Effects) -> float:
    weights = 1 / effects.variances
    scale = float(weights.sum() - (weights**2).sum() / weights.sum())
    return max(0.0, (_q(effects, 0.0) - len(effects.values) + 1) / scale)


def _slopes(effects: Effects, tau2: Array) -> Array:
    """(T,), the slope of the restricted likelihood."""
    weights = 1 / (effects.variances + tau2[:, None])
    total = weights.sum(axis=1)
    mean = weights @ effects.values / total
    squares = (weights**2 * (effects.values - mean[:, None]) ** 2).sum(axis=1)
    return np.asarray(squares - total + (weights**2).sum(axis=1) / total)


def _grid_of(effects: Effects) -> Array:
    top = _upper(effects, lambda tau2: float(_slopes(effects, np.array([tau2]))[0]))
    return np.concatenate([[0.0], np.geomspace(top * 1e-8, top, 400)])


def _grid_without(effects: Effects) -> tuple[Array, BoolArray] | None:
    """A grid of τ², and where the likelihood of all sites but one rises: (T,) and (T, S).

    Every sum is that of all sites less one term. None where a likelihood still rises at the end.
    """
    grid, values = _grid_of(effects), effects.values - effects.values.mean()
    weights = 1 / (effects.variances + grid[:, None])
    first, second = weights, weights**2
    total, squares = (one.sum(axis=1, keepdims=True) - one for one in (first, second))
    mean = ((first @ values)[:, None] - first * values) / total
    crossed = (second @ values)[:, None] - second * values
    raised = (second @ values**2)[:, None] - second * values**2
    slopes = raised - 2 * mean * crossed + mean**2 * squares - total + squares / total
    return None if (slopes[-1] > 0).any() else (grid, slopes > 0)


def _reml(effects: Effects, rising: tuple[Array, BoolArray] | None = None) -> float | None:
    """The root of the restricted likelihood's slope with the highest likelihood.

    Args:
        effects: of the sites.
        rising: a grid of τ², and where the likelihood rises; found unless given.
    """

    def slope(tau2: float) -> float:
        return float(_slopes(effects, np.array([tau2]))[0])

    def loss(tau2: float) -> float:
        total = effects.variances + tau2
        return float(np.log(total).sum() + np.log((1 / total).sum())) + _q(effects, tau2)

    if rising is None:
        grid = _grid_of(effects)
        rising = grid, _slopes(effects, grid) > 0
    grid, up = rising
    # The likelihood may have several maxima: all of them are looked at, and the edge.
    peaks = [] if up[0] else [0.0]
    for i in np.flatnonzero(up[:-1] & ~up[1:]):
        # Where a slope is 0 but for rounding, the two ways to it may disagree on its sign.
        if slope(grid[i]) * slope(grid[i + 1]) > 0:
            peaks.append(float(grid[i]))
            continue
        peaks.append(
            float(scipy.optimize.brentq(slope, grid[i], grid[i + 1], xtol=1e-14, rtol=1e-13))
        )
    if len(peaks) == 1:
        return peaks[0]
    return min(peaks, key=loss) if peaks else None


def _profile(effects: Effects, target: float) -> float:
    """The variance between sites at which Q comes down to a value; 0 where it is below anyway."""

    def excess(tau2: float) -> float:
        return _q(effects, tau2) - target

    if excess(0.0) <= 0:
        return 0.0
    top = _upper(effects, excess)
    return float(scipy.optimize.brentq(excess, 0.0, top, xtol=1e-14, rtol=1e-13))


def _profiles(effects: Effects, targets: Array) -> Array:
    """`_profile` of many values, by bisection of all of them together."""
    target = float(targets.min())
    top = _upper(effects, lambda tau2: _q(effects, tau2) - target)
    low, high = np.zeros(len(targets)), np.full(len(targets), top)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        weights = 1 / (effects.variances + middle[:, None])
        mean = weights @ effects.values / weights.sum(axis=1)
        above = (weights * (effects.values - mean[:, None]) ** 2).sum(axis=1) > targets
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(targets >= _q(effects, 0.0), 0.0, high)


def _upper(effects: Effects, falling: Callable[[float], float]) -> float:
    """A variance beyond which a function is negative; it is for sites that hardly weigh."""
    top = float(effects.variances.max() + np.ptp(effects.values) ** 2)
    while falling(top) > 0:
        top *= 2
    return top


def _tau2_interval(effects: Effects, tau2: float, options: Options) -> Estimate:
    tail, degrees = (1 - options.level) / 2, len(effects.values) - 1
    low = _profile(effects, float(scipy.special.chdtri(degrees, tail)))
    high = _profile(effects, float(scipy.special.chdtri(degrees, 1 - tail)))
    # The interval is not made from the estimator: it may leave it out by a hair.
    limits = min(low, tau2), max(high, tau2)
    return Estimate(
        tau2,
        *limits,
        Message("{method}, Q-profile", method=options.tau2),
        options.level,
        n=effects.n,
        clusters=effects.clusters,
        unit="site",
    )


def _i2(effects: Effects, tau2: Estimate) -> Estimate:
    """Higgins and Thompson 2002, with the variance of a typical site."""
    weights = 1 / effects.variances
    degrees = len(weights) - 1
    typical = degrees * weights.sum() / (weights.sum() ** 2 - (weights**2).sum())
    if tau2.value is None or tau2.low is None or tau2.high is None:
        return tau2
    value, low, high = (float(x / (x + typical)) for x in (tau2.value, tau2.low, tau2.high))
    return replace(tau2, value=value, low=low, high=high)


# Whether it is never below fixed, and whether on the logit scale → the name of the interval.
_MEAN = {
    (False, False): "random effects, {method}, Hartung-Knapp",
    (False, True): "random effects, {method}, Hartung-Knapp, logit",
    (True, False): "random effects, {method}, Hartung-Knapp (not below fixed)",
    (True, True): "random effects, {method}, Hartung-Knapp (not below fixed), logit",
}
_PREDICTION = {
    (False, False): "random effects, {method}, prediction ({kind})",
    (False, True): "random effects, {method}, prediction ({kind}), logit",
    (True, False): "random effects, {method}, prediction ({kind}) (not below fixed)",
    (True, True): "random effects, {method}, prediction ({kind}) (not below fixed), logit",
}


def _name(kinds: Mapping[tuple[bool, bool], str], options: Options) -> Message:
    kind = kinds[options.at_least_fixed, options.scale == "logit"]
    return Message(kind, method=options.tau2, kind=Message(options.prediction))


def _scaled(
    effects: Effects, limits: tuple[float, float, float], method: str, options: Options
) -> Estimate:
    if options.scale == "logit":
        value, low, high = (0.5 * (1 + math.tanh(0.5 * x)) for x in limits)
    else:
        value, low, high = limits
    return Estimate(
        value,
        low,
        high,
        method,
        options.level,
        n=effects.n,
        clusters=effects.clusters,
        unit="site",
    )


def _missing(effects: Effects, reason: str) -> Estimate:
    return Estimate.missing(reason, n=effects.n, clusters=effects.clusters, unit="site")
