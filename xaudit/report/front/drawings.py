"""Drawings of the first page: the curve, and the weakest subgroup of each attribute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import CROSS
from xaudit.report.language.translation import tr
from xaudit.report.view import figures
from xaudit.report.view.level_names import named
from xaudit.report.view.lookup import Lookup, measure
from xaudit.report.view.model import Figure

_ROWS = 8


def drawings(look: Lookup) -> Iterator[Figure]:
    """The ROC curve and a forest plot, where the audit has them."""
    points = look.findings.detector.operating_points
    curve = next((one for one in look.findings.curves if one.name == "roc"), None)
    if curve is not None:
        crosses = [
            (look.estimate("specificity", operating_point=point.name),
             look.estimate("sensitivity", operating_point=point.name))
            for point in points
        ]  # fmt: skip
        caption = tr("ROC curve; crosses are the intervals at the operating points.")
        yield Figure(figures.roc(curve, tr("ROC curve"), crosses), caption)
    rows = list(_weakest(look, points[0].name)) if points else []
    if rows:
        overall = look.estimate("sensitivity", operating_point=points[0].name).value
        title = tr("{metric} by subgroup", metric=measure("sensitivity"))
        caption = tr(
            "Sensitivity at “{name}” in the weakest subgroup of each attribute; gray ones are too "
            "small for a verdict.",
            name=points[0].name,
        )
        yield Figure(figures.forest(title, rows, overall, None, figures.NARROW), caption)


def _weakest(look: Lookup, point: str) -> Iterator[figures.ForestRow]:
    """Large enough ones before those that are not, the lowest first."""
    found = [
        min(known, key=lambda row: _rank(row.estimate))
        for column, levels in look.findings.study.levels.items()
        if CROSS not in column and (known := list(_levels(look, column, levels, point)))
    ]
    yield from sorted(found, key=lambda row: _rank(row.estimate))[:_ROWS]


def _levels(
    look: Lookup, column: str, levels: Iterable[str], point: str
) -> Iterator[figures.ForestRow]:
    for level in levels:
        one = look.estimate("sensitivity", operating_point=point, group=column, level=level)
        if one.value is not None:
            yield figures.ForestRow(f"{column} {named(level)}", one)


def _rank(one: Estimate) -> tuple[bool, float]:
    return one.caution is not None, one.value if one.value is not None else 1.0
