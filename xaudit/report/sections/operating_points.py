"""Tables on operating points: measures, decisions, and several points side by side."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.core.detector import OperatingPoint
from xaudit.report.language.translation import later, tr
from xaudit.report.view import numbers
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Table

AT_POINT = (
    ("sensitivity", later("Fractures found (sensitivity)")),
    ("specificity", later("Normal cases left alone (specificity)")),
    ("ppv", later("Right when it calls a fracture (PPV)")),
    ("npv", later("Right when it calls normal (NPV)")),
    ("accuracy", later("All decisions right (accuracy)")),
    ("f1", "F1"),
    ("likelihood_ratio_positive", later("Positive likelihood ratio (LR+)")),
    ("likelihood_ratio_negative", later("Negative likelihood ratio (LR−)")),
)
AT_PREVALENCE = (
    ("ppv_at_prevalence", "PPV"),
    ("npv_at_prevalence", "NPV"),
    ("number_needed_to_predict", later("Number needed to predict")),
)
_SIDE_BY_SIDE = (
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    *(metric for metric, _ in AT_PREVALENCE),
)


def side_by_side(look: Lookup) -> Iterator[Table]:
    """What is gained and lost between operating points, where there are several."""
    points = look.findings.detector.operating_points
    if len(points) < 2:
        return
    shown = [measure for measure in _measures(look) if measure[0] in _SIDE_BY_SIDE]
    rows = tuple(
        (title, *(look.cell(metric, operating_point=point.name) for point in points))
        for metric, title in shown
    )
    columns = (tr("Measure"), *(tr("at “{name}”", name=point.name) for point in points))
    note = look.methods(*_SIDE_BY_SIDE)
    yield Table(tr("Operating points side by side, scored cases"), columns, rows, note)


def above(point: OperatingPoint) -> str:
    """From which logit on a case is called a fracture, and whether that logit itself counts."""
    logit = numbers.plain(point.logit)
    if point.inclusive:
        return tr("logit at or above {logit}", logit=logit)
    return tr("logit above {logit}", logit=logit)


def point_tables(look: Lookup, point: OperatingPoint) -> Iterator[Table]:
    """Every measure at one operating point, scored and worst case, and the decisions behind it."""
    mark = tr("fixed before the study was seen")
    if point.origin != "fixed":
        mark = tr("chosen on this study: describes it only, carries no verdict")
    name = tr("“{name}”, {above}, {mark}", name=point.name, above=above(point), mark=mark)
    shown = _measures(look)
    rows = tuple(
        (
            title,
            look.cell(metric, operating_point=point.name, analysis="scored"),
            look.cell(metric, operating_point=point.name, analysis="worst_case"),
        )
        for metric, title in shown
    )
    columns = (tr("Measure"), tr("Scored cases"), tr("Worst case: no score counts as wrong"))
    links = tuple(look.link(metric, {"operating_point": point.name}) for metric, _ in shown)
    text = f"{point.note} {look.methods(*(metric for metric, _ in shown))}".strip()
    yield Table(tr("At {name}", name=name), columns, rows, text, links=links)
    yield Table(
        tr("Decisions at “{name}”: reference standard by output", name=point.name),
        (tr("Analysis"), tr("Fracture, called (TP)"), tr("Fracture, missed (FN)"),
         tr("Normal, called (FP)"), tr("Normal, left alone (TN)")),
        tuple(_two_by_two(look, point, analysis) for analysis in ("scored", "worst_case")),
    )  # fmt: skip


def _measures(look: Lookup) -> list[tuple[str, str]]:
    prevalence = look.findings.prevalence
    at = tr(" at a declared prevalence")
    if prevalence is not None:
        at = tr(" at a prevalence of {prevalence}", prevalence=numbers.percent(prevalence))
    own = [(metric, tr(title)) for metric, title in AT_POINT]
    return own + [(metric, tr(title) + at) for metric, title in AT_PREVALENCE]


def _two_by_two(look: Lookup, point: OperatingPoint, analysis: str) -> tuple[str, ...]:
    scope = {"operating_point": point.name, "analysis": analysis}
    found, left = look.estimate("sensitivity", **scope), look.estimate("specificity", **scope)
    title = tr("Scored cases") if analysis == "scored" else tr("Worst case")
    if found.k is None or left.k is None:
        return (title, *(f"{numbers.NONE} ({tr('not measured')})",) * 4)
    counts = (found.k, found.n - found.k, left.n - left.k, left.k)
    return (title, *map(numbers.whole, counts))
