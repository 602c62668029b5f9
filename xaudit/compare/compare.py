"""The change report: two audits, case by case, on the cases that both have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import scipy

from xaudit.audit.scores.rescored import in_unit
from xaudit.audit.store.files import read_findings
from xaudit.audit.store.hashes import MAPS, refuse_changed
from xaudit.compare.compare_boxes import compare_boxes
from xaudit.compare.compare_maps import compare_maps
from xaudit.compare.paired_audits import Logits, Paired, read_pair
from xaudit.core.case import BoolArray
from xaudit.core.detector import OperatingPoint
from xaudit.core.message import Message
from xaudit.core.record.change import (
    Agreement,
    Changes,
    ComparedAudit,
    Delta,
    MovedCase,
    MoveKind,
    Subject,
)
from xaudit.core.record.finding import Findings, Unit
from xaudit.core.seeds import generator_for
from xaudit.fairness.groups import NEGATIVES, POSITIVES, apply_size_rule, levels, rarest
from xaudit.stats.comparison import Comparison
from xaudit.stats.multiple.multiplicity import holm
from xaudit.stats.paired_proportions import paired_difference
from xaudit.stats.resampling.bootstrap import clustered_mean
from xaudit.stats.resampling.paired_ratio import Ratio, paired_ratio_difference
from xaudit.stats.roc.auc import auc_value
from xaudit.stats.roc.auc_difference import paired_auc_difference

DRAWS = 2000
Scope = dict[str, str]
PointPair = tuple[OperatingPoint, OperatingPoint]


def compare(old: Path, new: Path, unverified: bool = False) -> Changes:
    """What changed from one finished audit to another.

    Args:
        old: folder of the audit to compare with.
        new: folder of the audit that is compared.
        unverified: compare files too that are not those that the runs wrote; the report says so.

    Raises:
        ConfigError: an audit is not finished or was changed, or they have no case in common.
        AuditError: a shard is missing or damaged.
    """
    changed = [
        f"{which}: {one}"
        for which, folder in (("old", old), ("new", new))
        for one in refuse_changed(folder, MAPS, unverified)
    ]
    findings = read_findings(old), read_findings(new)
    pair = read_pair(old, new)
    audit = findings[1].audit
    scores = ScoreChanges(pair, findings[1].minimum, audit.seed)
    maps, of_maps, hits = compare_maps(old, new, pair, audit.seed)
    of_boxes, notes = compare_boxes(old, new, pair, findings[1].minimum, audit.seed)
    tolerance, unit = _tolerance(findings)
    shared = tuple(point.name for _, point in pair.points)
    names = (p.name for finding in findings for p in finding.detector.operating_points)
    return Changes(
        old=audited(findings[0]),
        new=audited(findings[1]),
        unit=pair.unit,
        cases=len(pair.ids),
        patients=len(set(pair.patients)),
        positives=int(pair.labels.sum()),
        scored=int(pair.scored.sum()),
        by_image=pair.by_image,
        left_out=pair.left_out,
        points=shared,
        points_left_out=tuple(dict.fromkeys(name for name in names if name not in shared)),
        minimum=findings[1].minimum,
        deltas=(*scores.overall(), *of_boxes, *scores.of_groups(), *of_maps),
        agreements=(*scores.agreements(), *hits),
        moved=tuple(scores.moved()),
        maps=maps,
        interim=tuple(_interim(findings)),
        notes=notes,
        unverified=tuple(changed),
        tolerance=tolerance,
        within={} if tolerance is None else scores.within(tolerance, unit),
    )


def _tolerance(findings: Sequence[Findings]) -> tuple[float | None, Unit]:
    """The wider one of the two audits; None where none, or not in the same unit, is stated."""
    stated = [finding.rescored for finding in findings if finding.rescored is not None]
    if len({one.unit for one in stated}) != 1:
        return None, "logit"
    return max(one.tolerance for one in stated), stated[0].unit


_LOOKED = (
    "The old audit {ended}. The intervals of this report are those of a single analysis; what "
    "gates a release is `xaudit gate --baseline`.",
    "The new audit {ended}. The intervals of this report are those of a single analysis; what "
    "gates a release is `xaudit gate --baseline`.",
)


def _interim(findings: Sequence[Findings]) -> Iterator[str]:
    for said, one in zip(_LOOKED, findings, strict=True):
        if one.interim is not None:
            yield Message(said, ended=one.interim.text)


def audited(findings: Findings) -> ComparedAudit:
    """What identifies an audit and its detector in a comparison."""
    audit, device = findings.audit, findings.detector
    return ComparedAudit(
        audit=audit.name,
        created=audit.created,
        plan_sha256=audit.plan_sha256,
        detector=device.name,
        version=device.version,
        identity=_identity(findings),
    )


def _identity(findings: Findings) -> str | None:
    if findings.detector.format == "predictions":
        return findings.study.sha256
    return findings.detector.weights_sha256


@dataclass(frozen=True, slots=True)
class ScoreChanges:
    """What changed in the decisions.

    Attributes:
        pair: the common cases.
        minimum: cases of a class for an estimate, and for a verdict.
        seed: of the draws.
    """

    pair: Paired
    minimum: tuple[int, int]
    seed: int

    def overall(self) -> Iterator[Delta]:
        """Every metric; where a score is missing, also with that counted as wrong."""
        scored = self.pair.scored
        yield self._auc(scored, {"analysis": "scored"})
        yield self._brier(scored, {"analysis": "scored"})
        for points in self.pair.points:
            scope = {"operating_point": points[1].name, "analysis": "scored"}
            yield from self._shares(scored, points, scope)
            yield from self._predictive(scored, points, scope)
            if not scored.all():
                everyone = np.ones_like(scored)
                yield from self._shares(everyone, points, scope | {"analysis": "worst_case"})

    def of_groups(self) -> tuple[Delta, ...]:
        """Area, sensitivity and specificity of every level; tests adjusted for all of them."""
        found: list[Delta] = []
        for column, by_level in levels(self.pair.groups).items():
            for level, chosen in by_level.items():
                scope, used = {"group": column, "level": level}, chosen & self.pair.scored
                found.append(self._auc(used, scope | {"analysis": "scored"}))
                for points in self.pair.points:
                    named = {"operating_point": points[1].name, "analysis": "scored"}
                    found.extend(self._shares(used, points, scope | named))
        return _adjusted(found)

    def agreements(self) -> Iterator[Agreement]:
        """Fractures that both find, one or none; false alarms likewise."""
        labels = self.pair.labels
        for points in self.pair.points:
            old, new = self._called(points)
            kinds: tuple[tuple[Subject, BoolArray], ...]
            kinds = ("fracture", labels), ("normal", ~labels)
            for subject, kind in kinds:
                yield Agreement(
                    subject,
                    {"operating_point": points[1].name},
                    int((old & new & kind).sum()),
                    int((old & ~new & kind).sum()),
                    int((new & ~old & kind).sum()),
                    int((~old & ~new & kind).sum()),
                )

    def moved(self) -> Iterator[MovedCase]:
        """Cases that are decided differently, the largest step of the probability first."""
        before, after = scipy.special.expit(self.pair.old), scipy.special.expit(self.pair.new)
        steps = np.nan_to_num(np.abs(after - before), nan=np.inf)
        for points in self.pair.points:
            old, new = self._called(points)
            differ = np.flatnonzero(old != new)
            for i in sorted(differ, key=lambda i: (-steps[i], self.pair.ids[i])):
                kind = _kind(bool(self.pair.labels[i]), bool(new[i]))
                yield MovedCase(
                    self.pair.ids[i],
                    points[1].name,
                    kind,
                    _known(before[i]),
                    _known(after[i]),
                )

    def within(self, tolerance: float, unit: Unit) -> dict[str, int]:
        """Operating point → cases decided differently that moved by no more than a tolerance."""
        apart = np.abs(in_unit(self.pair.new, unit) - in_unit(self.pair.old, unit))
        counted = {}
        for points in self.pair.points:
            old, new = self._called(points)
            counted[points[1].name] = int(((old != new) & (apart <= tolerance)).sum())
        return counted

    def _called(self, points: PointPair) -> tuple[BoolArray, BoolArray]:
        return self.pair.old > points[0].edge, self.pair.new > points[1].edge

    def _patients(self, chosen: BoolArray) -> list[str]:
        return [name for name, kept in zip(self.pair.patients, chosen, strict=True) if kept]

    def _auc(self, chosen: BoolArray, scope: Scope) -> Delta:
        old, new = self.pair.old[chosen], self.pair.new[chosen]
        labels = self.pair.labels[chosen]
        found = paired_auc_difference(new, old, labels, self._patients(chosen))
        values = auc_value(old, labels), auc_value(new, labels)
        positives = int(labels.sum())
        fewer = rarest(positives, len(labels) - positives)
        return self._delta("auc", scope, values, found, fewer)

    def _brier(self, chosen: BoolArray, scope: Scope) -> Delta:
        labels = self.pair.labels[chosen]
        losses = [_squared_errors(side[chosen], labels) for side in (self.pair.old, self.pair.new)]
        rng = generator_for(self.seed, "compare", "brier")
        gap = clustered_mean(losses[1] - losses[0], self._patients(chosen), rng, DRAWS)
        values = tuple(float(loss.mean()) if len(loss) else None for loss in losses)
        counted = (len(labels), Message("cases"))
        return self._delta("brier", scope, values, Comparison(gap, None, "none"), counted)

    def _shares(self, chosen: BoolArray, points: PointPair, scope: Scope) -> Iterator[Delta]:
        old = self.pair.right(self.pair.old, points[0].edge)
        new = self.pair.right(self.pair.new, points[1].edge)
        for metric, kind, what in (
            ("sensitivity", self.pair.labels, POSITIVES),
            ("specificity", ~self.pair.labels, NEGATIVES),
        ):
            used = chosen & kind
            found = paired_difference(new[used], old[used], self._patients(used))
            values = tuple(float(one[used].mean()) if used.any() else None for one in (old, new))
            yield self._delta(metric, scope, values, found, (int(used.sum()), what))

    def _predictive(self, chosen: BoolArray, points: PointPair, scope: Scope) -> Iterator[Delta]:
        """PPV and NPV: their denominators are what each detector called."""
        labels, called = self.pair.labels[chosen], [one[chosen] for one in self._called(points)]
        for metric, side in (("ppv", True), ("npv", False)):
            below = [one == side for one in called]
            ratios = [((labels == side) & one, one) for one in below]
            rng = generator_for(self.seed, "compare", f"{metric} {scope['operating_point']}")
            gap = paired_ratio_difference(ratios[1], ratios[0], self._patients(chosen), rng, DRAWS)
            counted = (
                int(min(one.sum() for one in below)),
                Message("calls that {metric} is about", metric=metric),
            )
            values = tuple(map(_share, ratios))
            yield self._delta(metric, scope, values, Comparison(gap, None, "none"), counted)

    def _delta(
        self,
        metric: str,
        scope: Scope,
        values: Sequence[float | None],
        found: Comparison,
        counted: tuple[int, Message],
    ) -> Delta:
        gap = replace(found.difference, unit=self.pair.unit)
        sized = apply_size_rule(gap, counted[0], self.minimum, counted[1])
        p_value, test = (found.p_value, found.test) if sized.value is not None else (None, "none")
        return Delta(metric, scope, values[0], values[1], sized, p_value, test)


def _adjusted(found: Sequence[Delta]) -> tuple[Delta, ...]:
    """With p-values that count every group, metric and operating point."""
    tested = [number for number, one in enumerate(found) if one.p_value is not None]
    together = holm([found[number].p_value or 0.0 for number in tested]) if tested else ()
    adjusted = dict(zip(tested, map(float, together), strict=True))
    return tuple(replace(one, p_adjusted=adjusted.get(i)) for i, one in enumerate(found))


def _squared_errors(logits: Logits, labels: BoolArray) -> Logits:
    errors: Logits = (scipy.special.expit(logits) - labels) ** 2
    return errors


def _share(ratio: Ratio) -> float | None:
    above, below = (int(np.sum(one)) for one in ratio)
    return above / below if below else None


def _kind(label: bool, called: bool) -> MoveKind:
    if label:
        return "newly_found" if called else "newly_missed"
    return "new_false_alarm" if called else "false_alarm_gone"


def _known(probability: float) -> float | None:
    return None if np.isnan(probability) else float(probability)
