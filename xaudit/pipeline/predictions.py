"""An audit of a table of predictions, from its file to its findings; nothing here needs torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from xaudit import __version__
from xaudit.audit.analyses.port import Material, analyzed, declared_tables
from xaudit.audit.claims.maker_claims import stated
from xaudit.audit.config.boxes_config import BoxesConfig
from xaudit.audit.config.device import read_device
from xaudit.audit.config.read_config import Overrides
from xaudit.audit.detection.detection import froc_curve
from xaudit.audit.performance.case_mix import check_case_mix
from xaudit.audit.performance.equivalences import equivalences
from xaudit.audit.performance.performance import Performance
from xaudit.audit.performance.types import check_types
from xaudit.audit.plan.failures import check_failures
from xaudit.audit.plan.metrics import metrics_of
from xaudit.audit.plan.plan import fix_record, refuse_other_key, same_record, with_identity
from xaudit.audit.plan.profile import Limit, draw_cases
from xaudit.audit.scores.drawn_boxes import LESION, Drawn, read_drawn
from xaudit.audit.scores.probe_tables import BOXES, read_probed, table_of
from xaudit.audit.store.case_columns import CaseColumns
from xaudit.audit.store.lock import alone_in
from xaudit.audit.store.patient_key import PatientKey, patient_key
from xaudit.audit.store.provenance import provenance
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.results import Results
from xaudit.audit.store.resume import finished_before
from xaudit.audit.store.store import CaseRow, ProbeRow, Shard, Store, write_table
from xaudit.audit.summary.audit_facts import audit_facts, group_levels, limit_why
from xaudit.audit.suspicions.inquiry import StudyScores, scores_of
from xaudit.audit.suspicions.on_threshold import on_thresholds
from xaudit.audit.suspicions.suspicions import Noticed, keep_noticed
from xaudit.core.case import NOT_RECORDED
from xaudit.core.cut import Cut
from xaudit.core.detector import OperatingPoint
from xaudit.core.memory import cycles_ignored_longer, give_back, keep_freed
from xaudit.core.message import Message, one_after_another
from xaudit.core.record.finding import Accountability, DetectorFacts, Findings, StudyFacts
from xaudit.core.record.suspicion import Suspicion
from xaudit.data.predictions.read import ScoredStudy
from xaudit.data.tables.texts import Texts
from xaudit.fairness.intersections import cut_intersections
from xaudit.fairness.striking import striking_groups
from xaudit.gate.policies.policy import read_policy
from xaudit.pipeline.finish import finish, taken_up
from xaudit.pipeline.recorded import About, Config, Recorded, portable, read_recorded

_TABLES = ("cases",)


@dataclass(frozen=True, slots=True)
class PredictionsPlan:
    """A plan record, and the rows that it speaks of.

    Attributes:
        record: what is fixed and hashed.
        config: the audit file.
        study: what was said of the table, without its cases: they are the rows.
        about: what is known of the study besides.
        rows: that are audited.
        drawn: rows of boxes, of these cases; none where scores were recorded.
    """

    record: PlanRecord
    config: Config
    study: ScoredStudy
    about: About
    rows: CaseColumns
    drawn: Sequence[ProbeRow] = ()

    @property
    def points(self) -> tuple[OperatingPoint, ...]:
        """The operating points, on the logit."""
        return tuple(point.resolve() for point in self.config.detector.operating_points)

    @property
    def boxes(self) -> Drawn | None:
        """What was drawn; None where scores were recorded."""
        return read_drawn(self.drawn) if self.drawn else None

    @property
    def suspicions(self) -> tuple[Suspicion, ...]:
        """What does not look like what is declared."""
        noticed = Noticed(acknowledged=self.config.acknowledge)
        return noticed.with_scores(_scores(self, self.rows))


def plan_predictions(path: Path, overrides: Overrides, limit: Limit) -> PredictionsPlan:
    """Read the audit file, what it names, the policy and the declared facts, and fix what is done.

    Args:
        path: the audit file, of a table of predictions or of boxes.
        overrides: what the command line says instead of the file.
        limit: audit at most so many cases, stratified by label.

    Raises:
        ConfigError: every mistake that was found, in one message.
    """
    recorded = read_recorded(path, overrides)
    config, study = recorded.config, recorded.study
    rows = _columns(recorded)
    check_case_mix(config.statistics, [dict.fromkeys(rows.groups, "")])
    check_types(config.data.types, rows.labels, rows.groups, config.data.subtlety)
    policy = read_policy(config.policy, overrides.env) if config.policy else None
    selected = draw_cases(rows, limit, policy, config.statistics.minimum, config.seed)
    kept = rows if selected.limit is None else rows.at([row.case_id for row in selected.cases])
    device = read_device(config.device, overrides.env)
    record = PlanRecord(
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        xaudit_version=__version__,
        config=portable(config),
        files=recorded.files,
        sample=(),
        shards=(tuple(kept.ids),),
        policy=policy,
        declared=device.texts,
        statements=device.statements,
        limit=selected.limit,
        notes=selected.notes,
    )
    return PredictionsPlan(
        with_identity(record), config, replace(study, cases=()), recorded.about, kept,
        recorded.drawn_of(kept.ids),
    )  # fmt: skip


def run_predictions(path: Path, folder: Path, overrides: Overrides, limit: Limit) -> Findings:
    """Audit a table of predictions; a finished audit is not made again.

    Args:
        path: the audit file.
        folder: where the audit is written.
        overrides: what the command line says instead of the file.
        limit: audit at most so many cases.

    Raises:
        ConfigError: the configuration, the table or the policy cannot be used, or another run
            works in the folder.
        AuditError: more cases failed than the configuration allows, or the disk is full.
    """
    plan = plan_predictions(path, overrides, limit)
    key = patient_key(overrides.keep_key, folder)
    with alone_in(folder):
        record = same_record(plan.record, folder, key)
        there = finished_before(folder, record.identity)
        if there is not None:
            return taken_up(folder, there, plan.config.acknowledge)
        refuse_other_key(folder, record, key)
        check_failures(plan.rows, plan.config.max_failed)
        fix_record(record, folder)
        # What follows is about the rows; a million names are not held as the plan tells them.
        plan = replace(plan, record=replace(record, shards=()))
        del record
        Store(folder).write(0, Shard(cases=_coded(plan.rows, key)))
        if plan.drawn:
            write_table(table_of(folder, BOXES), plan.drawn, ProbeRow)
        # The findings are about what is on disk; a million rows are not held twice.
        plan = replace(plan, rows=CaseColumns.of(()), drawn=())
        keep_freed()
        with cycles_ignored_longer():
            return finish(folder, _found(plan, folder))


def _found(plan: PredictionsPlan, folder: Path) -> Findings:
    # What the table was read into is gone, and what was written is read now.
    give_back()
    results = Results.of(Store(folder), (0,))
    give_back()
    noticed = keep_noticed(folder, Noticed(acknowledged=tuple(sorted(plan.config.acknowledge))))
    return summarize_predictions(plan, plan.record, results, noticed)


def _columns(recorded: Recorded) -> CaseColumns:
    cases, crossed = recorded.cases, recorded.config.data.intersections
    groups = {name: _cut(levels) for name, levels in cases.levels.items()}
    if cases.sites is not None and recorded.about.site_column:
        groups.setdefault(recorded.about.site_column, _cut(cases.sites))
    if crossed:
        groups = cut_intersections(groups, crossed.of, crossed.depth)
    return CaseColumns(
        ids=[cases.ids.texts[code] for code in cases.ids.codes],
        patients=Cut.coded(cases.patients.texts, cases.patients.codes),
        labels=cases.labels,
        logits=cases.logits,
        groups=groups,
        folds=Cut.coded(cases.folds.texts, cases.folds.codes) if cases.folds else None,
        noted=cases.own_issues,
    )


def _coded(rows: CaseColumns, key: PatientKey) -> CaseColumns:
    """The rows with codes for patients."""
    return rows.with_patients([key.code(name) for name in rows.patients.names])


def _cut(levels: Texts) -> Cut:
    return Cut.coded([text or NOT_RECORDED for text in levels.texts], levels.codes)


def _scores(plan: PredictionsPlan, rows: Sequence[CaseRow]) -> StudyScores:
    limits = (-math.inf, math.inf)
    boxes = isinstance(plan.config, BoxesConfig)
    return scores_of(
        rows, plan.config.detector.score, limits, plan.points, of_table=True, of_boxes=boxes
    )


def summarize_predictions(
    plan: PredictionsPlan, record: PlanRecord, results: Results, noticed: Noticed
) -> Findings:
    """Make the findings of an audit of predictions.

    Args:
        plan: what was done.
        record: of the plan, as it was written.
        results: with every case.
        noticed: what the audit file acknowledges.
    """
    config, rows = plan.config, results.cases
    points = plan.points
    probed = read_probed(results.store.folder)
    study = _study_facts(plan, record, rows, probed.get(BOXES, ()))
    material = Material(
        results, points, config.statistics, config.seed, study.unit, study.site_column,
        folds=plan.about.folds, probed=probed, types=config.data.types,
        subtlety=config.data.subtlety,
    )  # fmt: skip
    tables = (*_TABLES, *probed, *declared_tables(material))
    found = tuple(finding for _, findings in analyzed(material, tables) for finding in findings)
    # Draws of all groups are the largest things that are made, and most of them are gone now.
    give_back()
    performance = material.shared(Performance.of)
    findings = Findings(
        audit=audit_facts(record, config.name, config.seed),
        detector=_detector_facts(plan, rows),
        study=study,
        accountability=_accountability(plan, record, rows),
        findings=found,
        metrics=tuple(metrics_of(tables)),
        methods=(),
        curves=(*performance.curves(), *froc_curve(material)),
        calibration=performance.calibration(),
        declared=record.declared,
        provenance=provenance(dict(record.files), {}),
        prevalence=config.statistics.prevalence,
        minimum=config.statistics.minimum,
        equivalence=tuple(equivalences(found, config.statistics.margins)),
        suspicions=noticed.with_scores(_scores(plan, rows)),
    )
    findings = replace(findings, striking=striking_groups(findings))
    return stated(findings, record.statements)


def _detector_facts(plan: PredictionsPlan, rows: Sequence[CaseRow]) -> DetectorFacts:
    detector = plan.config.detector
    return DetectorFacts(
        name=detector.name,
        version=detector.version,
        architecture=Message("known by its predictions only"),
        weights_file=None,
        weights_sha256=None,
        parameters=None,
        input=None,
        output=detector.score,
        target_layer=None,
        operating_points=plan.points,
        warnings=(*_mixed_splits(plan.study.splits), *on_thresholds(rows, plan.points)),
        format="predictions",
    )


def _mixed_splits(splits: Sequence[str]) -> tuple[str, ...]:
    if len(splits) < 2:
        return ()
    return (
        Message(
            "Rows of {n} splits ({splits}) are audited together. Where the detector was "
            "developed on one of them, these figures flatter it.",
            n=len(splits),
            splits=", ".join(splits),
        ),
    )


def _study_facts(
    plan: PredictionsPlan,
    record: PlanRecord,
    rows: Sequence[CaseRow],
    drawn: Sequence[ProbeRow],
) -> StudyFacts:
    about, column = plan.about, plan.about.site_column
    cases, levels = CaseColumns.of(rows), group_levels(rows)
    return StudyFacts(
        name=about.name,
        source=about.source,
        license=about.license,
        sha256=record.files.get("predictions") or record.files["study"],
        cases=len(rows),
        patients=len(cases.patients.there),
        positives=int(cases.labels.sum()),
        lesions=sum(row.metric == LESION for row in drawn),
        unit=about.unit,
        unit_note=about.unit_note,
        site_column=column,
        sites=len(set(cases.groups[column].there) - {NOT_RECORDED}) if column else None,
        dates=about.dates,
        levels=levels,
    )


def _which_rows(plan: PredictionsPlan, record: PlanRecord, cases: int) -> str:
    splits = plan.config.data.split
    rows = (
        Message("Those of split {splits}.", splits=", ".join(splits))
        if splits
        else Message("Every row of the table.")
    )
    return one_after_another(one for one in (rows, limit_why(record, cases)) if one)


def _accountability(
    plan: PredictionsPlan, record: PlanRecord, rows: Sequence[CaseRow]
) -> Accountability:
    cases = CaseColumns.of(rows)
    scored = int(cases.scored.sum())
    return Accountability(
        listed=plan.study.listed,
        excluded=plan.study.listed - len(rows),
        unreadable=len(rows) - scored,
        scored=scored,
        scored_positives=int(cases.labels[cases.scored].sum()),
        sampled=0,
        sampled_positives=0,
        explained=0,
        unexplained=0,
        sample_why=_which_rows(plan, record, len(rows)),
        issues=(*plan.study.issues, *cases.issues()),
    )
