"""Many comparisons at once: what may be said of all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.stats.comparison import Comparison
from xaudit.stats.proportions import normal_quantile
from xaudit.stats.resampling.bootstrap import VOID_LIMIT

Array = npt.NDArray[np.float64]
Draws = npt.NDArray[np.floating]
METHOD = "patient bootstrap, max-T over {n} comparisons"


def holm(p_values: Sequence[float]) -> Array:
    """Adjusted p-values that keep the chance of any false alarm; Holm 1979.

    Valid whatever the dependence. Compare with the family's error rate.

    Args:
        p_values: (K,) in [0, 1].

    Raises:
        ValueError: one is not in [0, 1].
    """
    p = _checked(p_values)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return _unsorted(stepped, order)


def benjamini_hochberg(p_values: Sequence[float]) -> Array:
    """Adjusted p-values that keep the expected share of false alarms; Benjamini and Hochberg 1995.

    Valid for independent or positively dependent comparisons. The share is one among the findings:
    single findings are less certain than by `holm`.

    Args:
        p_values: (K,) in [0, 1].

    Raises:
        ValueError: one is not in [0, 1].
    """
    p = _checked(p_values)
    order = np.argsort(p)
    stepped = p[order] * len(p) / np.arange(1, len(p) + 1)
    return _unsorted(np.minimum.accumulate(stepped[::-1])[::-1], order)


def simultaneous(
    estimates: Sequence[Estimate], replicates: Array, level: float = 0.95
) -> tuple[Comparison, ...]:
    """Which of many estimates differ from 0, and by how much, so that all statements hold at once?

    Max-T (Westfall and Young 1993, single step): each replicate's largest distance from the
    estimates, in bootstrap standard errors, gives one factor for all intervals and the adjusted
    p-values. The dependence between the estimates is that of the draws: they have to come from the
    same draws. An estimate without a value, or of which more than 1 % of the draws are void, or
    which never varies, keeps a reason, and the others do not pay for it. In groups of fewer than
    some 100 patients these symmetric intervals are far too short for proportions near 0 or 1: there
    use `pointwise_level`.

    Args:
        estimates: K estimates; their value, counts and unit are kept, their limits are not.
        replicates: (draws, K), NaN where a draw has no value.
        level: that of the family, two-sided.

    Returns:
        K comparisons with 0, each with a simultaneous interval.

    Raises:
        ValueError: the shapes differ.
    """
    normal_quantile(level)
    if replicates.ndim != 2 or replicates.shape[1] != len(estimates):
        raise ValueError(f"{len(estimates)} estimates but replicates of shape {replicates.shape}")
    reasons = [_why_not(one, draws) for one, draws in zip(estimates, replicates.T, strict=True)]
    kept = [k for k, reason in enumerate(reasons) if reason is None]
    found = dict(zip(kept, _max_t(kept, estimates, replicates, level), strict=True))
    return tuple(
        found[k] if k in found else Comparison(_gone(one, reasons[k] or ""), None, "none")
        for k, one in enumerate(estimates)
    )


def pointwise_level(replicates: Draws, values: Array, level: float = 0.95) -> float:
    """At what level must each of many intervals be, so that all of them hold together?

    The factor of `simultaneous`, turned into the level of a normal interval: by it, intervals that
    are better than the draws in small samples (score, logit) become simultaneous ones. Never
    stricter than Bonferroni's, which needs no draws. Columns that are void or never vary leave the
    others alone, but count for Bonferroni.

    Args:
        replicates: (draws, K) of the same draws, NaN where a draw has no value.
        values: (K,) from the sample, NaN where there is none.
        level: that of the family, two-sided.
    """
    return level_of_blocks([(replicates, values)], level)


def level_of_blocks(blocks: Iterable[tuple[Draws, Array]], level: float = 0.95) -> float:
    """As `pointwise_level`, of a family that is too large to be held at once.

    Args:
        blocks: replicates (draws, k) and values (k,) of some of the comparisons at a time.
        level: that of the family, two-sided.
    """
    normal_quantile(level)
    comparisons = kept = 0
    largest = np.zeros(1)
    for replicates, values in blocks:
        comparisons += len(values)
        used = np.flatnonzero(_usable(replicates, values))
        if len(used):
            kept += len(used)
            largest = np.maximum(largest, _distances(replicates[:, used], values[used])[1])
    bonferroni = 1 - (1 - level) / max(1, comparisons)
    if kept < 2:
        return bonferroni if comparisons > 1 else level
    factor = float(np.quantile(largest, level, method="higher"))
    return min(bonferroni, float(2 * scipy.special.ndtr(factor) - 1))


def all_pairs(replicates: Draws, values: Array) -> Iterator[tuple[Draws, Array]]:
    """Differences of any two of G columns, for `level_of_blocks`: each less all that follow it.

    Args:
        replicates: (draws, G) of the same draws.
        values: (G,) from the sample.
    """
    for place in range(len(values) - 1):
        rest = slice(place + 1, None)
        yield replicates[:, place, None] - replicates[:, rest], values[place] - values[rest]


def _max_t(
    kept: list[int], estimates: Sequence[Estimate], replicates: Array, level: float
) -> list[Comparison]:
    if not kept:
        return []
    chosen = replicates[:, kept]
    values = np.array([estimates[k].value for k in kept], dtype=np.float64)
    factor, errors, largest = _factor(chosen, values, level)
    method = Message(METHOD, n=len(kept))
    made = []
    for k, value, error in zip(kept, values, errors, strict=True):
        beyond = int((largest >= abs(value) / error).sum())
        limits = replace(
            estimates[k],
            low=float(value - factor * error),
            high=float(value + factor * error),
            method=method,
            level=level,
        )
        made.append(Comparison(limits, (1 + beyond) / (1 + len(largest)), "max-T"))
    return made


def _factor(replicates: Array, values: Array, level: float) -> tuple[float, Array, Array]:
    """Standard errors to either side, (K,) standard errors, and (draws,) largest distances."""
    errors, largest = _distances(replicates, values)
    return float(np.quantile(largest, level, method="higher")), errors, largest


def _distances(replicates: Draws, values: Array) -> tuple[Array, Array]:
    """(K,) standard errors, and of each draw the largest distance in them; (draws,)."""
    void = np.isnan(replicates)
    if not void.any():
        errors = replicates.std(axis=0, ddof=1, dtype=np.float64)
        distance = np.abs(replicates - values.astype(replicates.dtype))
        return errors, (distance / errors.astype(replicates.dtype)).max(axis=1).astype(np.float64)
    errors = np.nanstd(replicates, axis=0, ddof=1, dtype=np.float64)
    # The same patients are void in a draw for one estimate, and not for another.
    distance = np.where(void, 0.0, np.abs(replicates - values) / errors)
    return errors, distance.max(axis=1)


def _usable(replicates: Draws, values: Array) -> BoolArray:
    """(K,): which have a value, few void draws, and draws that vary; as `_why_not` says."""
    void = np.isnan(replicates).sum(axis=0)
    enough = ~np.isnan(values) & (void <= VOID_LIMIT * len(replicates)) & (void < len(replicates))
    at = np.flatnonzero(enough)
    if len(at):
        spread = np.nanmax(replicates[:, at], axis=0) - np.nanmin(replicates[:, at], axis=0)
        enough[at] = spread > 1e-12
    return np.asarray(enough, dtype=bool)


def _why_not(estimate: Estimate, draws: Array) -> str | None:
    if estimate.value is None:
        return estimate.undefined
    void = int(np.isnan(draws).sum())
    if void > VOID_LIMIT * len(draws):
        return Message("{n} of {all} bootstrap draws have no value", n=void, all=len(draws))
    if float(np.nanmax(draws) - np.nanmin(draws)) <= 1e-12:
        return Message("every draw gives the same value: there is no error to compare with")
    return None


def _gone(estimate: Estimate, reason: str) -> Estimate:
    if estimate.value is None:
        return estimate
    return Estimate.missing(
        reason, k=estimate.k, n=estimate.n, clusters=estimate.clusters, unit=estimate.unit
    )


def _checked(p_values: Sequence[float]) -> Array:
    p = np.asarray(p_values, dtype=np.float64)
    wrong = np.flatnonzero(~((p >= 0) & (p <= 1)))
    if len(wrong):
        raise ValueError(f"a p-value lies in [0, 1]; number {wrong[0]} is {p[wrong[0]]}")
    return p


def _unsorted(stepped: Array, order: npt.NDArray[np.intp]) -> Array:
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(1.0, stepped)
    return adjusted
