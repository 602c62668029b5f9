"""Random effects: how much do sites differ beyond chance, and what would a new one show?"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from xaudit.core.estimate import Estimate
from xaudit.stats.proportions import normal_quantile

Array = npt.NDArray[np.float64]
Tau2Method = Literal["REML", "DerSimonian-Laird", "Paule-Mandel"]
_SITES = 3


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
        level: confidence level, two-sided.
    """

    tau2: Tau2Method = "REML"
    scale: Literal["logit", "identity"] = "identity"
    at_least_fixed: bool = True
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
    Mandel 1982; mean by Hartung and Knapp 2001 with t on S - 1 degrees of freedom; prediction
    interval by Higgins, Thompson and Spiegelhalter 2009 with t on S - 2 degrees, on the
    Hartung-Knapp error (Partlett and Riley 2017); τ² and I² limits by Viechtbauer 2007. Three sites
    at least.

    Args:
        effects: of the sites.
        options: estimators and scale; REML on the identity unless given.
    """
    options, sites = options or Options(), len(effects.values)
    normal_quantile(options.level)
    if sites < _SITES:
        gone = _missing(effects, f"{sites} sites, {_SITES} needed for random effects")
        return Heterogeneity(gone, gone, gone, gone)
    tau2 = _tau2(effects, options.tau2)
    if tau2 is None:
        gone = _missing(effects, f"the search for τ² ({options.tau2}) does not converge")
        return Heterogeneity(gone, gone, gone, gone)
    mean, error = _mean(effects, tau2, options)
    half = _t(options.level, sites - 2) * math.sqrt(error**2 + tau2)
    spread = _tau2_interval(effects, tau2, options)
    q = _q(effects, 0.0)
    return Heterogeneity(
        _mean_estimate(effects, tau2, options),
        _scaled(effects, (mean, mean - half, mean + half), _name("prediction", options), options),
        spread,
        _i2(effects, spread),
        q,
        float(stats.chi2.sf(q, sites - 1)),
        _without(effects, options),
    )


def _without(effects: Effects, options: Options) -> tuple[Estimate, ...]:
    found = []
    for site in range(len(effects.values)):
        rest = Effects(np.delete(effects.values, site), np.delete(effects.variances, site))
        tau2 = _tau2(rest, options.tau2)
        if tau2 is None:
            found.append(_missing(rest, f"the search for τ² ({options.tau2}) does not converge"))
        else:
            found.append(_mean_estimate(rest, tau2, options))
    return tuple(found)


def _mean_estimate(effects: Effects, tau2: float, options: Options) -> Estimate:
    mean, error = _mean(effects, tau2, options)
    half = _t(options.level, len(effects.values) - 1) * error
    name = _name("Hartung-Knapp", options)
    return _scaled(effects, (mean, mean - half, mean + half), name, options)


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


def _reml(effects: Effects) -> float | None:
    """The root of the restricted likelihood's slope with the highest likelihood."""

    def slope(tau2: float) -> float:
        weights = 1 / (effects.variances + tau2)
        mean = weights @ effects.values / weights.sum()
        squares = weights**2 @ (effects.values - mean) ** 2
        return float(squares - weights.sum() + (weights**2).sum() / weights.sum())

    def loss(tau2: float) -> float:
        total = effects.variances + tau2
        return float(np.log(total).sum() + np.log((1 / total).sum())) + _q(effects, tau2)

    top = _upper(effects, slope)
    grid = np.concatenate([[0.0], np.geomspace(top * 1e-8, top, 400)])
    slopes = [slope(float(x)) for x in grid]
    # The likelihood may have several maxima: all of them are looked at, and the edge.
    peaks = [0.0] if slopes[0] <= 0 else []
    for i in np.flatnonzero((np.array(slopes[:-1]) > 0) & (np.array(slopes[1:]) <= 0)):
        peaks.append(float(optimize.brentq(slope, grid[i], grid[i + 1], xtol=1e-14, rtol=1e-13)))
    return min(peaks, key=loss) if peaks else None


def _profile(effects: Effects, target: float) -> float:
    """The variance between sites at which Q comes down to a value; 0 where it is below anyway."""

    def excess(tau2: float) -> float:
        return _q(effects, tau2) - target

    if excess(0.0) <= 0:
        return 0.0
    top = _upper(effects, excess)
    return float(optimize.brentq(excess, 0.0, top, xtol=1e-14, rtol=1e-13))


def _upper(effects: Effects, falling: Callable[[float], float]) -> float:
    """A variance beyond which a function is negative; it is for sites that hardly weigh."""
    top = float(effects.variances.max() + np.ptp(effects.values) ** 2)
    while falling(top) > 0:
        top *= 2
    return top


def _tau2_interval(effects: Effects, tau2: float, options: Options) -> Estimate:
    tail, degrees = (1 - options.level) / 2, len(effects.values) - 1
    low = _profile(effects, float(stats.chi2.isf(tail, degrees)))
    high = _profile(effects, float(stats.chi2.isf(1 - tail, degrees)))
    # The interval is not made from the estimator: it may leave it out by a hair.
    limits = min(low, tau2), max(high, tau2)
    return Estimate(
        tau2,
        *limits,
        f"{options.tau2}, Q-profile",
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


def _t(level: float, degrees: int) -> float:
    return float(stats.t.ppf(0.5 + level / 2, degrees))


def _name(kind: str, options: Options) -> str:
    scale = ", logit" if options.scale == "logit" else ""
    least = " (not below fixed)" if options.at_least_fixed else ""
    return f"random effects, {options.tau2}, {kind}{least}{scale}"


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
