"""Net benefit: whether acting on the detector does more good than harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import metric
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.resampling.bootstrap import clustered_sums_draws, interval_of_draws

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DecisionPoint:
    """One point of a decision curve.

    Attributes:
        threshold: probability above which one would act; also the price of a false alarm.
        model: net benefit of acting on the detector's probability.
        treat_all: net benefit of acting on every case; that of acting on none is 0.
        gain: of the detector over the better of the two; by the same draws of patients.
    """

    threshold: float
    model: Estimate
    treat_all: Estimate
    gain: Estimate


@metric("utility", bounds=(None, 1.0), unit="number")
def net_benefit(
    predictions: Predictions,
    threshold: float,
    rng: np.random.Generator,
    prevalence: float | None = None,
    draws: int = 2000,
) -> Estimate:
    """How many fractures are found per case, less false alarms at their price?

    Vickers and Elkin 2006: sensitivity × q - (1 - specificity) (1 - q) t / (1 - t), of the calls at
    the operating point. A false alarm costs t / (1 - t) of a fracture found.

    Args:
        predictions: the cases.
        threshold: t, the probability of a fracture at which one is just willing to act.
        rng: source of the draws.
        prevalence: q; that of the study where not given.
        draws: how many times patients are resampled.

    Raises:
        ValueError: threshold or prevalence is not strictly between 0 and 1.
    """
    p = predictions
    sums = _drawn_sums(p, [p.called], rng, draws)
    return _estimate(p, *(_benefit(s, 0, threshold, prevalence) for s in sums))


def decision_curve(
    predictions: Predictions,
    thresholds: Sequence[float],
    rng: np.random.Generator,
    prevalence: float | None = None,
    draws: int = 2000,
) -> tuple[DecisionPoint, ...]:
    """At which prices of a false alarm is the detector worth more than all or nothing?

    At each threshold the detector acts where its probability exceeds it, so a decision curve also
    needs calibration; pointwise intervals, all points by the same draws.

    Args:
        predictions: the cases.
        thresholds: probabilities at which one would act.
        rng: source of the draws.
        prevalence: that of the study where not given.
        draws: how many times patients are resampled.

    Raises:
        ValueError: a threshold or the prevalence is not strictly between 0 and 1.
    """
    p, probability = predictions, scipy.special.expit(predictions.logits)
    acted = [probability > t for t in thresholds] + [np.ones(len(p), dtype=bool)]
    sums = _drawn_sums(p, acted, rng, draws)
    points = []
    for place, t in enumerate(thresholds):
        model = [_benefit(s, place, t, prevalence) for s in sums]
        everyone = [_benefit(s, len(thresholds), t, prevalence) for s in sums]
        # The better strategy is chosen again in every draw.
        gain = [m - np.maximum(e, 0.0) for m, e in zip(model, everyone, strict=True)]
        points.append(DecisionPoint(t, *(_estimate(p, *x) for x in (model, everyone, gain))))
    return tuple(points)


def _drawn_sums(
    p: Predictions, acted: list[BoolArray], rng: np.random.Generator, draws: int
) -> tuple[Array, Array]:
    """Positives, negatives, then hits and alarms of each strategy: in the sample, and resampled."""
    columns = [p.labels, ~p.labels]
    for calls in acted:
        columns += [calls & p.labels, calls & ~p.labels]
    table = np.stack(columns, axis=1).astype(np.float64)
    resampled = np.full((draws, table.shape[1]), np.nan)
    if len(set(p.patients)) >= 2:
        resampled = clustered_sums_draws(table, p.patients, rng, draws)
    return table.sum(axis=0)[None], resampled


def _benefit(sums: Array, strategy: int, threshold: float, prevalence: float | None) -> Array:
    """(draws,), NaN where a class is empty."""
    for name, share in (("threshold", threshold), ("prevalence", prevalence)):
        if share is not None and not 0 < share < 1:
            raise ValueError(f"a {name} lies strictly between 0 and 1, got {share}")
    both = (sums[:, 0] > 0) & (sums[:, 1] > 0)
    positives, negatives = (np.where(both, sums[:, i], np.nan) for i in (0, 1))
    hits, alarms = sums[:, 2 + 2 * strategy], sums[:, 3 + 2 * strategy]
    share = positives / (positives + negatives) if prevalence is None else prevalence
    price = threshold / (1 - threshold)
    return np.asarray(share * hits / positives - (1 - share) * price * alarms / negatives)


def _estimate(p: Predictions, value: Array, replicates: Array) -> Estimate:
    n, clusters = len(p), len(set(p.patients))
    if np.isnan(value[0]):
        reason = (
            Message("no positive cases") if not p.labels.any() else Message("no negative cases")
        )
        return Estimate.missing(reason, n=n, clusters=clusters, unit=p.unit)
    return replace(interval_of_draws(float(value[0]), replicates, n, clusters), unit=p.unit)
