"""Performance: fractures found overall, at every operating point, in every subgroup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.performance.declared_use import declared_facts, declared_findings
from xaudit.audit.store.case_columns import CaseColumns
from xaudit.audit.store.store import CaseRow
from xaudit.core.case import NOT_RECORDED, BoolArray
from xaudit.core.cut import Cut
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.memory import give_back
from xaudit.core.message import Message
from xaudit.core.metric import METRICS, Metric
from xaudit.core.record.finding import CalibrationBin, Curve, Finding
from xaudit.core.seeds import generator_for
from xaudit.data.tables.levels import UNKNOWN
from xaudit.fairness.disparity import gap_of_sides
from xaudit.fairness.groups import apply_size_rule, rarest
from xaudit.metrics.groups.calibration_gap import CALIBRATION_GAPS, RECALIBRATED, CalibrationGaps
from xaudit.metrics.groups.sides import ON_SIDES, ResampledSides, Side, Sides
from xaudit.metrics.package_metrics import added, added_estimate
from xaudit.metrics.scores import (
    calibration,
    debiased_calibration,
    discrimination,
    net_benefit,
    prevalence,
    roc_parts,
)
from xaudit.metrics.scores.calibration import calibration_bins
from xaudit.metrics.scores.discrimination import Predictions, with_misses
from xaudit.stats.roc.auc import roc_points, visible
from xaudit.stats.weights import Array, IntArray, numbered

AT_POINT = (
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "accuracy",
    "f1",
    "likelihood_ratio_positive",
    "likelihood_ratio_negative",
)
AT_PREVALENCE = ("ppv_at_prevalence", "npv_at_prevalence", "number_needed_to_predict")
OVER_POINTS = ("auc", "brier", "calibration_slope", "calibration_intercept", "ece")
OVERALL = ("squared_calibration_error",)
SIMULATED = {"f1", "brier", "ece", *OVERALL}
GAPS_AT_POINT = ("sensitivity", "specificity", "ppv", "npv")
GAPS_OVER_POINTS = ("auc",)

Scope = dict[str, str]


@dataclass(frozen=True)
class Performance:
    """The findings about the scores of one audit.

    Attributes:
        rows: every case.
        points: operating points.
        statistics: level, draws, prevalence, minimum sizes.
        seed: of the plan.
        unit: what a patient is called in this study.
    """

    rows: Sequence[CaseRow]
    points: Sequence[OperatingPoint]
    statistics: StatisticsConfig
    seed: int
    unit: str

    @classmethod
    def of(cls, material: Material) -> Performance:
        """That of an audit; several analyses stand on it, see `Material.shared`."""
        return cls(
            material.results.cases,
            material.points,
            material.statistics,
            material.seed,
            material.unit,
        )

    def findings(self) -> Iterator[Finding]:
        """Overall first, then column by column and level by level."""
        yield from self._slice(np.arange(len(self._cases)), {})
        p = self.judged
        yield from declared_findings(p, self.points, self.statistics, self.seed)
        if self.grouped:
            # Before anything else is held: of a million rows this takes most.
            _ = self.resampled
        for column, cut in self._columns.items():
            give_back()
            for level in cut.there:
                yield from self._slice(cut.rows(level), {"group": column, "level": level})
                yield from self._gaps(Side(column, level))
        # Nothing else reads the regressions: of a million rows their sums take 90 MB.
        self.__dict__.pop("_calibration", None)

    @property
    def grouped(self) -> bool:
        """Whether there are groups to compare."""
        return bool(self.sides.columns) and len(self.judged) > 0

    def sites(self, column: str | None) -> tuple[str, ...]:
        """Levels of the site column whose site is known; none where the study has no sites."""
        cut = self.sides.columns.get(column) if column is not None else None
        there = () if cut is None else cut.there
        return tuple(site for site in there if site not in {NOT_RECORDED, UNKNOWN})

    def curves(self) -> tuple[Curve, ...]:
        """The ROC curve, with the operating points on it."""
        p = self.judged
        if not p.labels.any() or p.labels.all():
            return ()
        x, y = visible(*roc_points(p.logits, p.labels))
        marks = {
            point.name: (
                float((p.logits[~p.labels] > point.edge).mean()),
                float((p.logits[p.labels] > point.edge).mean()),
            )
            for point in self.points
        }
        return (Curve("roc", tuple(x.tolist()), tuple(y.tolist()), marks),)

    def calibration(self) -> tuple[CalibrationBin, ...]:
        """Predicted and observed shares, in bins with as many cases each."""
        return calibration_bins(self.judged)

    @cached_property
    def _added(self) -> tuple[Metric[Any, Any], ...]:
        return added("scores")

    @cached_property
    def _scored(self) -> BoolArray:
        return self._cases.scored

    @cached_property
    def _logits(self) -> Array:
        """(N,), NaN for a case without a score."""
        return self._cases.logits

    @cached_property
    def _labels(self) -> BoolArray:
        return self._cases.labels

    @cached_property
    def _patients(self) -> IntArray:
        """(N,) numbers: names of 20,000 cases are slow to tell apart again and again."""
        return self._cases.patients.codes.astype(np.intp)

    @cached_property
    def _columns(self) -> Mapping[str, Cut]:
        return dict(sorted(self._cases.groups.items()))

    @cached_property
    def _cases(self) -> CaseColumns:
        return CaseColumns.of(self.rows)

    @cached_property
    def judged(self) -> Predictions:
        """The scored cases."""
        chosen = slice(None) if self._scored.all() else self._scored
        return Predictions(
            self._logits[chosen], self._labels[chosen], self._patients[chosen], unit=self.unit
        )

    @cached_property
    def sides(self) -> Sides:
        """Every level with a scored case, and its rest."""
        columns = {column: cut.at(self._scored) for column, cut in self._columns.items()}
        return Sides(self.judged, columns)

    @cached_property
    def _calibration(self) -> CalibrationGaps:
        return CalibrationGaps(self.judged, self.sides)

    @cached_property
    def resampled(self) -> ResampledSides:
        """Every comparison of groups is read on the same draws."""
        rng = generator_for(self.seed, "bootstrap", "gaps")
        edges = [point.edge for point in self.points]
        return ResampledSides(self.sides, edges, rng, self.statistics.draws)

    def _slice(self, rows: IntArray, scope: Scope) -> Iterator[Finding]:
        there, labels = self._scored[rows], self._labels[rows]
        # Numbered again: a few patients with numbers among many are slow to count.
        patients = numbered(self._patients[rows])[1]
        plain = Predictions(
            self._logits[rows[there]], labels[there], patients[there], unit=self.unit
        )
        lost = labels[~there], patients[~there]
        for point in self.points:
            full = {**scope, "operating_point": point.name}
            p = replace(plain, threshold=point.edge)
            found = tuple(self._at_point(p, {**full, "analysis": "scored"}))
            yield from found
            worst = {**full, "analysis": "worst_case"}
            if not there.all():
                yield from self._at_point(with_misses(p, *lost), worst)
            else:
                yield from (replace(one, scope=worst) for one in found)
        full = {**scope, "analysis": "scored"}
        for name in (*OVER_POINTS, *(() if "group" in scope else OVERALL)):
            yield self._finding(name, full, self._estimate(name, plain, full), plain)

    def _at_point(self, p: Predictions, scope: Scope) -> Iterator[Finding]:
        for name in AT_POINT:
            yield self._finding(name, scope, self._estimate(name, p, scope), p)
        for metric in self._added:
            name = metric.facts.name
            found = added_estimate(metric, p, self._rng(scope), self.statistics.draws)
            yield self._finding(name, scope, found, p)
        prevalence = self.statistics.prevalence
        if prevalence is not None and "group" not in scope:
            for name in AT_PREVALENCE:
                yield self._finding(name, scope, METRICS[name](p, prevalence), p)

    def _gaps(self, side: Side) -> Iterator[Finding]:
        compared = {"group": side.column, "level": side.level, "compared": "rest",
                    "analysis": "scored"}  # fmt: skip
        tasks = [(name, point) for point in self.points for name in GAPS_AT_POINT]
        for name, point in [*tasks, *((name, None) for name in GAPS_OVER_POINTS)]:
            full = compared if point is None else {**compared, "operating_point": point.name}
            edge = None if point is None else point.edge
            gap = gap_of_sides(name, side, self.sides, lambda: self.resampled, edge)
            yield self._gap(name, full, gap, side, edge)
        for name in CALIBRATION_GAPS:
            gap = self._calibration.gap(name, side)
            yield self._gap(name, compared, gap, side, None)

    def _gap(
        self, name: str, scope: Scope, gap: Estimate, side: Side, edge: float | None
    ) -> Finding:
        """The smaller side decides what may be said of a difference."""
        smaller, what = min(self.sides.counted(name, one, edge) for one in (side, side.others))
        sized = apply_size_rule(gap, smaller, self.statistics.minimum, what)
        return Finding(f"{name}_gap", scope, sized, positives=smaller)

    def _estimate(self, name: str, p: Predictions, scope: Scope) -> Estimate:
        if "group" in scope and scope["analysis"] == "scored" and len(p):
            # What gaps of this level are made from is not counted twice.
            side = Side(scope["group"], scope["level"])
            if name in ON_SIDES:
                return self.sides.estimate(name, side, p.threshold)
            if name in RECALIBRATED:
                return self._calibration.own(name, side)
        metric = METRICS[name]
        if name in SIMULATED:
            estimate: Estimate = metric(p, self._rng(scope), draws=self.statistics.draws)
        else:
            estimate = metric(p)
        return estimate

    def _rng(self, scope: Scope) -> np.random.Generator:
        """All metrics of a group are read on the same draws of its patients."""
        own = (scope["group"], scope["level"]) if "group" in scope else ()
        return generator_for(self.seed, "bootstrap", *own)

    def _finding(self, name: str, scope: Scope, estimate: Estimate, p: Predictions) -> Finding:
        count, what = self._counted(name, p)
        sized = apply_size_rule(estimate, count, self.statistics.minimum, what)
        return Finding(name, scope, sized, positives=int(p.labels.sum()))

    @staticmethod
    def _counted(name: str, p: Predictions) -> tuple[int, Message]:
        """How many cases of the kind that a metric stands on, and how they are called.

        Where it stands on several kinds, the rarest decides.
        """
        positives = int(p.labels.sum())
        fewest = rarest(positives, len(p.labels) - positives, name)
        if name == "ppv":
            return min(fewest, (int(p.called.sum()), Message("positive calls")))
        if name == "npv":
            return min(fewest, (int((~p.called).sum()), Message("negative calls")))
        return fewest


@as_analysis(
    "scores", 10, ["cases"], facts=declared_facts,
    metrics=(
        discrimination, roc_parts, prevalence, net_benefit, calibration, debiased_calibration,
    ),
)  # fmt: skip
def _scores(material: Material) -> Iterator[Finding]:
    return material.shared(Performance.of).findings()
