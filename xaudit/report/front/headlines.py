"""Figures that a reader looks for first."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.report.language.translation import told, tr
from xaudit.report.sections.explanations import explainers, highest
from xaudit.report.tables import predictions
from xaudit.report.tables.interventions import largest_beside
from xaudit.report.view import numbers
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Headline


def headlines(look: Lookup) -> tuple[Headline, ...]:
    """Of scores, of boxes and masks where there are any, and of what decides."""
    return (*_of_scores(look), *_of_drawings(look), *_of_maps(look))


def _of_scores(look: Lookup) -> Iterator[Headline]:
    auc = look.estimate("auc")
    # Of the cases that have a score, which may be fewer than the study has.
    cases = tr("{cases} cases", cases=numbers.whole(auc.n))
    yield _headline("AUC", auc, "number", cases)
    points = look.findings.detector.operating_points
    if points:
        name = points[0].name
        for metric, title, whose in (
            ("sensitivity", tr("Sensitivity"), f"{tr('fractures')}; {_threshold(points[0])}"),
            ("specificity", tr("Specificity"), tr("normal cases")),
        ):
            one = look.estimate(metric, operating_point=name)
            yield _headline(title, one, "proportion", f"{numbers.counts(one)} {whose}")


def _threshold(point: OperatingPoint) -> str:
    if point.origin == "fixed":
        return tr("threshold fixed beforehand")
    return tr("threshold chosen on this study: too good")


def _of_drawings(look: Lookup) -> Iterator[Headline]:
    points = look.findings.detector.operating_points
    scope = {"operating_point": points[0].name} if points else {}
    boxes = look.get("lesion_sensitivity", **scope)
    if boxes is not None:
        amiss = tr("boxes amiss per image: {amiss}",
                   amiss=look.said("false_boxes_per_image", **scope))  # fmt: skip
        yield _headline(tr("Lesions found by boxes"), boxes.estimate, "proportion", amiss)
    masks = look.get("lesionwise_sensitivity", **scope)
    if masks is not None:
        dice = tr("Dice of the masks: {dice}", dice=look.said("dice", **scope))
        yield _headline(tr("Lesions found by masks"), masks.estimate, "proportion", dice)


def _of_maps(look: Lookup) -> Iterator[Headline]:
    if predictions.alone(look.findings):
        return
    # Where no method has a value, the first one says why.
    name = highest(look) or next(iter(explainers(look.findings)), None)
    if name is not None:
        area = numbers.estimate(look.estimate("mass", method="area_chance"))
        chance = tr("{method}; chance {chance}", method=name, chance=area)
        title = tr("Maps in the fracture")
        yield _headline(title, look.estimate("mass", method=name), "proportion", chance)
    beside = largest_beside(look)
    most = ""
    if beside is not None:
        thing, effect = beside
        shown = numbers.estimate(effect, "number")
        most = tr("off the logit; {thing}: {effect}", thing=thing, effect=shown)
    lesion = look.estimate("lesion_specific_effect")
    yield _headline(tr("Erasing the fracture"), lesion, "number", most)


def _headline(title: str, one: Estimate, unit: str, detail: str) -> Headline:
    value, limits = numbers.value_and_limits(one, unit)
    why = told(one.undefined or "") if one.value is None else told(one.caution or "")
    return Headline(title, value, limits, "; ".join(part for part in (detail, why) if part))
