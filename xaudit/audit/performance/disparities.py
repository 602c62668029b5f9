"""Disparities: subgroups that differ from the rest, all statements of the audit holding at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.performance.performance import Performance
from xaudit.core.case import BoolArray
from xaudit.core.cut import Cut
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.metrics.groups.gaps import gaps_together
from xaudit.metrics.groups.sides import ResampledSides, Side

AT_POINT = ("sensitivity", "specificity")
OVER_POINTS = ("auc",)
SIMULTANEOUS = "simultaneous"


def disparities(
    resampled: ResampledSides, labels: BoolArray, points: Sequence[OperatingPoint], minimum: int
) -> Iterator[Finding]:
    """Gaps of every large enough level to the rest, with intervals that hold together.

    If all groups fare alike, the chance that any of these intervals leaves 0 out is 5 % for the
    whole audit: operating points share it equally, and within one the joint draws of patients say
    how wide intervals have to be. Levels that are too small for a verdict are left out; they have
    intervals of their own, and would make those of all others longer.

    Args:
        resampled: every level and its rest, under draws that read the operating points.
        labels: (N,) bool of the scored cases.
        points: operating points, at least one.
        minimum: cases of a kind for a verdict.
    """
    large = {metric: _large(metric, labels, resampled.sides.columns, minimum)
             for metric in (*AT_POINT, *OVER_POINTS)}  # fmt: skip
    for number, point in enumerate(points):
        family = [
            (metric, side)
            for metric in (AT_POINT if number else (*AT_POINT, *OVER_POINTS))
            for side in large[metric]
        ]
        if not family:
            continue
        pairs = [
            (resampled.at(metric, side, edge), resampled.at(metric, side.others, edge))
            for metric, side in family
            for edge in [None if metric in OVER_POINTS else point.edge]
        ]
        gaps = gaps_together(pairs, resampled.sides.size, 1 - 0.05 / len(points))
        for (metric, side), gap in zip(family, gaps, strict=True):
            yield _finding(metric, side, point, gap)


def _finding(metric: str, side: Side, point: OperatingPoint, gap: Estimate) -> Finding:
    scope = {
        "group": side.column,
        "level": side.level,
        "compared": "rest",
        "analysis": SIMULTANEOUS,
    }
    if metric not in OVER_POINTS:
        scope["operating_point"] = point.name
    return Finding(f"{metric}_gap", scope, gap)


def _large(metric: str, labels: BoolArray, columns: Mapping[str, Cut], minimum: int) -> list[Side]:
    """The levels with enough of the cases that the metric rests on, and so many in the rest."""
    kinds = {"sensitivity": [labels], "specificity": [~labels]}.get(metric, [labels, ~labels])
    found = []
    for column, cut in columns.items():
        counts = [cut.counts(kind) for kind in kinds]
        fewest = np.min([side for count in counts for side in (count, count.sum() - count)], axis=0)
        found += [
            Side(column, level)
            for level, few in zip(cut.names, fewest, strict=True)
            if few >= max(minimum, 1)
        ]
    return found


@as_analysis("simultaneous gaps", 20, ["cases"])
def _disparities(material: Material) -> Iterator[Finding]:
    own = material.shared(Performance.of)
    if own.grouped:
        enough = material.statistics.minimum[1]
        yield from disparities(own.resampled, own.judged.labels, material.points, enough)
