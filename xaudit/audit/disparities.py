"""Which groups differ from the rest, all statements of the audit holding at once."""

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
from xaudit.metrics.group_gaps import simultaneous_gaps

AT_POINT = ("sensitivity", "specificity")
OVER_POINTS = ("auc",)
SIMULTANEOUS = "simultaneous"

Levels = Mapping[str, Mapping[str, BoolArray]]
Side = tuple[str, str]


def disparities(
    predictions: Predictions,
    points: Sequence[OperatingPoint],
    columns: Levels,
    statistics: StatisticsConfig,
    seed: int,
) -> Iterator[Finding]:
    """Gaps of every large enough level to the rest, with intervals that hold together.

    If all groups fare alike, the chance that any of these intervals leaves 0 out is 5 % for the
    whole audit: operating points share it equally, and within one the joint draws of patients say
    how wide intervals have to be. Levels that are too small for a verdict are left out; they have
    intervals of their own, and would make those of all others longer.

    Args:
        predictions: the scored cases.
        points: operating points, at least one.
        columns: column → level → (N,) bool.
        statistics: draws and minimum sizes.
        seed: of the plan.
    """
    sides = {
        (column, level): inside
        for column, levels in columns.items()
        for level, inside in levels.items()
        if inside.any() and not inside.all()
    }
    for number, point in enumerate(points):
        metrics = AT_POINT if number else (*AT_POINT, *OVER_POINTS)
        p = replace(predictions, threshold=point.edge)
        family = {metric: _large(metric, p, sides, statistics.minimum[1]) for metric in metrics}
        if not any(family.values()):
            continue
        found = simultaneous_gaps(
            p,
            {name: inside for side in sides for name, inside in _both(side, sides[side])},
            {metric: [_names(side) for side in some] for metric, some in family.items()},
            generator_for(seed, "bootstrap", SIMULTANEOUS, point.name),
            statistics.draws,
            1 - 0.05 / len(points),
        )
        for metric, gaps in found.items():
            for side, gap in zip(family[metric], gaps, strict=True):
                yield _finding(metric, side, point, gap)


def _finding(metric: str, side: Side, point: OperatingPoint, gap: Estimate) -> Finding:
    scope = {"group": side[0], "level": side[1], "compared": "rest", "analysis": SIMULTANEOUS}
    if metric not in OVER_POINTS:
        scope["operating_point"] = point.name
    return Finding(f"{metric}_gap", scope, gap)


def _names(side: Side) -> tuple[str, str]:
    return "\0".join(side), "\0".join(("rest", *side))


def _both(side: Side, inside: BoolArray) -> list[tuple[str, BoolArray]]:
    level, rest = _names(side)
    return [(level, inside), (rest, ~inside)]


def _large(
    metric: str, p: Predictions, sides: Mapping[Side, BoolArray], minimum: int
) -> list[Side]:
    """The levels with enough of the cases that the metric rests on, and so many in the rest."""
    kinds = {"sensitivity": [p.labels], "specificity": [~p.labels]}.get(metric)
    kinds = kinds or [p.labels, ~p.labels]
    return [
        side
        for side, inside in sides.items()
        if min(int((kind & half).sum()) for kind in kinds for half in (inside, ~inside)) >= minimum
    ]
