"""Summary of an audit, from rows to findings: everything that the gate and the card read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from xaudit.audit.analyses.port import Material, analyzed, tables_of
from xaudit.audit.claims.maker_claims import stated
from xaudit.audit.detection.detection import froc_curve
from xaudit.audit.maps.localization import mean_mask_scores
from xaudit.audit.performance.equivalences import equivalences
from xaudit.audit.performance.performance import Performance
from xaudit.audit.plan.metrics import metrics_of
from xaudit.audit.plan.plan import Plan
from xaudit.audit.scores.agreement import CONSENSUS
from xaudit.audit.scores.probe_tables import CHECKS, RESCORED, Probed
from xaudit.audit.scores.rescored import rescored
from xaudit.audit.scores.score import REFERENCES
from xaudit.audit.store.provenance import BETWEEN, LEFT_OUT, MODEL_LIMITS, provenance
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, MapRow
from xaudit.audit.summary.audit_facts import audit_facts, corruption_facts, group_levels, limit_why
from xaudit.audit.summary.repeated_intervals import repeated, repeated_bins
from xaudit.audit.summary.run_facts import Ran, RanMethod
from xaudit.audit.suspicions.inquiry import StudyScores, scores_of
from xaudit.audit.suspicions.on_threshold import on_thresholds
from xaudit.audit.suspicions.suspicions import Noticed
from xaudit.core.attribution import Parameter
from xaudit.core.detector import OperatingPoint
from xaudit.core.message import Message, apart, one_after_another, percent
from xaudit.core.record.finding import (
    Accountability,
    DetectorFacts,
    ExplanationVerdict,
    Finding,
    Findings,
    GalleryCase,
    MethodFacts,
    ShownBox,
    StudyFacts,
    Unit,
)
from xaudit.core.record.interim import InterimAnalyses
from xaudit.fairness.striking import striking_groups
from xaudit.gate.judging.credibility import THRESHOLDS, explanation_verdicts
from xaudit.models.heads.output import PROBABILITIES
from xaudit.models.remote.permission import SERVICE


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a run has computed.

    Attributes:
        results: of every shard.
        probed: rows of every probe; none of one that was switched off.
        shown: cases that the card shows.
        interim: that were made while the audit ran; None for once, at its end.
        noticed: before the run.
        boxes: id of a shown case → boxes on its picture.
    """

    results: Results
    probed: Probed = field(default_factory=dict)
    shown: tuple[GalleryCase, ...] = ()
    interim: InterimAnalyses | None = None
    noticed: Noticed = field(default_factory=Noticed)
    boxes: Mapping[str, tuple[ShownBox, ...]] = field(default_factory=dict)


def summarize(plan: Plan, engine: Ran, evidence: Evidence) -> Findings:
    """Make the findings of an audit.

    Args:
        plan: what was done.
        engine: the detector and the methods that did it.
        evidence: what came out of it.
    """
    config, rows = plan.config, evidence.results.cases
    cases = {case.case_id: case for case in plan.study.cases}
    methods = tuple(explainer.name for explainer in engine.explainers)
    tolerance, views = config.explain.peak_tolerance, config.detector.input.grid.views
    masks = mean_mask_scores(evidence.results, cases, tolerance, views)
    results = replace(evidence.results, scores=(*evidence.results.scores, *masks))
    interim, material = evidence.interim, _material(plan, evidence, results, methods)
    tables = tables_of(material)
    found = tuple(
        finding
        for one, findings in analyzed(material, tables)
        for finding in repeated(findings, interim if one.interim else None)
    )
    performance = material.shared(Performance.of)
    findings = Findings(
        audit=audit_facts(plan.record, config.name, config.seed),
        detector=_detector_facts(plan, engine, rows),
        study=_study_facts(plan, rows),
        accountability=_accountability(plan, results, methods, interim),
        findings=found,
        metrics=tuple(metrics_of(tables)),
        methods=(
            *(_method_facts(explainer, results.maps) for explainer in engine.explainers),
            *(_reference_facts(name, results) for name in REFERENCES),
            *_consensus_facts(results, methods),
        ),
        curves=(*performance.curves(), *froc_curve(material)),
        calibration=repeated_bins(performance.calibration(), interim),
        gallery=evidence.shown,
        boxes=evidence.boxes,
        declared=plan.record.declared,
        provenance=provenance(dict(plan.record.files), {**engine.described, **_allowed(plan)}),
        prevalence=config.statistics.prevalence,
        minimum=config.statistics.minimum,
        explanations=_believed(plan, found, methods) if material.rows_of(CHECKS) else (),
        equivalence=tuple(equivalences(found, config.statistics.margins)),
        peak_tolerance=config.explain.peak_tolerance,
        interim=interim,
        suspicions=evidence.noticed.with_scores(_scores(plan, rows)),
        rescored=rescored(material.rows_of(RESCORED), rows, _points(plan), _unit(plan)),
        corruptions=corruption_facts(config.robustness.corruptions),
    )
    findings = replace(findings, striking=striking_groups(findings))
    return stated(findings, plan.record.statements)


def _scores(plan: Plan, rows: Sequence[CaseRow]) -> StudyScores:
    output = plan.config.detector.output.resolve()
    return scores_of(rows, output.kind, output.clipping, _points(plan))


def _unit(plan: Plan) -> Unit:
    """What the network returns: its rounding is that of this."""
    kind = plan.config.detector.output.resolve().kind
    return "probability" if kind in PROBABILITIES else "logit"


def _points(plan: Plan) -> tuple[OperatingPoint, ...]:
    return tuple(point.resolve() for point in plan.config.detector.operating_points)


def _material(plan: Plan, evidence: Evidence, results: Results, methods: Sequence[str]) -> Material:
    config, study = plan.config, plan.study
    folds = config.detector.folds
    return Material(
        results,
        _points(plan),
        config.statistics,
        config.seed,
        study.unit,
        study.site_column,
        methods,
        folds.design if folds else "",
        evidence.probed,
        config.data.types,
        config.data.subtlety,
    )


def _believed(
    plan: Plan, findings: Sequence[Finding], methods: Sequence[str]
) -> tuple[ExplanationVerdict, ...]:
    """Verdicts under the thresholds of the planned policy."""
    changed = plan.record.policy.believe if plan.record.policy else {}
    return explanation_verdicts(findings, methods, THRESHOLDS.changed(changed))


def _weights_file(plan: Plan) -> str | None:
    folds, weights = plan.config.detector.folds, plan.config.detector.weights
    if folds is None:
        return weights.name if weights else None
    named = ", ".join(f"{fold}: {path.name}" for fold, path in folds.weights.items())
    return Message("one for each fold ({names}); the hash is that of their hashes", names=named)


def _of_folds(plan: Plan) -> tuple[str, ...]:
    folds = plan.config.detector.folds
    if folds is None:
        return ()
    return (
        Message(
            "{n} detectors were audited, one for each fold of a cross-validation. The "
            "figures are about the way of training that gave them, not about one "
            "detector that could be released.",
            n=len(folds.weights),
        ),
    )


def _unidentified(engine: Ran) -> tuple[str, ...]:
    detector = engine.detector
    if detector.source is None or detector.weights_sha256 is not None:
        return ()
    return (
        Message(
            "The detector is not identified by a file: what answered is what the service or "
            "program was that day."
        ),
    )


_LACKING = {
    "features": "The detector offers no features, which these methods need; they were left out: "
    "{names}.",
    "gradients": "The detector offers no gradients, which these methods need; they were left out: "
    "{names}.",
    "features and gradients": "The detector offers no features and gradients, which these methods "
    "need; they were left out: {names}.",
}


def _left_out(engine: Ran) -> tuple[str, ...]:
    lacking = [one.split(": ") for one in engine.described.get(LEFT_OUT, "").split("; ") if one]
    return tuple(Message(_LACKING[what], names=names) for what, names in lacking)


def _limits(engine: Ran) -> tuple[str, ...]:
    """What a model of another format does not offer, and why."""
    return apart(engine.described.get(MODEL_LIMITS, ""), BETWEEN)


def _detector_facts(plan: Plan, engine: Ran, rows: Sequence[CaseRow]) -> DetectorFacts:
    declared, detector = plan.config.detector, engine.detector
    return DetectorFacts(
        name=declared.name,
        version=declared.version,
        architecture=declared.architecture,
        weights_file=_weights_file(plan),
        weights_sha256=detector.weights_sha256,
        parameters=detector.parameter_count,
        taken=detector.taken,
        input=declared.input,
        output=declared.output.resolve().described,
        target_layer=detector.target_layer.name
        if detector.target_layer
        else "none returns a feature map",
        operating_points=_points(plan),
        warnings=(
            *_of_folds(plan),
            *_unidentified(engine),
            *_limits(engine),
            *_left_out(engine),
            *on_thresholds(rows, _points(plan)),
        ),
        own_code=declared.asked is not None and not _is_service(declared.asked),
        elsewhere=detector.source,
        stated=detector.stated,
    )


def _allowed(plan: Plan) -> dict[str, str]:
    """For provenance: what ran, or where images went, because whoever ran the audit allowed it."""
    name = plan.config.detector.asked
    if name is None:
        return {}
    if _is_service(name):
        return {"images sent to": name.removeprefix(SERVICE)}
    return {"code allowed": name}


def _is_service(asked: str) -> bool:
    return asked.startswith(SERVICE)


def _study_facts(plan: Plan, rows: Sequence[CaseRow]) -> StudyFacts:
    study = plan.study
    sites = {case.site for case in study.cases if case.site is not None}
    return StudyFacts(
        name=study.name,
        source=study.source,
        license=study.license,
        sha256=plan.record.files["study"],
        cases=len(rows),
        patients=len({row.patient for row in rows}),
        positives=sum(row.label for row in rows),
        lesions=sum(row.lesions for row in rows),
        unit=study.unit,
        unit_note=study.unit_note,
        site_column=study.site_column,
        sites=len(sites) if study.site_column else None,
        dates=plan.config.data.dates,
        levels=group_levels(rows),
    )


def _accountability(
    plan: Plan, results: Results, methods: Sequence[str], interim: InterimAnalyses | None
) -> Accountability:
    rows = results.cases
    scored = [row for row in rows if row.logit is not None]
    sampled = [row for row in rows if row.sampled]
    made = {(map_.case_id, map_.method) for map_ in results.maps if map_.error is None}
    # Where no method is left, nothing was explained.
    explained = [
        row
        for row in sampled
        if methods and all((row.case_id, method) in made for method in methods)
    ]
    listed = max(plan.study.listed, len(rows))
    return Accountability(
        listed=listed,
        excluded=listed - len(rows),
        unreadable=len(rows) - len(scored),
        scored=len(scored),
        scored_positives=sum(row.label for row in scored),
        sampled=len(sampled),
        sampled_positives=sum(row.label for row in sampled),
        explained=len(explained),
        unexplained=len(sampled) - len(explained),
        sample_why=_sample_why(plan, len(rows), interim),
        issues=(*plan.study.issues, *(issue for row in rows for issue in row.issues)),
    )


def _sample_why(plan: Plan, cases: int, interim: InterimAnalyses | None) -> str:
    explain, record = plan.config.explain, plan.record
    why = limit_why(record, cases)
    parts = [why] if why else []
    if interim is not None:
        parts.append(Message("The audit {ended}.", ended=interim.text))
    if record.sample:
        share = percent(explain.positives)
        parts.append(
            Message(
                "{n} of {all} cases are explained, {share} of them with a fracture, because "
                "maps cost hundreds of evaluations each. They were sampled from the list of "
                "cases, in proportion to the subgroups, before any image was read.",
                n=len(record.sample),
                all=cases,
                share=share,
            )
        )
    else:
        parts.append(Message("No case is explained: the configuration asks for none."))
    return one_after_another(parts)


def _method_facts(explainer: RanMethod, rows: Sequence[MapRow]) -> MethodFacts:
    made = [row for row in rows if row.method == explainer.name and row.error is None]
    residuals = [row.residual for row in made if row.residual is not None]
    values = [residual.value for residual in residuals if residual.value is not None]
    verdicts = [residual.converged for residual in residuals if residual.converged is not None]
    return MethodFacts(
        name=explainer.name,
        library=explainer.library,
        question=explainer.question,
        params=explainer.params,
        maps=len(made),
        degenerate=sum(row.degenerate is not None for row in made),
        forward=_mean([row.forward for row in made]),
        backward=_mean([row.backward for row in made]),
        residual=residuals[0].name if residuals else "",
        residual_median=median(values) if values else None,
        residual_worst=max(values) if values else None,
        converged=sum(verdicts) if verdicts else None,
    )


def _reference_facts(name: str, results: Results) -> MethodFacts:
    maps: Mapping[str, object] = results.by_score.get((name, "mass"), {})
    return MethodFacts(
        name=name,
        library="xaudit",
        question=REFERENCES[name],
        params={},
        maps=len(maps),
        degenerate=0,
        forward=0,
        backward=0,
        reference=True,
    )


def _consensus_facts(results: Results, methods: Sequence[str]) -> tuple[MethodFacts, ...]:
    maps = len(results.by_score.get((CONSENSUS, "hit"), {}))
    if not maps:
        return ()
    question = Message("Where do the methods agree that the evidence lies, by ranks of the pixels?")
    params: dict[str, Parameter] = {"methods": ", ".join(methods)}
    return (MethodFacts(CONSENSUS, "xaudit", question, params, maps, 0, 0, 0, reference=True),)


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else 0.0
