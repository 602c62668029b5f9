"""An audit from its file to its findings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from xaudit.audit.config.own_module import permitted
from xaudit.audit.config.read_config import Overrides, read_config
from xaudit.audit.gallery.gallery import Gallery
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
from xaudit.audit.probes.fold_detectors import (
    Part,
    explain_shown,
    load_parts,
    whole_engine,
)
from xaudit.audit.probes.other_detectors import check_others
from xaudit.audit.probes.port import wanted
from xaudit.audit.probes.probing import Notify, notice, try_detectors
from xaudit.audit.probes.runner import clear_pieces, run_probes
from xaudit.audit.run.progress import Listener
from xaudit.audit.run.run import run_shards
from xaudit.audit.store.lock import alone_in
from xaudit.audit.store.patient_key import patient_key
from xaudit.audit.store.results import Results
from xaudit.audit.store.resume import finished_before
from xaudit.audit.store.store import Store
from xaudit.audit.summary.summarize import Evidence, summarize
from xaudit.compare.same_cases import SavedAudit
from xaudit.core.record.finding import Findings
from xaudit.core.record.looks import Looks
from xaudit.pipeline.finish import finish, taken_up
from xaudit.pipeline.interim import read_baseline, run_looks


def run_audit(
    config: Path,
    folder: Path,
    overrides: Overrides,
    limit: Limit,
    listen: Listener,
    notify: Notify | None = None,
) -> Findings:
    """Plan, score, explain and summarize; what an earlier run finished is kept.

    A run that is refused writes nothing.

    Args:
        config: the audit file.
        folder: where the audit is written.
        overrides: what the command line says instead of the file.
        limit: audit at most so many cases.
        listen: told how far the run is.
        notify: told what is suspected after some images, before the run goes on.

    Raises:
        ConfigError: the configuration, the study or the policy cannot be used, or another run
            works in the folder.
        DetectorError: the detector cannot be loaded as declared.
        AuditError: the audit itself failed; what was complete is kept.
    """
    read = permitted(*read_config(config, overrides), overrides.allow_code)
    planned = make_plan(read, limit, overrides.env)
    key = patient_key(overrides.keep_key, folder)
    with alone_in(folder):
        record = same_record(planned.record, folder, key)
        there = finished_before(folder, record.identity)
        if there is not None:
            return taken_up(folder, there, planned.config.acknowledge)
        refuse_other_key(folder, record, key)
        plan = with_codes(replace(planned, record=record), key)
        return _carried_out(plan, folder, listen, overrides.baseline, notify)


def _carried_out(
    plan: Plan, folder: Path, listen: Listener, baseline: Path | None, notify: Notify | None
) -> Findings:
    """All stages, and what came of them."""
    parts = load_parts(plan)
    engine = whole_engine(plan, parts)
    check_others(detector_spec(plan.config), plan.config.explain.checks)
    wanted(plan)
    foreseen, old = try_detectors(parts, folder), read_baseline(plan, baseline)
    # Nothing is refused any more from here on.
    fix_record(plan.record, folder)
    noticed = notice(foreseen, plan.config.acknowledge, folder, notify)
    plan, parts, looks = _computed(plan, parts, folder, listen, old)
    results = Results.load(Store(folder), plan.record)
    check_failures(results.cases, plan.config.max_failed)
    probed = run_probes(plan, parts, results, folder, listen)
    gallery = Gallery(
        results,
        {case.case_id: case for case in plan.study.cases},
        engine.detector.input,
        tuple(point.resolve() for point in plan.config.detector.operating_points),
        tuple(explainer.name for explainer in engine.explainers),
        plan.config.explain.gallery,
    )
    chosen = [choice.row.case_id for choice in gallery.choose()]
    extra = explain_shown(parts, chosen, folder, listen)
    shown = replace(gallery, extra=extra).write(folder)
    evidence = Evidence(results, probed, shown, looks, noticed)
    findings = summarize(plan, engine, evidence)
    clear_pieces(folder)
    return finish(folder, findings)


def _computed(
    plan: Plan,
    parts: tuple[Part, ...],
    folder: Path,
    listen: Listener,
    baseline: SavedAudit | None,
) -> tuple[Plan, tuple[Part, ...], Looks | None]:
    """Score and explain: detector by detector, or look by look where there is one detector."""
    if len(parts) > 1:
        for part in parts:
            run_shards(part.plan, part.engine, folder, listen)
        return plan, parts, None
    (only,) = parts
    carried_out, looks = run_looks(plan, only.engine, folder, listen, baseline)
    return carried_out, (replace(only, plan=carried_out),), looks
