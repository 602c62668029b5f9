"""Findings about boxes: lesions found, boxes amiss, average precision; in all, and by group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from xaudit.audit.analyses.derived_metrics import beside, made_of
from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.detection.judged import Judged
from xaudit.audit.scores.probe_tables import BOXES
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import METRICS, MetricFacts
from xaudit.core.record.finding import Curve, Finding
from xaudit.core.seeds import generator_for
from xaudit.fairness.disparity import gap_of_sides
from xaudit.fairness.groups import apply_size_rule
from xaudit.metrics.boxes import average_precision, operating_point
from xaudit.metrics.boxes.average_precision import average_precisions
from xaudit.metrics.boxes.marks import FreeResponse, with_missed_lesions
from xaudit.metrics.boxes.matching import Matched
from xaudit.metrics.boxes.operating_point import (
    false_boxes_per_image,
    false_boxes_per_normal_image,
    hit_iou,
    lesion_sensitivity,
)
from xaudit.metrics.groups.sides import ResampledSides, Side, Sides
from xaudit.metrics.scores import detection
from xaudit.metrics.scores.detection import (
    afroc_auc,
    froc_area,
    froc_points,
    sensitivities_at_false_marks,
    wafroc_auc,
)
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.proportions import clustered_proportion

RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""False boxes an image at which sensitivity is given (Setio et al. 2017)."""
SIZES = ("all", "small", "medium", "large")
IMAGES, LESIONS = Message("images"), Message("lesions")
NORMAL = Message("images without a lesion")
_SHOWN = 8.0

Scope = dict[str, str]


@dataclass(frozen=True)
class _Detection:
    judged: Judged
    material: Material

    def findings(self) -> Iterator[Finding]:
        """Of all images first, then column by column."""
        judged = self.judged
        share = clustered_proportion(judged.left_out, judged.everyone, unit=judged.unit)
        yield Finding("boxes_not_judged", {}, share)
        if not len(judged):
            return
        yield from self._slice(judged.response, judged.matched, {}, SIZES)
        yield from self._free_response()
        for column, cut in judged.groups.items():
            for level in cut.there:
                own, scope = cut[level], {"group": column, "level": level}
                matched = judged.matched.among(own)
                yield from self._slice(judged.response.among(own), matched, scope, ("all",))
                yield from self._gaps(Side(column, level))

    def _slice(
        self, response: FreeResponse, matched: Matched, scope: Scope, sizes: tuple[str, ...]
    ) -> Iterator[Finding]:
        lesions, draws = len(response.overlaps), self.material.statistics.draws
        found = average_precisions(matched, self._rng(scope), draws, sizes)
        for name, estimate in found.items():
            yield self._sized(name, {**scope, "analysis": "scored"}, estimate, lesions)
        for point in self.material.points:
            full = {**scope, "operating_point": point.name, "analysis": "scored"}
            yield from self._at_point(response, _least(point.edge), full)

    def _at_point(self, response: FreeResponse, least: float, scope: Scope) -> Iterator[Finding]:
        marks, draws, rng = response.marks, self.material.statistics.draws, self._rng(scope)
        lesions, normal = len(response.overlaps), int((~marks.diseased).sum())
        yield self._sized("lesion_sensitivity", scope, lesion_sensitivity(marks, least), lesions)
        worst = with_missed_lesions(marks, self.judged.lost.among(scope))
        found = lesion_sensitivity(worst, least)
        at_worst = {**scope, "analysis": "worst_case"}
        yield self._sized("lesion_sensitivity", at_worst, found, len(worst.lesion_cases))
        fit = hit_iou(response, least, rng, draws)
        yield self._sized("hit_iou", scope, fit, lesions)
        for metric, count in ((false_boxes_per_image, len(marks)),
                              (false_boxes_per_normal_image, normal)):  # fmt: skip
            estimate = metric(marks, least, rng, draws)
            yield self._sized(metric.facts.name, scope, estimate, count, IMAGES)

    def _free_response(self) -> Iterator[Finding]:
        marks, draws = self.judged.response.marks, self.material.statistics.draws
        lesions = len(marks.lesion_cases)
        found = sensitivities_at_false_marks(marks, RATES, self._rng({}), draws)
        for rate, one in zip(RATES, found, strict=True):
            scope = {"false_marks": f"{rate:g}", "analysis": "scored"}
            yield self._sized("sensitivity_at_false_marks", scope, one, lesions)
        scope = {"analysis": "scored"}
        area = froc_area(marks, 1.0, self._rng(scope), draws)
        yield self._sized("froc_area", scope, area, lesions)
        fewest, what = min(
            (lesions, LESIONS), (int((~marks.diseased).sum()), NORMAL), key=lambda one: one[0]
        )
        for name, estimate in (("afroc_auc", afroc_auc(marks)), ("wafroc_auc", wafroc_auc(marks))):
            yield self._sized(name, scope, estimate, fewest, what)

    def _gaps(self, side: Side) -> Iterator[Finding]:
        """Of lesions found: each lesion is a case of its own, with the rating of its best box."""
        for point in self.material.points:
            scope = {"group": side.column, "level": side.level, "compared": "rest",
                     "analysis": "scored", "operating_point": point.name}  # fmt: skip
            edge = point.edge
            gap = gap_of_sides("sensitivity", side, self._sides, lambda: self._resampled, edge)
            smaller = min(self._sides.counted("sensitivity", one, edge)[0]
                          for one in (side, side.others))  # fmt: skip
            yield self._sized("lesion_sensitivity_gap", scope, gap, smaller)

    @cached_property
    def _sides(self) -> Sides:
        marks, images = self.judged.response.marks, self.judged.lesion_images
        lesions = Predictions(
            marks.lesion_ratings,
            np.ones(len(images), dtype=bool),
            [marks.patients[image] for image in images],
            unit=marks.unit,
        )
        return Sides(lesions, {name: cut.at(images) for name, cut in self.judged.groups.items()})

    @cached_property
    def _resampled(self) -> ResampledSides:
        edges = [point.edge for point in self.material.points]
        return ResampledSides(
            self._sides, edges, self._rng({"gaps": "lesions"}), self.material.statistics.draws
        )

    def _rng(self, scope: Mapping[str, str]) -> np.random.Generator:
        """Figures of a group are read on the same draws of its patients."""
        own = [scope[key] for key in ("group", "level", "gaps") if key in scope]
        return generator_for(self.material.seed, "detection", *own)

    def _sized(
        self, name: str, scope: Scope, estimate: Estimate, count: int, what: Message = LESIONS
    ) -> Finding:
        sized = apply_size_rule(estimate, count, self.material.statistics.minimum, what)
        return Finding(name, scope, replace(sized, unit=self.judged.unit), positives=count)


def froc_curve(material: Material) -> tuple[Curve, ...]:
    """The FROC curve up to eight false boxes an image, with the operating points on it."""
    if not material.rows_of(BOXES):
        return ()
    marks = material.shared(Judged.of).response.marks
    if not len(marks.lesion_cases):
        return ()
    x, y = froc_points(marks)
    shown = x <= _SHOWN
    places = {
        point.name: (
            float((marks.false_ratings > point.edge).sum() / len(marks)),
            float((marks.lesion_ratings > point.edge).mean()),
        )
        for point in material.points
    }
    return (Curve("froc", tuple(x[shown].tolist()), tuple(y[shown].tolist()), places),)


def _least(edge: float) -> float:
    """The lowest rating of a box that is drawn: those above the edge are."""
    return float(np.nextafter(edge, np.inf))


def _facts() -> Iterator[MetricFacts]:
    question = Message("What share of the scored images cannot tell a right box from a wrong one?")
    yield beside("boxes_not_judged", question, "lower", "proportion", "detection")
    yield made_of(
        METRICS["lesion_sensitivity"].facts, "{}_gap",
        "How far is a group from the rest: {question}", "proportion",
    )  # fmt: skip


@as_analysis(
    "boxes", 18, ["cases", BOXES], facts=_facts, interim=False,
    metrics=(average_precision, operating_point, detection),
)  # fmt: skip
def _boxes(material: Material) -> Iterator[Finding]:
    yield from _Detection(material.shared(Judged.of), material).findings()
