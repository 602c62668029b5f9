"""Gaps among cases that are alike, beside the raw ones."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.core.record.finding import CROSS
from xaudit.report.language.translation import told, tr
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.level_order import in_order
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Table

_GAPS = ("sensitivity", "specificity")


def matched(look: Lookup) -> Iterator[Table]:
    """Each level's gap to the rest, raw and within kinds of cases, at the first operating point."""
    points = look.findings.detector.operating_points[:1]
    rows = tuple(
        (f"{column}: {named(level)}", *_cells(look, column, level, point.name))
        for point in points
        for column, levels in look.findings.study.levels.items()
        if CROSS not in column
        for level in in_order(levels)
        if look.get("sensitivity_matched_gap", **_scope(column, level, point.name))
    )
    if not rows:
        return
    note = tr(
        "Matched: gaps within kinds of cases that are alike in the declared case "
        "mix, weighted by how many cases both sides have (Mantel and Haenszel); "
        "kinds on one side alone do not count. What remains is not accounted for "
        "by the declared case mix. "
    ) + look.methods(*(f"{metric}_matched_gap" for metric in _GAPS))
    columns = (
        tr("Subgroup"),
        tr("Sensitivity gap, raw"),
        tr("matched"),
        tr("Specificity gap, raw"),
        tr("matched"),
    )
    yield Table(
        tr("Gaps matched for case mix, at “{name}”", name=points[0].name),
        columns,
        rows,
        note,
        folded=True,
    )


def _cells(look: Lookup, column: str, level: str, point: str) -> Iterator[str]:
    for metric in _GAPS:
        for name in (f"{metric}_gap", f"{metric}_matched_gap"):
            gap = look.estimate(name, **_scope(column, level, point))
            why = gap.undefined or gap.caution
            yield numbers.estimate(gap, signed=True) + (f" ({told(why)})" if why else "")


def _scope(column: str, level: str, point: str) -> dict[str, str]:
    return {"group": column, "level": level, "operating_point": point, "compared": "rest"}
