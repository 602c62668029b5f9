"""How well the detector finds fractures: overall, at every operating point, for every group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from xaudit.audit.case_mix import matched_findings, strata
from xaudit.audit.config import StatisticsConfig
from xaudit.audit.declared import declared_findings
from xaudit.audit.disparities import disparities
from xaudit.audit.equivalences import equivalences
from xaudit.audit.extremes import extreme_findings
from xaudit.audit.label_shift import label_shift_findings
from xaudit.audit.site_extremes import site_extreme_findings
from xaudit.audit.sites import site_findings
from xaudit.audit.store import CaseRow
from xaudit.core.case import BoolArray
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.finding import CalibrationBin, Curve, EquivalenceFacts, Finding
from xaudit.core.metric import METRICS
from xaudit.core.seeds import generator_for
from xaudit.data.levels import UNKNOWN
from xaudit.fairness.disparity import gap_to_rest
from xaudit.fairness.gaps import Level, drawn_gaps
from xaudit.fairness.groups import NOT_RECORDED, apply_size_rule, levels
from xaudit.metrics.calibration import calibration_bins
from xaudit.metrics.calibration_gap import CALIBRATION_GAPS, calibration_gap
from xaudit.metrics.discrimination import Predictions, with_misses
from xaudit.stats.auc import roc_points
from xaudit.stats.weights import Array, Counts, IntArray, numbered, patient_counts

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
DrawnGaps = dict[str | None, dict[tuple[str, Level], Array]]

_NOTHING = Estimate.missing("not computed yet")


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

    def findings(self) -> Iterator[Finding]:
        """Overall first, then column by column and level by level."""
        everyone = np.ones(len(self.rows), dtype=bool)
        yield from self._slice(everyone, {})
        p = self._predictions(self._scored, 0.0)
        yield from declared_findings(p, self.points, self.statistics, self.seed)
        cut = {
            (column, level): chosen
            for column, by_level in levels([row.groups for row in self.rows]).items()
            for level, chosen in by_level.items()
        }
        drawn = self._drawn_gaps(cut)
        for (column, level), chosen in cut.items():
            scope = {"group": column, "level": level}
            yield from self._slice(chosen, scope)
            yield from self._gaps(chosen, scope, drawn)

    def of_groups(self, site_column: str | None) -> Iterator[Finding]:
        """What is said of all groups at once, and of sites as a sample of sites.

        Args:
            site_column: column that names the site; None where the study has none.
        """
        rows = [row for row, scored in zip(self.rows, self._scored, strict=True) if scored]
        p, columns = self._predictions(self._scored, 0.0), levels([row.groups for row in rows])
        yield from disparities(p, self.points, columns, self.statistics, self.seed)
        yield from extreme_findings(p, self.points, columns, self.statistics, self.seed)
        kinds = strata(self.statistics.case_mix, (row.groups for row in rows))
        if self.statistics.case_mix and rows:
            yield from matched_findings(
                p, self.points, columns, kinds, self.statistics, self._counts
            )
        if site_column in columns:
            nowhere = {NOT_RECORDED, UNKNOWN}
            known = {k: v for k, v in columns[site_column].items() if k not in nowhere}
            yield from site_findings(p, self.points, known, site_column)
            minimum = self.statistics.minimum
            yield from site_extreme_findings(p, self.points, known, site_column, minimum)
            yield from label_shift_findings(p, self.points, known, site_column)

    def equivalence(self, findings: Iterable[Finding]) -> tuple[EquivalenceFacts, ...]:
        """Which groups are shown to be equal, up to the declared margins."""
        return tuple(equivalences(findings, self.statistics.margins))

    def curves(self) -> tuple[Curve, ...]:
        """The ROC curve, with the operating points on it."""
        p = self._predictions(self._scored, 0.0)
        if not p.labels.any() or p.labels.all():
            return ()
        x, y = roc_points(p.logits, p.labels)
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
        return calibration_bins(self._predictions(self._scored, 0.0))

    @cached_property
    def _scored(self) -> BoolArray:
        return ~np.isnan(self._logits)

    @cached_property
    def _logits(self) -> Array:
        """(N,), NaN for a case without a score."""
        return np.array([row.logit for row in self.rows], dtype=np.float64)

    @cached_property
    def _labels(self) -> BoolArray:
        return np.array([row.label for row in self.rows], dtype=bool)

    @cached_property
    def _patients(self) -> IntArray:
        """(N,) numbers: names of 20,000 cases are slow to tell apart again and again."""
        return numbered([row.patient for row in self.rows])[1]

    @cached_property
    def _counts(self) -> Counts:
        """(draws, patients with a score): every gap is read on the same draws."""
        clusters = numbered(self._patients[self._scored])[0]
        rng = generator_for(self.seed, "bootstrap", "gaps")
        parts = patient_counts(clusters, rng, self.statistics.draws)
        return np.concatenate([part.astype(np.float32) for part in parts])

    def _slice(self, chosen: BoolArray, scope: Scope) -> Iterator[Finding]:
        lost = chosen & ~self._scored
        for point in self.points:
            full = {**scope, "operating_point": point.name}
            p = self._predictions(chosen & self._scored, point.edge)
            found = tuple(self._at_point(p, {**full, "analysis": "scored"}))
            yield from found
            worst = {**full, "analysis": "worst_case"}
            if lost.any():
                missed = with_misses(p, self._labels[lost], self._patients[lost])
                yield from self._at_point(missed, worst)
            else:
                yield from (replace(one, scope=worst) for one in found)
        full = {**scope, "analysis": "scored"}
        p = self._predictions(chosen & self._scored, 0.0)
        for name in (*OVER_POINTS, *(() if "group" in scope else OVERALL)):
            yield self._finding(name, full, self._estimate(name, p, full), p)

    def _at_point(self, p: Predictions, scope: Scope) -> Iterator[Finding]:
        for name in AT_POINT:
            yield self._finding(name, scope, self._estimate(name, p, scope), p)
        prevalence = self.statistics.prevalence
        if prevalence is not None and "group" not in scope:
            for name in AT_PREVALENCE:
                yield self._finding(name, scope, METRICS[name](p, prevalence), p)

    def _drawn_gaps(self, cut: Mapping[Level, BoolArray]) -> DrawnGaps:
        """Operating point → (metric, level) → draws; what needs none is under None."""
        if not cut or not self._scored.any():
            return {}
        scored = {level: chosen[self._scored] for level, chosen in cut.items()}
        asked: list[tuple[str | None, float, tuple[str, ...]]] = [
            *((point.name, point.edge, GAPS_AT_POINT) for point in self.points),
            (None, 0.0, GAPS_OVER_POINTS),
        ]
        return {
            name: drawn_gaps(metrics, self._predictions(self._scored, logit), scored, self._counts)
            for name, logit, metrics in asked
        }

    def _gaps(self, chosen: BoolArray, scope: Scope, drawn: DrawnGaps) -> Iterator[Finding]:
        inside, level = chosen[self._scored], (scope["group"], scope["level"])
        compared = {**scope, "compared": "rest", "analysis": "scored"}
        tasks = [(name, point) for point in self.points for name in GAPS_AT_POINT]
        for name, point in [*tasks, *((name, None) for name in GAPS_OVER_POINTS)]:
            full = compared if point is None else {**compared, "operating_point": point.name}
            p = self._predictions(self._scored, 0.0 if point is None else point.edge)
            rng = self._rng(f"{name}_gap", full)
            replicates = drawn.get(point.name if point else None, {}).get((name, level))
            gap = gap_to_rest(name, p, inside, rng, self.statistics.draws, replicates)
            yield self._gap(name, full, gap, p, inside)
        p = self._predictions(self._scored, 0.0)
        for name in CALIBRATION_GAPS:
            yield self._gap(name, compared, calibration_gap(name, p, inside), p, inside)

    def _gap(
        self, name: str, scope: Scope, gap: Estimate, p: Predictions, inside: BoolArray
    ) -> Finding:
        """The smaller side decides what may be said of a difference."""
        smaller, what = min(self._counted(name, p.subset(side)) for side in (inside, ~inside))
        sized = apply_size_rule(gap, smaller, self.statistics.minimum, what)
        return Finding(f"{name}_gap", scope, sized, positives=smaller)

    def _estimate(self, name: str, p: Predictions, scope: Scope) -> Estimate:
        metric = METRICS[name]
        if name in SIMULATED:
            estimate: Estimate = metric(p, self._rng(name, scope), draws=self.statistics.draws)
        else:
            estimate = metric(p)
        return estimate

    def _rng(self, name: str, scope: Scope) -> np.random.Generator:
        return generator_for(self.seed, "bootstrap", Finding(name, scope, _NOTHING).id)

    def _finding(self, name: str, scope: Scope, estimate: Estimate, p: Predictions) -> Finding:
        count, what = self._counted(name, p)
        sized = apply_size_rule(estimate, count, self.statistics.minimum, what)
        return Finding(name, scope, sized, positives=int(p.labels.sum()))

    @staticmethod
    def _counted(name: str, p: Predictions) -> tuple[int, str]:
        """How many cases of the kind that a metric stands on, and how they are called.

        Where it stands on several kinds, the rarest decides.
        """
        positives = int(p.labels.sum())
        kinds = {"positives": positives, "negatives": len(p.labels) - positives}
        if name == "sensitivity":
            kinds.pop("negatives")
        elif name == "specificity":
            kinds.pop("positives")
        elif name == "ppv":
            kinds["positive calls"] = int(p.called.sum())
        elif name == "npv":
            kinds["negative calls"] = int((~p.called).sum())
        return min((count, what) for what, count in kinds.items())

    def _predictions(self, chosen: BoolArray, threshold: float) -> Predictions:
        return Predictions(
            logits=self._logits[chosen],
            labels=self._labels[chosen],
            patients=self._patients[chosen],
            threshold=threshold,
            unit=self.unit,
        )
