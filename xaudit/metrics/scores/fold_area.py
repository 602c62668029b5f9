"""The area under the ROC curve where every fold had a detector of its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message, counted
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.proportions import t_quantile
from xaudit.stats.roc.auc import area_limits, class_units, clustered_area_variance, placements
from xaudit.stats.weights import numbered


def fold_mean_auc(
    predictions: Predictions, folds: Mapping[str, BoolArray], level: float = 0.95
) -> Estimate:
    """What is the AUC within a fold, on the average over folds?

    Cases are compared only with cases that the same detector scored, so the detectors of the folds
    need not share a scale; pooled over folds they do. Variance as in LeDell, Petersen and van der
    Laan 2015 (sec. 4), each fold's share clustered by patient (Obuchowski 1997): with folds that
    share no patient it is the sum of theirs over K². That detectors of two folds were trained on
    cases in common is not counted, as in every such interval. Logit scale, t on patients - K.

    Args:
        predictions: the cases, each scored by a detector that was not trained on it.
        folds: name → (N,) bool.
        level: confidence level, two-sided.
    """
    p, index = predictions, numbered(predictions.patients)[1]
    n, clusters = len(p), len(np.unique(index))

    def missing(reason: str) -> Estimate:
        return Estimate.missing(reason, n=n, clusters=clusters, unit=p.unit)

    homes = [np.unique(index[inside]) for inside in folds.values()]
    if sum(map(len, homes)) > len(np.unique(np.concatenate([*homes, index[:0]]))):
        return missing(
            Message(
                "a {unit} has cases in two folds: folds are not independent", unit=Message(p.unit)
            )
        )
    areas, variances = [], []
    for name, inside in folds.items():
        own = p.subset(inside)
        if not own.labels.any() or own.labels.all():
            return missing(Message("fold {name} has cases of one class only", name=name))
        up, down = placements(own.logits, own.labels)
        area, own_index = float(up.mean()), numbered(own.patients)[1]
        variance = clustered_area_variance(up - area, down - area, own.labels, own_index)
        if variance is None:
            return missing(
                Message(
                    "fold {name} has fewer than two {units} of a class",
                    name=name,
                    units=counted(p.unit),
                )
            )
        areas.append(area)
        variances.append(variance)
    count = len(areas)
    if count < 2 or clusters <= count:
        return missing(
            Message(
                "{n} folds of {m} {units}, two folds needed",
                n=count,
                m=clusters,
                units=counted(p.unit),
            )
        )
    mean, variance = float(np.mean(areas)), float(np.sum(variances)) / count**2
    units, quantile = class_units(p.labels, index), t_quantile(level, clusters - count)
    low, high, scale = area_limits(mean, variance, units, level, quantile)
    method = Message(
        "mean of {n} folds, clustered variance (LeDell 2015), {scale}", n=count, scale=scale
    )
    low, high = min(low, mean), max(high, mean)
    return Estimate(mean, low, high, method, level, n=n, clusters=clusters, unit=p.unit)
