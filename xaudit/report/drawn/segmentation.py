"""The section on masks: overlap, contours, lesions found one by one."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.core.detector import OperatingPoint
from xaudit.report.drawn.detection import worst_case
from xaudit.report.language.translation import later, tr
from xaudit.report.sections.registry import section
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.level_order import in_order
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Section, Table

_MEASURES = (
    ("lesionwise_sensitivity", later("Lesions found, one by one")),
    ("lesions_segmented", later("Lesions found of an image, on average")),
    ("false_components", later("Painted areas amiss per image")),
    ("nothing_segmented", later("Images with a lesion on which nothing is painted")),
    ("normal_segmented", later("Images without a lesion on which something is painted")),
    ("dice", later("Dice")),
    ("mask_iou", later("Intersection over union")),
    ("area_error", later("Area too large or too small, by a share of the lesions'")),
    ("surface_dice", later("Contour within 2 mm (surface Dice)")),
    ("hd95", later("Distance of the contours, 95th percentile (mm)")),
    ("hd95_px", later("Distance of the contours, 95th percentile (pixels of the input)")),
)
_OF_GROUPS = (
    ("lesionwise_sensitivity", later("Lesions found")),
    ("false_components", later("Areas amiss per image")),
    ("dice", later("Dice")),
)


@section("segmentation", 53)
def segmentation(look: Lookup) -> Section | None:
    """How well it paints lesions; nothing where the detector paints none."""
    points = look.findings.detector.operating_points
    if not points or look.get("dice", operating_point=points[0].name) is None:
        return None
    return Section(
        "segmentation",
        "",
        tr("Does it paint the lesions?"),
        " ".join(_found(look, point) for point in points),
        paragraphs=(
            tr(
                "Dice and distances are means over images with a lesion: on others nothing can "
                "overlap. Lesions count as found from an overlap of 0.2 on."
            ),
        ),
        tables=(_at_points(look, points), *_groups(look, points[0])),
    )


def _found(look: Lookup, point: OperatingPoint) -> str:
    found = look.estimate("lesionwise_sensitivity", operating_point=point.name)
    if found.k is None or not found.n:
        return tr("Whether it paints lesions at “{name}” was not measured.", name=point.name)
    return tr(
        "At “{name}” it painted {found} of {lesions} lesions; {false} painted areas per image "
        "lie elsewhere.",
        name=point.name,
        found=numbers.whole(found.k),
        lesions=numbers.whole(found.n),
        false=look.said("false_components", operating_point=point.name),
    )


def _at_points(look: Lookup, points: tuple[OperatingPoint, ...]) -> Table:
    rows = [
        (tr(title), *(look.cell(name, operating_point=point.name) for point in points))
        for name, title in _MEASURES
    ]
    rows.insert(1, worst_case(look, "lesionwise_sensitivity", points))
    columns = tr("Measure"), *(tr("At “{point}”", point=point.name) for point in points)
    note = look.methods("lesionwise_sensitivity", "dice")
    return Table(tr("Masks at the operating points"), columns, tuple(rows), note)


def _groups(look: Lookup, point: OperatingPoint) -> Iterator[Table]:
    """A table for each column, at one operating point."""
    levels: dict[str, list[str]] = {}
    for finding in look.findings.findings:
        scope = finding.scope
        here = finding.metric == "dice" and scope.get("operating_point") == point.name
        if here and "group" in scope:
            levels.setdefault(scope["group"], []).append(scope["level"])
    columns = tr("Level"), *(tr(title) for _, title in _OF_GROUPS)
    note = look.methods("lesionwise_sensitivity", "dice")
    for column, names in levels.items():
        rows = tuple(
            (
                named(level),
                *(
                    look.cell(name, group=column, level=level, operating_point=point.name)
                    for name, _ in _OF_GROUPS
                ),
            )
            for level in in_order(names)
        )
        title = tr("Masks by {column}, at “{point}”", column=column, point=point.name)
        yield Table(title, columns, rows, note, folded=True)
