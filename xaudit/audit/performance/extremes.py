"""The worst level beside the best, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from xaudit.audit.analyses.derived_metrics import NAMES, beside
from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.performance.performance import Performance
from xaudit.core.case import BoolArray
from xaudit.core.cut import Cut
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts, Unit
from xaudit.core.record.finding import Finding
from xaudit.metrics.groups.extremes import Extremes, worst_to_best
from xaudit.metrics.groups.gaps import Resampled, Size
from xaudit.metrics.groups.sides import ResampledSides, Side

AT_POINT = ("sensitivity", "specificity")
OVER_POINTS = ("auc",)


def extreme_findings(
    resampled: ResampledSides, labels: BoolArray, points: Sequence[OperatingPoint], minimum: int
) -> Iterator[Finding]:
    """Best minus worst, worst over best, and the equalized odds difference of every column.

    Levels with fewer cases than a verdict needs take no part: chance alone would make one of them
    the worst.

    Args:
        resampled: every level, under draws that read the operating points.
        labels: (N,) bool of the scored cases.
        points: operating points.
        minimum: cases of a kind for a verdict.
    """
    several = {column: cut for column, cut in resampled.sides.columns.items() if len(cut.there) > 1}
    tasks: list[tuple[OperatingPoint | None, tuple[str, ...]]] = [(None, OVER_POINTS)]
    tasks += [(point, AT_POINT) for point in points]
    for point, metrics in tasks:
        for column, cut in several.items():
            scope = {"group": column, "analysis": "scored"}
            if point:
                scope["operating_point"] = point.name
            large = {
                metric: [
                    resampled.at(metric, Side(column, level), point.edge if point else None)
                    for level in _large(metric, labels, cut, minimum)
                ]
                for metric in metrics
            }
            yield from _findings(large, resampled.sides.size, scope)


def _findings(
    large: Mapping[str, Sequence[Resampled]], size: Size, scope: dict[str, str]
) -> Iterator[Finding]:
    found: Extremes = worst_to_best(large, size)
    for metric in large:
        of: dict[str, Estimate] = {
            f"{metric}_worst_to_best": found.difference[metric],
            f"{metric}_worst_to_best_ratio": found.ratio[metric],
        }
        for name, estimate in of.items():
            yield Finding(name, scope, estimate)
    if set(large) == set(AT_POINT):
        yield Finding("equalized_odds_difference", scope, found.either)


def _large(metric: str, labels: BoolArray, cut: Cut, minimum: int) -> list[str]:
    """The levels with enough of the rarest kind of cases that the metric rests on."""
    kinds = {"sensitivity": [labels], "specificity": [~labels]}.get(metric, [labels, ~labels])
    fewest = np.min([cut.counts(kind) for kind in kinds], axis=0)
    return [level for level, few in zip(cut.names, fewest, strict=True) if few >= max(minimum, 1)]


def extreme_facts() -> list[MetricFacts]:
    """How to read these findings."""
    asked = (
        "By how much does the {name} of the best subgroup of an attribute exceed that of the worst?"
    )
    over = "What is the {name} of the worst subgroup of an attribute, over that of the best?"
    units: Mapping[str, Unit] = {"auc": "number"}
    return [
        *(
            beside(f"{metric}_worst_to_best", Message(asked, name=name), "lower",
                   units.get(metric, "proportion"))
            for metric, name in NAMES.items()
        ),
        *(
            beside(f"{metric}_worst_to_best_ratio", Message(over, name=name), "higher", "ratio")
            for metric, name in NAMES.items()
        ),
        beside(
            "equalized_odds_difference",
            Message("What is the larger of the ranges of sensitivity and of specificity over an "
                    "attribute?"),
            "lower",
            "proportion",
        ),
    ]  # fmt: skip


@as_analysis("worst to best", 21, ["cases"], facts=extreme_facts)
def _extremes(material: Material) -> Iterator[Finding]:
    own = material.shared(Performance.of)
    if own.grouped:
        enough = material.statistics.minimum[1]
        yield from extreme_findings(own.resampled, own.judged.labels, material.points, enough)
