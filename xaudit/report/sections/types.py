"""The section on types of fracture, each against all normal cases."""

from __future__ import annotations

from xaudit.report.language.translation import tr
from xaudit.report.sections.registry import section
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.level_order import in_order
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Section, Table


@section("types", 65)
def types(look: Lookup) -> Section | None:
    """Which fractures are found; nothing where the study declares no types."""
    found: dict[str, list[str]] = {}
    for finding in look.findings.findings:
        if finding.metric == "auc_of_type":
            found.setdefault(finding.scope["group"], []).append(finding.scope["level"])
    if not found:
        return None
    lead = tr(
        "Normal cases have no type: each type is set against all of them, whose specificity is "
        "the same for every type."
    )
    tables = tuple(_table(look, column, levels) for column, levels in found.items())
    return Section("types", "", tr("Which fractures does it find?"), lead, tables=tables)


def _table(look: Lookup, column: str, levels: list[str]) -> Table:
    points = look.findings.detector.operating_points
    rows = []
    for level in in_order(levels):
        scope = {"group": column, "level": level}
        one = look.get("auc_of_type", **scope)
        count = one.positives if one and one.positives is not None else 0
        found = (
            look.cell("sensitivity_of_type", operating_point=point.name, **scope)
            for point in points
        )
        rows.append((named(level), numbers.whole(count), look.cell("auc_of_type", **scope), *found))
    titles = (tr("Sensitivity at “{point}”", point=point.name) for point in points)
    columns = tr("Type"), tr("Scored fractures"), tr("AUC against all normal cases"), *titles
    specific = (
        tr(
            "Specificity at “{point}”: {value}.",
            point=point.name,
            value=look.said("specificity", operating_point=point.name),
        )
        for point in points
    )
    note = " ".join((*specific, look.methods("auc_of_type", "sensitivity_of_type")))
    return Table(tr("By type: {column}", column=column), columns, tuple(rows), note)
