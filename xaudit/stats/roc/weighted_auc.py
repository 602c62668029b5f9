"""The area where positives do not all count the same: lesions within cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.stats.proportions import normal_quantile, t_quantile
from xaudit.stats.roc.auc import area_limits, class_units, clustered_area_variance

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class WeightedScores:
    """Scores on one side of the comparison.

    Attributes:
        scores: (n,), -∞ for "nothing marked".
        weights: (n,) positive.
        patients: n names.
    """

    scores: Array
    weights: Array
    patients: Sequence[str]


def weighted_auc(
    positives: WeightedScores, negatives: WeightedScores, level: float = 0.95
) -> Estimate:
    """How often does a positive, drawn by weight, score above a negative, ties counting one half?

    Σ w V / Σ w with the placements V of DeLong et al. 1988. Variance by linearization over
    patients, which for equal weights is that of Obuchowski 1997; interval as in
    `xaudit.stats.roc.auc.auc`.

    Args:
        positives: for instance lesions.
        negatives: for instance cases without one.
        level: confidence level, two-sided.
    """
    m, n = len(positives.scores), len(negatives.scores)
    names = np.asarray([*positives.patients, *negatives.patients], dtype=str)
    index = np.unique(names, return_inverse=True)[1]
    clusters = len(np.unique(index))
    if not m or not n:
        reason = Message("no positives") if not m else Message("no negatives")
        return Estimate.missing(reason, n=m + n, clusters=clusters)
    labels = np.arange(m + n) < m
    of_positives = _shares_below(positives.scores, negatives)
    of_negatives = 1 - _shares_below(negatives.scores, positives)
    share_up = positives.weights / positives.weights.sum()
    share_down = negatives.weights / negatives.weights.sum()
    # Shares add up to 1 but for rounding: a perfect area is 1.
    value = round(float(share_up @ of_positives), 12)
    variance = clustered_area_variance(
        m * share_up * (of_positives - value),
        n * share_down * (of_negatives - value),
        labels,
        index,
    )
    units = class_units(labels, index)
    if variance is None:
        said = (
            Message("1 patient with positives and {m} with negatives, 2 needed", m=units[1])
            if units[0] == 1
            else Message("{n} patients with positives and {m} with negatives, 2 needed",
                         n=units[0], m=units[1])
        )  # fmt: skip
        return Estimate.missing(said, n=m + n, clusters=clusters)
    simple = clusters == m + n
    quantile = normal_quantile(level) if simple else t_quantile(level, clusters - 1)
    low, high, scale = area_limits(value, variance, units, level, quantile)
    method = Message("weighted DeLong by patient, logit") if scale == "logit" else scale
    found = Estimate(value, min(low, value), max(high, value), method, level)
    return replace(found, n=m + n, clusters=clusters)


def _shares_below(scores: Array, others: WeightedScores) -> Array:
    """Weight of the others below each score, a tie counting one half; (n,) in [0, 1]."""
    levels, place = np.unique(others.scores, return_inverse=True)
    mass = np.bincount(place, weights=others.weights, minlength=len(levels))
    below = np.concatenate([[0.0], np.cumsum(mass)])
    left = np.searchsorted(levels, scores, side="left")
    right = np.searchsorted(levels, scores, side="right")
    return np.asarray((below[left] + below[right]) / (2 * below[-1]), dtype=np.float64)
