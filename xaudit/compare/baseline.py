"""A baseline audit as the gate asks it: paired differences, and drift of the study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from xaudit.audit.store.store import ScoreRow
from xaudit.audit.summary.repeated_intervals import repeated
from xaudit.compare.drift import drift_findings
from xaudit.compare.paired_metrics import (
    PairedCalls,
    calls_difference,
    incomparable,
    resampled_difference,
)
from xaudit.compare.same_cases import SameCases, SavedAudit
from xaudit.core.case import NOT_RECORDED, BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message, one_after_another
from xaudit.core.record.finding import Finding
from xaudit.core.record.policy import BaselineFacts
from xaudit.core.seeds import generator_for
from xaudit.errors import ConfigError
from xaudit.fairness.groups import apply_size_rule, rarest
from xaudit.metrics.maps.localization import LOCALIZATION
from xaudit.stats.comparison import Comparison
from xaudit.stats.repeated import at_level


@dataclass(frozen=True)
class PairedBaseline:
    """The comparison of two saved audits.

    Attributes:
        new: the audit that is judged.
        old: the baseline.
    """

    new: SavedAudit
    old: SavedAudit

    @classmethod
    def of(cls, new: SavedAudit, old: SavedAudit) -> PairedBaseline:
        """Compare two audits.

        Raises:
            ConfigError: both are the same folder.
        """
        if new.folder.resolve() == old.folder.resolve():
            raise ConfigError(
                f"{old.folder}: is the audit that is judged; a baseline is another one, such as "
                "that of the last release"
            )
        return cls(new, old)

    @cached_property
    def same(self) -> SameCases:
        """The matched cases.

        Raises:
            ConfigError: the two audits are not of the same cases.
        """
        return SameCases.of(self.new, self.old)

    @property
    def facts(self) -> BaselineFacts:
        """Which audit it is, and how many cases were compared if any rule compares."""
        there = self.old.findings
        compared = "same" in self.__dict__
        return BaselineFacts(
            audit=there.audit.name,
            detector=f"{there.detector.name} {there.detector.version}".strip(),
            plan_sha256=there.audit.plan_sha256,
            weights_sha256=there.detector.weights_sha256,
            cases=len(self.same.rows) if compared else None,
            note=self.same.note if compared else "",
        )

    @cached_property
    def drift(self) -> tuple[Finding, ...]:
        """How the study differs from that of the baseline."""
        found = drift_findings(self.new.results.cases, self.old.results.cases)
        return repeated(found, self.new.findings.interim)

    def difference(self, metric: str, scope: Mapping[str, str]) -> Comparison:
        """A metric here minus that of the baseline, on the same cases.

        Cases without a score are in their worst case (see `SameCases.worst_scores`); with
        ``analysis: scored`` in the scope they are left out.

        Args:
            metric: registry name.
            scope: of the finding here.

        Raises:
            ConfigError: the two audits are not of the same cases.
        """
        found = (self._maps if "method" in scope else self._calls)(metric, scope)
        unit = self.new.findings.study.unit
        # What is drawn, or scored from maps, was made at 95 %.
        difference = at_level(found.difference, self._level)
        return replace(found, difference=replace(difference, unit=unit))

    @property
    def _level(self) -> float:
        interim = self.new.findings.interim
        return 0.95 if interim is None else interim.level

    def _calls(self, metric: str, scope: Mapping[str, str]) -> Comparison:
        thresholds = [
            _threshold(side, scope.get("operating_point")) for side in (self.new, self.old)
        ]
        limits = [threshold for threshold in thresholds if not isinstance(threshold, str)]
        if len(limits) < len(thresholds):
            return incomparable(
                one_after_another(
                    (threshold for threshold in thresholds if isinstance(threshold, str)), "; "
                )
            )
        left_out = scope.get("analysis") == "scored"
        new, old = self.same.scores if left_out else self.same.worst_scores
        kept = self._members(scope) & ~np.isnan(new) & ~np.isnan(old)
        labels, patients = self.same.labels[kept], self.same.patients[kept]
        calls = PairedCalls((new[kept], old[kept]), (limits[0], limits[1]), labels, patients)
        found = calls_difference(metric, calls, self._rng(metric, scope), self._level)
        return self._sized(found, labels, metric)

    def _maps(self, metric: str, scope: Mapping[str, str]) -> Comparison:
        """Mean scores of maps, over cases with lesions that both audits sampled to explain.

        A map that is missing or degenerate scores 0 here, the worst value, unless scored cases
        are asked for; in the baseline its case is left out.
        """
        if metric not in LOCALIZATION:
            return incomparable(
                Message("no paired comparison is known for {metric} of maps", metric=repr(metric))
            )
        key, there = (scope["method"], metric), self.old.results.by_id
        mine, theirs = (one.results.by_score.get(key, {}) for one in (self.new, self.old))
        lost = None if scope.get("analysis") == "scored" else 0.0
        kept, values = self._members(scope), []
        for number, row in enumerate(self.same.rows):
            drawn = row.sampled and there[row.case_id].sampled and row.label and row.lesions > 0
            new = _or(mine.get(row.case_id), lost)
            old = _or(theirs.get(row.case_id), None)
            kept[number] &= drawn and new is not None and old is not None
            if kept[number]:
                values.append((new, old))
        if not values:
            return incomparable(Message("no case with a lesion was explained in both audits"))
        table, one = np.array(values, dtype=np.float64), np.ones(len(values))
        found = resampled_difference(
            (table[:, 0], one),
            (table[:, 1], one),
            self.same.patients[kept],
            self._rng(metric, scope),
        )
        return self._sized(found, self.same.labels[kept], "sensitivity")

    def _rng(self, metric: str, scope: Mapping[str, str]) -> np.random.Generator:
        key = Finding(metric, scope, Estimate.missing("to be drawn")).id
        return generator_for(self.new.findings.audit.seed, "bootstrap", "baseline", key)

    def _members(self, scope: Mapping[str, str]) -> BoolArray:
        group, level = scope.get("group"), scope.get("level")
        if group is None:
            return np.ones(len(self.same.rows), dtype=bool)
        levels = [row.groups.get(group) or NOT_RECORDED for row in self.same.rows]
        return np.array([one == level for one in levels], dtype=bool)

    def _sized(self, found: Comparison, labels: BoolArray, metric: str) -> Comparison:
        """Small groups get a caution, as their estimates do."""
        positives = int(labels.sum())
        count, what = rarest(positives, len(labels) - positives, metric)
        sized = apply_size_rule(found.difference, count, self.new.findings.minimum, what)
        return replace(found, difference=sized)


def _or(score: ScoreRow | None, lost: float | None) -> float | None:
    return lost if score is None or score.value is None else score.value


def _threshold(side: SavedAudit, point: str | None) -> float | str:
    """The logit of an operating point, or why it cannot be compared."""
    if point is None:
        return 0.0
    points = {one.name: one for one in side.findings.detector.operating_points}
    if point not in points:
        return f"{side.folder.name}: the detector declares no operating point {point!r}"
    if points[point].origin != "fixed":
        return f"{side.folder.name}: operating point {point!r} was chosen on the study"
    return points[point].edge
