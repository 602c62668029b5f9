"""Gaps between groups, all of them holding at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.metrics.discrimination import Predictions
from xaudit.metrics.group_table import PROPORTIONS, case_table
from xaudit.stats.auc import auc
from xaudit.stats.difference import correlated_difference
from xaudit.stats.group_bootstrap import GroupDraws, draw_groups
from xaudit.stats.multiplicity import pointwise_level
from xaudit.stats.proportions import clustered_proportion
from xaudit.stats.weights import taken

Pair = tuple[str, str]


def simultaneous_gaps(
    predictions: Predictions,
    groups: Mapping[str, BoolArray],
    pairs: Mapping[str, Sequence[Pair]],
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> dict[str, tuple[Estimate, ...]]:
    """Which groups differ in which metric, so that no statement of the family is a false alarm?

    One family: all pairs of all metrics. Each gap is made by MOVER from the interval of either
    group (Wilson on the effective sample, logit of the AUC, expanded BCa for the rest), with their
    correlation over the draws, at the pointwise level that the joint draws ask for (max-T). The
    draws alone would be too narrow in small groups: see `docs/reference/coverage.md`.

    Args:
        predictions: the cases, all with finite logits.
        groups: name → (N,) bool; they may overlap.
        pairs: metric → (minuend, subtrahend), names of groups.
        rng: source of the draws.
        draws: how many times patients are drawn.
        level: that of the family, two-sided.

    Returns:
        Metric → a gap for each pair, in order.

    Raises:
        ValueError: a metric or a group is unknown.
    """
    drawn = draw_groups(case_table(predictions, tuple(pairs)), groups, rng, draws)
    return gaps_of_draws(predictions, groups, pairs, drawn, level)


def gaps_of_draws(
    predictions: Predictions,
    groups: Mapping[str, BoolArray],
    pairs: Mapping[str, Sequence[Pair]],
    drawn: GroupDraws,
    level: float = 0.95,
) -> dict[str, tuple[Estimate, ...]]:
    """As `simultaneous_gaps`, from draws that are there already.

    Args:
        predictions: the cases of the draws.
        groups: name → (N,) bool, as drawn.
        pairs: metric → (minuend, subtrahend), names of groups.
        drawn: all metrics of all groups.
        level: that of the family, two-sided.
    """
    named = [(metric, *pair) for metric, some in pairs.items() for pair in some]
    single = family_level(drawn, pairs, level)
    patients = len(set(predictions.patients))
    name = f"simultaneous over {len(named)} comparisons"
    limits = interval_reader(predictions, groups, drawn, single)
    found: dict[str, list[Estimate]] = {metric: [] for metric in pairs}
    for metric, one, two in named:
        correlation = drawn.correlation(metric, one, two) or 0.0
        gap = correlated_difference(limits(metric, one), limits(metric, two), correlation)
        if gap.value is not None:
            # Groups may share patients.
            clusters = min(gap.clusters or patients, patients)
            gap = replace(gap, method=f"{gap.method}, {name}", level=level, clusters=clusters)
        found[metric].append(replace(gap, unit=predictions.unit))
    return {metric: tuple(gaps) for metric, gaps in found.items()}


def family_level(drawn: GroupDraws, pairs: Mapping[str, Sequence[Pair]], level: float) -> float:
    """The level of each single interval, so that all gaps of the pairs hold together.

    Args:
        drawn: all metrics of all groups.
        pairs: metric → (minuend, subtrahend), names of groups.
        level: that of the family, two-sided.
    """
    at = [
        (drawn.at(metric, one), drawn.at(metric, two))
        for metric, some in pairs.items()
        for one, two in some
    ]
    values = np.array([drawn.values[one] - drawn.values[two] for one, two in at])
    columns = [drawn.replicates[:, *one] - drawn.replicates[:, *two] for one, two in at]
    draws = len(drawn.replicates)
    replicates = np.stack(columns, axis=1) if columns else np.empty((draws, 0))
    return pointwise_level(replicates, values, level)


def interval_reader(
    predictions: Predictions, groups: Mapping[str, BoolArray], drawn: GroupDraws, level: float
) -> Callable[[str, str], Estimate]:
    """A function of metric and group that gives the interval at this level, made once each."""

    @cache
    def read(metric: str, group: str) -> Estimate:
        return _level(predictions, groups[group], drawn, (metric, group), level)

    return read


def _level(
    p: Predictions, inside: BoolArray, drawn: GroupDraws, name: tuple[str, str], level: float
) -> Estimate:
    """The metric in one group, by the interval that is best in small samples."""
    metric = name[0]
    own = p.subset(np.asarray(inside, dtype=bool))
    if metric not in {*PROPORTIONS, "auc"}:
        return drawn.estimate(*name, level=level)
    return interval_at(own, metric, level)


def interval_at(own: Predictions, metric: str, level: float) -> Estimate:
    """The AUC or a proportion at any level, by the interval that is best in small samples.

    Args:
        own: cases of one group.
        metric: "auc", or a key of `PROPORTIONS`.
        level: confidence level, two-sided.
    """
    if metric == "auc":
        found = auc(own.logits, own.labels, own.patients, level)
        return replace(found, unit=own.unit)
    success, among = PROPORTIONS[metric](own)
    if not among.any():
        return Estimate.missing("nothing to divide by", n=len(own))
    patients = taken(own.patients, np.flatnonzero(among))
    return clustered_proportion(success[among], patients, level, own.unit)
