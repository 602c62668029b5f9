"""The section on examinations: several images of which one answer is expected."""

from __future__ import annotations

from xaudit.report.language.translation import tr
from xaudit.report.sections.registry import section
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Section, Table

_PAIRS = (("auc", "examination_auc"),)
_AT_POINT = (
    ("sensitivity", "examination_sensitivity"),
    ("specificity", "examination_specificity"),
)


@section("examinations", 56)
def examinations(look: Lookup) -> Section | None:
    """What is said of whole examinations; nothing where the study declares no rule."""
    if look.get("images_per_examination") is None:
        return None
    rows = [(one, look.cell(one), look.cell(other)) for one, other in _PAIRS]
    for point in look.findings.detector.operating_points:
        scope = {"operating_point": point.name}
        for one, other in _AT_POINT:
            title = tr("{metric} at “{point}”", metric=one, point=point.name)
            rows.append((title, look.cell(one, **scope), look.cell(other, **scope)))
            worst = {**scope, "analysis": "worst_case"}
            rows.append((
                tr("{title}, worst case", title=title),
                look.cell(one, **worst), look.cell(other, **worst),
            ))  # fmt: skip
    lead = tr(
        "Images that were taken together have one answer: {images} images make an examination, "
        "which is fractured where any of them is.",
        images=look.said("images_per_examination"),
    )
    columns = tr("Measure"), tr("Of images"), tr("Of examinations")
    note = look.methods("examination_auc", "examination_sensitivity")
    table = Table(tr("Images and examinations"), columns, tuple(rows), note)
    title = tr("Does it find fractures in whole examinations?")
    return Section("examinations", "", title, lead, tables=(table,))
