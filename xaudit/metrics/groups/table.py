"""The usual metrics of many groups at once, under the same draws of patients."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import expit

from xaudit.core.case import BoolArray
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.groups.group_bootstrap import CaseTable, GroupDraws, draw_groups

_RATIOS = {
    "sensitivity": ("hits", "positives"),
    "specificity": ("rejections", "negatives"),
    "ppv": ("hits", "called"),
    "npv": ("rejections", "not called"),
    "accuracy": ("right", "cases"),
    "brier": ("squared error", "cases"),
    "calibration_in_the_large": ("excess", "cases"),
}
# What succeeds, and among which cases; both (N,) bool.
PROPORTIONS: dict[str, Callable[[Predictions], tuple[BoolArray, BoolArray]]] = {
    "sensitivity": lambda p: (p.called, p.labels),
    "specificity": lambda p: (~p.called, ~p.labels),
    "ppv": lambda p: (p.labels, p.called),
    "npv": lambda p: (~p.labels, ~p.called),
    "accuracy": lambda p: (p.called == p.labels, np.ones(len(p), dtype=bool)),
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
        draws: how many times patients are drawn.
        metrics: some of `GROUP_METRICS`.

    Raises:
        ValueError: see `case_table` and `xaudit.stats.groups.group_bootstrap.draw_groups`.
    """
    return draw_groups(case_table(predictions, metrics), groups, rng, draws)


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
