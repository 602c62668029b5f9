"""The section on boxes: lesions found, boxes amiss, average precision."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.core.detector import OperatingPoint
from xaudit.report.language.translation import later, tr
from xaudit.report.sections.registry import section
from xaudit.report.view import figures, numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.level_order import in_order
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Figure, Section, Table

_AT_POINT = (
    ("lesion_sensitivity", later("Lesions found")),
    ("false_boxes_per_image", later("Boxes amiss per image")),
    ("false_boxes_per_normal_image", later("Boxes per image without a lesion")),
    ("hit_iou", later("Overlap of the boxes that find one (IoU)")),
)
_OVER_POINTS = (
    ("average_precision_50", later("Average precision at an overlap of 0.5")),
    ("average_precision_75", later("Average precision at an overlap of 0.75")),
    ("average_precision", later("Average precision, overlaps of 0.5 to 0.95")),
    ("average_precision_small", later("… of lesions up to 32² pixels")),
    ("average_precision_medium", later("… of lesions of 32² to 96² pixels")),
    ("average_precision_large", later("… of larger lesions")),
    ("average_recall", later("Average recall, overlaps of 0.5 to 0.95")),
    ("froc_area", later("Lesions found, on average up to one false box per image")),
    ("afroc_auc", later("AFROC area: a lesion above all boxes of an image without one")),
    ("wafroc_auc", later("wAFROC area: the same, every image with lesions counts once")),
)
_OF_GROUPS = ("lesion_sensitivity", "false_boxes_per_image")


@section("detection", 52)
def detection(look: Lookup) -> Section | None:
    """How well boxes find lesions; nothing where the detector draws none."""
    left_out = look.get("boxes_not_judged")
    if left_out is None:
        return None
    points = look.findings.detector.operating_points
    curve = next((one for one in look.findings.curves if one.name == "froc"), None)
    drawn = tr("FROC: lesions found against false boxes per image; operating points marked.")
    tables = (_at_points(look, points), _rates(look), _over_points(look), *_groups(look, points))
    return Section(
        "detection",
        "",
        tr("Do its boxes find the lesions?"),
        " ".join(_found(look, point) for point in points),
        paragraphs=tuple(_not_judged(look)),
        figures=(Figure(figures.froc(curve, tr("FROC curve")), drawn),) if curve else (),
        tables=tables,
        missing=() if curve else (tr("FROC curve: no lesion is annotated."),),
    )


def _found(look: Lookup, point: OperatingPoint) -> str:
    """What is found, and at what price, in lesions and boxes."""
    scope = {"operating_point": point.name}
    found = look.estimate("lesion_sensitivity", **scope)
    if found.k is None or not found.n:
        return tr("Whether its boxes find lesions at “{name}” was not measured.", name=point.name)
    return tr(
        "At “{name}” boxes found {found} of {lesions} lesions. Boxes per image that hit none: "
        "{false}.",
        name=point.name,
        found=numbers.whole(found.k),
        lesions=numbers.whole(found.n),
        false=look.said("false_boxes_per_image", **scope),
    )


def _not_judged(look: Lookup) -> Iterator[str]:
    left_out = look.estimate("boxes_not_judged")
    if left_out.k:
        yield tr(
            "{count} of {all} scored images are left out here: they are labeled fractured without "
            "an outline that can be used, or outlined and labeled normal.",
            count=numbers.whole(left_out.k),
            all=numbers.whole(left_out.n),
        )


def _at_points(look: Lookup, points: tuple[OperatingPoint, ...]) -> Table:
    rows = [
        (tr(title), *(look.cell(name, operating_point=point.name) for point in points))
        for name, title in _AT_POINT
    ]
    rows.insert(1, worst_case(look, "lesion_sensitivity", points))
    columns = tr("Measure"), *(tr("At “{point}”", point=point.name) for point in points)
    note = look.methods(*(name for name, _ in _AT_POINT))
    return Table(tr("Boxes at the operating points"), columns, tuple(rows), note)


def worst_case(look: Lookup, metric: str, points: tuple[OperatingPoint, ...]) -> tuple[str, ...]:
    """A row: lesions of images without a score, at least one each, count as missed."""
    cells = (
        look.cell(metric, operating_point=point.name, analysis="worst_case") for point in points
    )
    return tr("Lesions found, images without a score missed"), *cells


def _rates(look: Lookup) -> Table:
    rates = list(dict.fromkeys(
        one.scope["false_marks"]
        for one in look.findings.findings
        if one.metric == "sensitivity_at_false_marks"
    ))  # fmt: skip
    rows = [
        (numbers.plain(float(rate)), look.cell("sensitivity_at_false_marks", false_marks=rate))
        for rate in rates
    ]
    columns = tr("False boxes per image, at most"), tr("Lesions found")
    note = look.methods("sensitivity_at_false_marks")
    return Table(tr("Lesions found by false boxes allowed"), columns, tuple(rows), note)


def _over_points(look: Lookup) -> Table:
    rows = [(tr(title), look.cell(name)) for name, title in _OVER_POINTS if look.get(name)]
    columns = tr("Measure"), tr("Value")
    note = look.methods("average_precision", "afroc_auc")
    return Table(tr("Boxes over all thresholds"), columns, tuple(rows), note)


def _groups(look: Lookup, points: tuple[OperatingPoint, ...]) -> Iterator[Table]:
    """A table for each column, at the first operating point."""
    levels: dict[str, list[str]] = {}
    for finding in look.findings.findings:
        if finding.metric == "average_precision_50" and "group" in finding.scope:
            levels.setdefault(finding.scope["group"], []).append(finding.scope["level"])
    for column, names in levels.items():
        yield _of_column(look, column, names, points[0])


def _of_column(look: Lookup, column: str, levels: list[str], point: OperatingPoint) -> Table:
    rows = []
    for level in in_order(levels):
        scope = {"group": column, "level": level}
        at = {**scope, "operating_point": point.name}
        rows.append((
            named(level),
            *(look.cell(name, **at) for name in _OF_GROUPS),
            look.cell("lesion_sensitivity_gap", **at, compared="rest"),
            look.cell("average_precision_50", **scope),
        ))  # fmt: skip
    columns = (
        tr("Level"), tr("Lesions found"), tr("Boxes amiss per image"),
        tr("Lesions found, less those of the rest"), tr("Average precision at 0.5"),
    )  # fmt: skip
    title = tr("Boxes by {column}, at “{point}”", column=column, point=point.name)
    return Table(title, columns, tuple(rows), look.methods("lesion_sensitivity_gap"), folded=True)
