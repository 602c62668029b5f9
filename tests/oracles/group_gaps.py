"""Metrics of groups and their gaps, each group drawn from its own cases: obvious, and slow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from group_bootstrap import CaseTable, GroupDraws, draw_groups
from scipy.special import expit

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.metrics.groups.gaps import Pair, Resampled, Size, gaps_together, interval_at
from xaudit.metrics.groups.proportions import PROPORTIONS
from xaudit.metrics.scores.discrimination import Predictions

_RATIOS = {
    "sensitivity": ("hits", "positives"),
    "specificity": ("rejections", "negatives"),
    "ppv": ("hits", "called"),
    "npv": ("rejections", "not called"),
    "accuracy": ("right", "cases"),
    "brier": ("squared error", "cases"),
    "calibration_in_the_large": ("excess", "cases"),
}
GROUP_METRICS = (*_RATIOS, "auc")


def case_table(predictions: Predictions, metrics: tuple[str, ...] = GROUP_METRICS) -> CaseTable:
    """What each case adds to each metric.

    ``calibration_in_the_large`` is the observed minus the mean predicted share of fractures: 0 is
    best, above 0 fractures are more frequent than predicted.

    Args:
        predictions: the cases with a score.
        metrics: some of `GROUP_METRICS`.

    Raises:
        ValueError: a metric is unknown.
    """
    unknown = [name for name in metrics if name not in GROUP_METRICS]
    if unknown:
        raise ValueError(f"unknown metric {unknown[0]!r}; there are {', '.join(GROUP_METRICS)}")
    p = predictions
    ratios = {name: pair for name, pair in _RATIOS.items() if name in metrics}
    used = {column for pair in ratios.values() for column in pair}
    columns = {k: v.astype(np.float64) for k, v in _columns(p).items() if k in used}
    areas = {"auc": p.logits} if "auc" in metrics else {}
    return CaseTable(columns, ratios, areas, p.labels, p.patients, p.unit)


def draw_group_metrics(
    predictions: Predictions,
    groups: Mapping[str, BoolArray],
    rng: np.random.Generator,
    draws: int = 2000,
    metrics: tuple[str, ...] = GROUP_METRICS,
) -> GroupDraws:
    """How do the usual metrics stand in every group, and how would they vary together?

    Args:
        predictions: the cases, all with finite logits.
        groups: name → (N,) bool; they may overlap.
        rng: source of the draws.
        draws: how many times patients are resampled.
        metrics: some of `GROUP_METRICS`.

    Raises:
        ValueError: see `case_table` and `draw_groups`.
    """
    return draw_groups(case_table(predictions, metrics), groups, rng, draws)


def simultaneous_gaps(
    predictions: Predictions,
    groups: Mapping[str, BoolArray],
    pairs: Mapping[str, Sequence[Pair]],
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> dict[str, tuple[Estimate, ...]]:
    """Which groups differ in which metric, so that no statement of the family is a false alarm?

    One family: all pairs of all metrics; see `gaps_together`.

    Args:
        predictions: the cases, all with finite logits.
        groups: name → (N,) bool; they may overlap.
        pairs: metric → (minuend, subtrahend), names of groups.
        rng: source of the draws.
        draws: how many times patients are resampled.
        level: that of the family, two-sided.

    Returns:
        Metric → a gap for each pair, in order.

    Raises:
        ValueError: a metric or a group is unknown.
    """
    drawn = draw_groups(case_table(predictions, tuple(pairs)), groups, rng, draws)
    found = {
        (metric, name): drawn_group(predictions, groups[name], drawn, (metric, name))
        for metric, some in pairs.items()
        for pair in some
        for name in pair
    }
    family = [
        (found[metric, a], found[metric, b]) for metric, some in pairs.items() for a, b in some
    ]
    gaps = iter(gaps_together(family, Size.of(predictions), level))
    return {metric: tuple(next(gaps) for _ in some) for metric, some in pairs.items()}


def drawn_group(
    predictions: Predictions, inside: BoolArray, drawn: GroupDraws, name: tuple[str, str]
) -> Resampled:
    """A metric of a group, by the interval that is best in small samples.

    Args:
        predictions: the cases of the draws.
        inside: (N,) bool.
        drawn: all metrics of all groups.
        name: of the metric and of the group.
    """
    at = drawn.at(*name)

    def interval(level: float) -> Estimate:
        if name[0] not in {*PROPORTIONS, "auc"}:
            return drawn.estimate(*name, level=level)
        own = predictions.subset(np.asarray(inside, dtype=bool))
        return interval_at(own, name[0], level)

    return Resampled(interval, float(drawn.values[at]), drawn.replicates[:, *at])


def _columns(p: Predictions) -> Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    called, labels, probability = p.called, p.labels, expit(p.logits)
    return {
        "cases": np.ones(len(p)),
        "positives": labels,
        "negatives": ~labels,
        "called": called,
        "not called": ~called,
        "hits": called & labels,
        "rejections": ~called & ~labels,
        "right": called == labels,
        "squared error": (probability - labels) ** 2,
        "excess": labels - probability,
    }
