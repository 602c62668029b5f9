"""Sections on types of fracture and on subtlety, each level against all normal cases."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.report.language.translation import later, tr
from xaudit.report.sections.registry import section
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.level_order import in_order
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Section, Table

MAPS = {"mass": later("Mass in lesion"), "hit": later("Peak in lesion")}


@section("types", 65, appendix=True)
def types(look: Lookup) -> Section | None:
    """Which fractures are found; nothing where the study declares no types."""
    found = _levels(look, "type")
    if not found:
        return None
    lead = tr(
        "Normal cases have no type: each type is set against all of them, whose specificity is "
        "the same for every type."
    )
    tables = tuple(
        _table(look, column, in_order(levels), ("type", tr("By type: {column}", column=column)))
        for column, levels in found.items()
    )
    return Section("types", "", tr("Which fractures does it find?"), lead, tables=tables)


@section("subtlety", 66, appendix=True)
def subtlety(look: Lookup) -> Section | None:
    """Fractures by how hard they are to see; nothing where the study does not declare it."""
    found = _levels(look, "subtlety")
    if not found:
        return None
    lead = tr(
        "Normal cases have no subtlety: each level is set against all of them, whose specificity "
        "is the same for every level."
    )
    ((column, levels),) = found.items()
    title = tr("By subtlety: {column}", column=column)
    tables = _table(look, column, levels, ("subtlety", title)), *_maps(look, column, levels)
    return Section("subtlety", "", tr("Does it find subtle fractures?"), lead, tables=tables)


def _levels(look: Lookup, kind: str) -> dict[str, list[str]]:
    """Column → its levels, in the order of the findings."""
    found: dict[str, list[str]] = {}
    for finding in look.findings.findings:
        if finding.metric == f"auc_of_{kind}":
            found.setdefault(finding.scope["group"], []).append(finding.scope["level"])
    return found


def _maps(look: Lookup, column: str, levels: list[str]) -> Iterator[Table]:
    """Where maps lie on fractures of each level; nothing without maps."""
    methods = [one.name for one in look.findings.methods if not one.reference]
    rows = [
        (
            f"{named(level)}, {method}",
            *(look.cell(metric, group=column, level=level, method=method) for metric in MAPS),
        )
        for level in levels
        for method in methods
        if look.get("mass", group=column, level=level, method=method)
    ]
    if rows:
        columns = tr("Level, method"), *(tr(title) for title in MAPS.values())
        note = tr("On the explained fractures of the level. {methods}", methods=look.methods(*MAPS))
        yield Table(tr("Where maps lie, by subtlety"), columns, tuple(rows), note)


def _table(look: Lookup, column: str, levels: list[str], what: tuple[str, str]) -> Table:
    (kind, caption), points = what, look.findings.detector.operating_points
    area, rate = f"auc_of_{kind}", f"sensitivity_of_{kind}"
    rows = []
    for level in levels:
        scope = {"group": column, "level": level}
        one = look.get(area, **scope)
        count = one.positives if one and one.positives is not None else 0
        found = (look.cell(rate, operating_point=point.name, **scope) for point in points)
        rows.append((named(level), numbers.whole(count), look.cell(area, **scope), *found))
    titles = (tr("Sensitivity at “{point}”", point=point.name) for point in points)
    first = tr("Type") if kind == "type" else tr("Subtlety")
    columns = first, tr("Scored fractures"), tr("AUC against all normal cases"), *titles
    specific = (
        tr(
            "Specificity at “{point}”: {value}.",
            point=point.name,
            value=look.said("specificity", operating_point=point.name),
        )
        for point in points
    )
    note = " ".join((*specific, look.methods(area, rate)))
    return Table(caption, columns, tuple(rows), note)
