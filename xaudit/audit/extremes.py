"""The worst level beside the best, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from xaudit.audit.config import StatisticsConfig
from xaudit.core.case import BoolArray
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.finding import Finding
from xaudit.core.seeds import generator_for
from xaudit.metrics.discrimination import Predictions
from xaudit.metrics.group_extremes import Extremes, worst_to_best
from xaudit.metrics.group_table import case_table
from xaudit.stats.group_bootstrap import GroupDraws, draw_groups

AT_POINT = ("sensitivity", "specificity")
OVER_POINTS = ("auc",)

Levels = Mapping[str, Mapping[str, BoolArray]]


def extreme_findings(
    predictions: Predictions,
    points: Sequence[OperatingPoint],
    columns: Levels,
    statistics: StatisticsConfig,
    seed: int,
) -> Iterator[Finding]:
    """Best minus worst, worst over best, and the equalized odds difference of every column.

    Levels with fewer cases than a verdict needs take no part: chance alone would make one of them
    the worst.

    Args:
        predictions: the scored cases.
        points: operating points.
        columns: column → level → (N,) bool.
        statistics: draws and minimum sizes.
        seed: of the plan.
    """
    several = {column: levels for column, levels in columns.items() if len(levels) > 1}
    if not several:
        return
    groups = {_name(c, v): inside for c, levels in several.items() for v, inside in levels.items()}
    tasks: list[tuple[OperatingPoint | None, tuple[str, ...]]] = [(None, OVER_POINTS)]
    tasks += [(point, AT_POINT) for point in points]
    for point, metrics in tasks:
        p = replace(predictions, threshold=point.edge if point else 0.0)
        rng = generator_for(seed, "bootstrap", "worst to best", point.name if point else "")
        drawn = draw_groups(case_table(p, metrics), groups, rng, statistics.draws)
        for column, levels in several.items():
            scope = {"group": column, "analysis": "scored"}
            if point:
                scope["operating_point"] = point.name
            large = {
                metric: [
                    _name(column, level)
                    for level, inside in levels.items()
                    if _counted(metric, p, inside) >= statistics.minimum[1]
                ]
                for metric in metrics
            }
            yield from _findings(p, groups, large, drawn, scope)


def _findings(
    p: Predictions,
    groups: Mapping[str, BoolArray],
    large: Mapping[str, Sequence[str]],
    drawn: GroupDraws,
    scope: dict[str, str],
) -> Iterator[Finding]:
    found: Extremes = worst_to_best(p, groups, large, drawn)
    for metric in large:
        of: dict[str, Estimate] = {
            f"{metric}_worst_to_best": found.difference[metric],
            f"{metric}_worst_to_best_ratio": found.ratio[metric],
        }
        for name, estimate in of.items():
            yield Finding(name, scope, estimate)
    if set(large) == set(AT_POINT):
        yield Finding("equalized_odds_difference", scope, found.either)


def _name(column: str, level: str) -> str:
    return f"{column}\0{level}"


def _counted(metric: str, p: Predictions, inside: BoolArray) -> int:
    """Cases of the rarest kind that the metric rests on."""
    kinds = {"sensitivity": [p.labels], "specificity": [~p.labels]}.get(metric)
    return min(int((kind & inside).sum()) for kind in kinds or [p.labels, ~p.labels])
