"""Shift of a cohort: whether its scores, images and groups differ from those of an audit.

Labels are read on neither side: of the cohort there are none, and an audit's alone would say
nothing of the difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from xaudit.audit.config.read_config import Overrides
from xaudit.audit.maps.site_shift import KINDS, PARTS
from xaudit.audit.scores.case_features import IMAGE
from xaudit.audit.store.files import read_whole
from xaudit.audit.store.hashes import MAPS, refuse_changed
from xaudit.audit.store.record import read_record
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.cohort.config import read_cohort
from xaudit.cohort.scored import Array, Scored, score_cohort
from xaudit.compare.compare import audited
from xaudit.compare.drift import score_drift
from xaudit.core.case import BoolArray
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message, counted
from xaudit.core.record.cohort import CohortShift, Counts, ImageDifference, Share
from xaudit.core.seeds import generator_for
from xaudit.data.pixels.image_statistics import IMAGE_STATISTICS
from xaudit.fairness.groups import apply_size_rule, levels
from xaudit.metrics.groups.site_shift import sampled_cases, site_shift, standardized_difference
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.difference import independent_difference
from xaudit.stats.proportions import clustered_proportion
from xaudit.verify.recompute import AuditOnDisk

COHORT = "cohort"
Unit = Literal["patient", "image"]


def compare_cohort(
    folder: Path, path: Path, given: Overrides, unverified: bool = False
) -> CohortShift:
    """Has the population shifted since the audit?

    Args:
        folder: of a finished audit.
        path: the cohort file.
        given: weights and folder of the study, and what the command line allows.
        unverified: take files too that are not those that the run wrote; the report says so.

    Raises:
        ConfigError: the audit is not finished or was changed, its detector is not at hand, or the
            cohort file is wrong.
        DataError: the cohort cannot be used.
    """
    changed = refuse_changed(folder, MAPS, unverified)
    findings, record = read_whole(folder), read_record(folder)
    audit = AuditOnDisk(folder, record, findings, Results.load(Store(folder), record))
    config, file = read_cohort(path, given)
    study, cohort = score_cohort(audit, config.data, file, given)
    shift = _Shift(Scored.of_audit(audit), cohort, findings.minimum, findings.audit.seed,
                   study.unit if study.unit == findings.study.unit else "image")  # fmt: skip
    films = {row.image_sha256 for row in shift.audit.rows} - {None}
    groups, left_out = shift.groups()
    return CohortShift(
        compared=audited(findings),
        audit=shift.counts(shift.audit),
        cohort=shift.counts(cohort),
        unit=shift.unit,
        also_in_audit=sum(row.image_sha256 in films for row in cohort.rows),
        issues=dict(Counter(issue.kind for issue in study.issues)),
        scores=shift.sized(score_drift(cohort.rows, shift.audit.rows)),
        calls=tuple(shift.calls(findings.detector.operating_points)),
        groups=groups,
        columns_left_out=left_out,
        images=tuple(shift.images()),
        tests={name: shift.tests(name, kind) for name, kind in KINDS.items()},
        minimum=findings.minimum,
        unverified=changed,
    )


class _Shift:
    """Both studies, with patients that are in one of them alone.

    Args:
        audit: scored cases of the audit.
        cohort: those of the cohort.
        minimum: patients on the smaller side for an estimate, and for one without a caution.
        seed: of the audit.
        unit: what a patient is called.
    """

    def __init__(
        self, audit: Scored, cohort: Scored, minimum: tuple[int, int], seed: int, unit: Unit
    ) -> None:
        self.audit, self.cohort, self.minimum, self.unit = audit, cohort, minimum, unit
        self._seed, self._least = seed, min(map(_patients, (audit, cohort)))
        rows = (*cohort.rows, *audit.rows)
        self._inside = np.arange(len(rows)) < len(cohort.rows)
        # One stratum: among patients without labels none are told apart by a fracture.
        self._everyone = Predictions(
            np.array([row.logit for row in rows], dtype=np.float64),
            np.zeros(len(rows), dtype=bool),
            tuple(row.patient for row in rows),
            unit=unit,
        )

    def counts(self, side: Scored) -> Counts:
        """How many cases a study has."""
        return Counts(side.name, side.cases, len(side.rows), _patients(side))

    def calls(self, points: Sequence[OperatingPoint]) -> Iterator[Share]:
        """What is called a fracture at each operating point."""
        logits = self._everyone.logits
        for point in points:
            called = logits > point.edge
            sides = called[self._inside], called[~self._inside]
            yield self._share({"operating_point": point.name}, *sides)

    def groups(self) -> tuple[tuple[Share, ...], tuple[str, ...]]:
        """Every level of the columns that both have, and the columns that one has."""
        cuts = [levels([row.groups for row in side.rows]) for side in (self.cohort, self.audit)]
        nobody = [np.zeros(len(side.rows), dtype=bool) for side in (self.cohort, self.audit)]
        found = []
        for column in sorted(cuts[0].keys() & cuts[1].keys()):
            for level in sorted({*cuts[0][column], *cuts[1][column]}):
                sides = [
                    cut[column].get(level, none) for cut, none in zip(cuts, nobody, strict=True)
                ]
                found.append(self._share({"group": column, "level": level}, *sides))
        return tuple(found), tuple(sorted(cuts[0].keys() ^ cuts[1].keys()))

    def images(self) -> Iterator[ImageDifference]:
        """How far each statistic of the images is from that of the audit's."""
        values = self._values(IMAGE)
        if values is None:
            return
        inside, size = self._inside, len(IMAGE_STATISTICS)
        for (name, what), own in zip(IMAGE_STATISTICS.items(), values.T, strict=True):
            found = standardized_difference(own, self._everyone, inside, comparisons=size)
            yield ImageDifference(name, what, self.sized(found))

    def tests(self, name: str, kind: str) -> Mapping[str, Estimate]:
        """Whether cohort and audit can be told apart by these numbers; why not, where they lack."""
        values = self._values(kind)
        if values is None:
            missing = Estimate.missing(
                Message("one of the two studies has no such numbers"), unit=self.unit
            )
            return dict.fromkeys(PARTS, missing)
        sides = {COHORT: self._inside, "audit": ~self._inside}
        rng = generator_for(self._seed, "cohort", name)
        chosen = sampled_cases(self._everyone, sides, rng)
        sampled = {side: inside[chosen] for side, inside in sides.items()}
        found = site_shift(values[chosen], self._everyone.subset(chosen), sampled, [COHORT], rng)
        return {part: self.sized(one) for part, one in found[COHORT].parts.items()}

    def sized(self, estimate: Estimate) -> Estimate:
        """An estimate as far as the patients of the smaller study allow."""
        what = Message("{units} on one side", units=counted(self.unit))
        named = replace(estimate, unit=self.unit)
        return apply_size_rule(named, self._least, self.minimum, what)

    def _values(self, kind: str) -> Array | None:
        cohort, audit = self.cohort.numbers[kind], self.audit.numbers[kind]
        if cohort is None or audit is None or cohort.shape[1] != audit.shape[1]:
            return None
        return np.concatenate([cohort, audit])

    def _share(self, scope: Mapping[str, str], cohort: BoolArray, audit: BoolArray) -> Share:
        patients = self._everyone.patients
        split = len(cohort)
        shares = (
            clustered_proportion(cohort, patients[:split], unit=self.unit),
            clustered_proportion(audit, patients[split:], unit=self.unit),
        )
        return Share(scope, *shares, self.sized(independent_difference(*shares)))


def _patients(side: Scored) -> int:
    return len({row.patient for row in side.rows})
