"""An audit from its file to its findings."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from xaudit.audit.config.own_module import permitted
from xaudit.audit.config.read_config import Overrides, read_config
from xaudit.audit.gallery.gallery import Gallery
from xaudit.audit.gallery.shown_boxes import shown_boxes
from xaudit.audit.plan.failures import check_failures
from xaudit.audit.plan.plan import (
    Plan,
    detector_spec,
    fix_record,
    make_plan,
    refuse_other_key,
    same_record,
    with_codes,
)
from xaudit.audit.plan.profile import Limit
from xaudit.audit.probes.other_detectors import check_others
from xaudit.audit.probes.port import wanted
from xaudit.audit.probes.probing import Notify, notice, try_detectors
from xaudit.audit.probes.runner import clear_pieces, run_probes
from xaudit.audit.probes.worker import crew_of
from xaudit.audit.run import agreed
from xaudit.audit.run.parts import Part, load_parts, whole_engine
from xaudit.audit.run.progress import Listener
from xaudit.audit.run.shards import Run, explain_shown, run_shards
from xaudit.audit.scores.probe_tables import BOXES
from xaudit.audit.store.lock import alone_in
from xaudit.audit.store.patient_key import patient_key
from xaudit.audit.store.results import Results
from xaudit.audit.store.resume import finished_before
from xaudit.audit.store.store import Store
from xaudit.audit.summary.summarize import Evidence, summarize
from xaudit.compare.same_cases import SavedAudit
from xaudit.core.executor import Executor
from xaudit.core.record.finding import Findings
from xaudit.core.record.interim import InterimAnalyses
from xaudit.executors.serial import Serial
from xaudit.models.device import threads
from xaudit.pipeline.finish import finish, taken_up
from xaudit.pipeline.interim import read_baseline, run_interim


@dataclass(frozen=True, slots=True)
class Host:
    """What an audit runs in.

    Attributes:
        notify: told what is suspected after some images, before the run goes on.
        executor: has the pieces of the audit done; closed with the run.
    """

    notify: Notify | None = None
    executor: Executor = field(default_factory=Serial)


def run_audit(
    config: Path,
    folder: Path,
    overrides: Overrides,
    limit: Limit,
    listen: Listener,
    host: Host | None = None,
) -> Findings:
    """Plan, score, explain and summarize; what an earlier run finished is kept.

    A run that is refused writes nothing.

    Args:
        config: the audit file.
        folder: where the audit is written.
        overrides: what the command line says instead of the file.
        limit: audit at most so many cases.
        listen: told how far the run is.
        host: what it runs in; this process by default.

    Raises:
        ConfigError: the configuration, the study or the policy cannot be used, or another run
            works in the folder.
        DetectorError: the detector cannot be loaded as declared.
        AuditError: the audit itself failed; what was complete is kept.
    """
    read = permitted(*read_config(config, overrides), overrides)
    planned = make_plan(read, limit, overrides.env)
    key = patient_key(overrides.keep_key, folder)
    with alone_in(folder):
        record = same_record(planned.record, folder, key)
        there = finished_before(folder, record.identity)
        if there is not None:
            return taken_up(folder, there, planned.config.acknowledge)
        refuse_other_key(folder, record, key)
        plan = with_codes(replace(planned, record=record), key)
        host = host or Host()
        with closing(host.executor), threads(host.executor.threads):
            return _carried_out(plan, folder, listen, overrides.baseline, host)


def _carried_out(
    plan: Plan, folder: Path, listen: Listener, baseline: Path | None, host: Host
) -> Findings:
    """All stages, and what came of them."""
    host.executor.open()
    parts = load_parts(plan)
    engine = whole_engine(plan, parts)
    agreed.refuse_other(parts, folder)
    check_others(detector_spec(plan.config), plan.config.explain.checks)
    wanted(plan)
    foreseen, old = try_detectors(parts, folder), read_baseline(plan, baseline)
    # Nothing is refused any more from here on.
    fix_record(plan.record, folder)
    agreed.keep(parts, folder)
    noticed = notice(foreseen, plan.config.acknowledge, folder, host.notify)
    run = Run(folder.resolve(), listen, host.executor, crew_of(plan, folder.resolve(), parts))
    planned, (plan, parts, interim) = plan, _computed(plan, parts, run, old)
    results = Results.load(Store(folder), plan.record)
    check_failures(results.cases, plan.config.max_failed)
    # Who has computed shards does pieces too, if the cases are still those of the plan.
    crew, hire = crew_of(plan, folder.resolve(), parts, results), run.crew.hire
    run = replace(run, crew=replace(crew, hire=hire) if plan is planned else crew)
    probed = run_probes(parts, results, run)
    gallery = Gallery(
        results,
        {case.case_id: case for case in plan.study.cases},
        engine.detector.input,
        tuple(point.resolve() for point in plan.config.detector.operating_points),
        tuple(explainer.name for explainer in engine.explainers),
        plan.config.explain.gallery,
    )
    chosen = [choice.row.case_id for choice in gallery.choose()]
    extra = explain_shown(parts, chosen, run)
    shown = replace(gallery, extra=extra).write(folder)
    agreed.refuse_changed(parts)
    agreed.close(parts)
    boxes = shown_boxes(
        shown, probed.get(BOXES, ()), gallery.cases, gallery.input, gallery.points[0].edge
    )
    evidence = Evidence(results, probed, shown, interim, noticed, boxes)
    findings = summarize(plan, engine, evidence)
    clear_pieces(folder)
    return finish(folder, findings)


def _computed(
    plan: Plan, parts: tuple[Part, ...], run: Run, baseline: SavedAudit | None
) -> tuple[Plan, tuple[Part, ...], InterimAnalyses | None]:
    """Score and explain: detector by detector, or one detector from analysis to analysis."""
    if len(parts) > 1:
        for part in parts:
            run_shards(part, run)
        return plan, parts, None
    (only,) = parts
    carried_out, interim = run_interim(only, run, baseline)
    return carried_out, (replace(only, plan=carried_out),), interim
