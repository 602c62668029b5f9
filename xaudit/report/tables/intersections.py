"""Intersections of two attributes: which were tested, and how many were decided right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from xaudit.core.record.finding import CROSS
from xaudit.report.language.translation import tr
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.level_order import in_order
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Table

_OPEN = 2
"""More tables than these are folded."""


def matrices(look: Lookup) -> Iterator[Table]:
    """A table for each pair of columns that the study combines, at the first operating point."""
    points = look.findings.detector.operating_points
    pairs = [level for level in look.findings.study.levels if level.count(CROSS) == 1 and points]
    for column in pairs:
        table = _matrix(look, column, look.findings.study.levels[column], points[0].name)
        yield replace(table, folded=len(pairs) > _OPEN)


def _matrix(look: Lookup, column: str, levels: Mapping[str, tuple[int, int]], point: str) -> Table:
    first, second = column.split(CROSS)
    pairs = [level.split(CROSS) for level in levels]
    down, across = in_order({one for one, _ in pairs}), in_order({two for _, two in pairs})
    rows = tuple(
        (named(one), *(_cell(look, column, f"{one}{CROSS}{two}", point) for two in across))
        for one in down
    )
    note = tr(
        "Fractures found of all fractures; normal cases left alone of all normal "
        "cases. A dash was never tested."
    )
    return Table(
        tr(
            "{first} (down) × {second} (across) at “{point}”",
            first=first,
            second=second,
            point=point,
        ),
        (first, *map(named, across)),
        rows,
        note,
    )


def _cell(look: Lookup, column: str, level: str, point: str) -> str:
    levels = look.findings.study.levels[column]
    if level not in levels:
        return f"{numbers.NONE} ({tr('no case')})"
    scope = {"operating_point": point, "group": column, "level": level}
    found = look.estimate("sensitivity", **scope)
    left = look.estimate("specificity", **scope)
    if found.k is None and left.k is None:
        cases, positives = levels[level]
        said = tr(
            "not measured; {positives} of {cases} fractured", positives=positives, cases=cases
        )
        return f"{numbers.NONE} ({said})"
    return f"{numbers.counts(found)}; {numbers.counts(left)}"
