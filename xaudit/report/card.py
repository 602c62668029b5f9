"""The model card as a view model: every number is a string before a template sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from xaudit.core.finding import Findings
from xaudit.core.policy import Outcome, Verdict, Waiver
from xaudit.report import credibility, figures, numbers, places, predictions, results, statements
from xaudit.report.crosswalk import anchor, asked_for
from xaudit.report.crosswalk import lead as crosswalk_lead
from xaudit.report.glossary import glossary
from xaudit.report.lookup import Lookup
from xaudit.report.record import Element, record
from xaudit.report.robustness import robustness
from xaudit.report.shortcuts import shortcuts
from xaudit.report.summary import summary
from xaudit.report.twin import twin
from xaudit.report.view import MARKS, Answer, Figure, ModelCard, Section, Table

ISSUES_SHOWN = 40


def build_card(
    findings: Findings,
    verdict: Verdict | None,
    pictures: Mapping[str, bytes],
    uses: str = "",
) -> ModelCard:
    """The card of an audit.

    Args:
        findings: of the run.
        verdict: of the policy; None where none was judged.
        pictures: file name → PNG, for every picture that the gallery names.
        uses: how often the study was used before; empty where no ledger was kept.

    Raises:
        ValueError: a picture is not a PNG.
    """
    look, elements = Lookup(findings), record(findings)
    sections = (
        summary(look),
        _verdict(findings, verdict, look),
        _detector(findings),
        _study(findings, uses),
        results.performance(look),
        results.calibration(look),
        results.groups(look, verdict),
        shortcuts(look),
        *_explanations(findings, look, pictures),
        _elements(elements),
        _provenance(findings),
        _every_finding(findings),
        _glossary(findings),
    )
    device = findings.detector
    mark = MARKS[verdict.overall] if verdict else None
    return ModelCard(
        title=device.name,
        subtitle=f"Version {device.version}. Audit “{findings.audit.name}”.",
        running=f"{device.name} {device.version}, {predictions.identity(findings)}",
        verdict=mark,
        verdict_text=f"Policy “{verdict.policy}”" if verdict else "No policy was judged.",
        verdict_counts=_counts(verdict),
        answers=_answers(look),
        sections=tuple(
            _with_missing(replace(one, number=str(index)), elements)
            for index, one in enumerate(sections, start=1)
        ),
        twin=twin(findings, verdict, uses),
        warnings=(*device.warnings, *_changed(verdict), *statements.warnings(findings)),
        footer=f"xaudit {findings.audit.xaudit_version}, plan {findings.audit.plan_sha256[:12]}, "
        f"{findings.audit.created}",
    )


def _explanations(
    findings: Findings, look: Lookup, pictures: Mapping[str, bytes]
) -> tuple[Section, ...]:
    if predictions.alone(findings):
        return predictions.not_applicable()
    return (
        robustness(look),
        places.localization(look),
        credibility.credibility(look),
        places.methods(findings),
        places.gallery(findings, pictures),
    )


def _changed(verdict: Verdict | None) -> tuple[str, ...]:
    changed = verdict is not None and verdict.changed_after_run
    return ("The policy was changed after the run: it is not the planned one.",) if changed else ()


def _counts(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    words = {"pass": "passed", "fail": "failed", "inconclusive": "inconclusive", "waived": "waived"}
    return ", ".join(
        f"{MARKS[w].sign}\u00a0{sum(o.verdict == w for o in verdict.outcomes)}\u00a0{text}"
        for w, text in words.items()
    )


def _answers(look: Lookup) -> tuple[Answer, ...]:
    findings, study, device = look.findings, look.findings.study, look.findings.detector
    sites = f"{numbers.whole(study.sites)} sites" if study.sites is not None else "site unknown"
    points = device.operating_points
    found = results.found_sentence(look, points[0]) if points else "No operating point declared."
    detail = ""
    if points:
        scope = {"operating_point": points[0].name}
        detail = f"Sensitivity {look.cell('sensitivity', **scope)}. "
        detail += f"Specificity {look.cell('specificity', **scope)}."
    return (
        Answer("What was audited?", f"{device.name} {device.version}, {device.architecture}",
               f"Weights SHA-256 {device.weights_sha256[:16]}…" if device.weights_sha256
               else f"Table SHA-256 {study.sha256[:16]}…"),
        Answer("On what?", f"{study.name}: {numbers.whole(study.cases)} cases, "
               f"{numbers.whole(study.positives)} with a fracture",
               f"{numbers.whole(study.patients)} {study.unit}s, {sites}, "
               f"{study.dates or 'dates not declared'}"),
        Answer("Does it find fractures?", found, detail),
        _looks(findings, look),
        Answer("For whom and where not?", results.weakest(look), ""),
    )  # fmt: skip


def _looks(findings: Findings, look: Lookup) -> Answer:
    question = "Does it look at them?"
    if predictions.alone(findings):
        return Answer(question, predictions.WHY)
    return Answer(
        question,
        places.looks_at(look),
        f"{credibility.believed(findings)} "
        f"Maps of {numbers.whole(findings.accountability.explained)} cases.",
    )


def _verdict(findings: Findings, verdict: Verdict | None, look: Lookup) -> Section:
    lead = "No policy was judged, so this card gives no verdict."
    tables: tuple[Table, ...] = ()
    if verdict:
        lead = f"The policy “{verdict.policy}” says: {verdict.overall}. {_counts(verdict)}."
        tables = (
            Table(
                "Rules, each read against the limit of the interval",
                ("Rule", "Verdict", "Measured", "Limit", "Why"),
                tuple(_outcome(one, look) for one in verdict.outcomes),
                f"Policy SHA-256 {verdict.policy_sha256}.{_compared(verdict)}{_stopped(verdict)}",
                marks=tuple(MARKS[one.verdict] for one in verdict.outcomes),
                links=tuple(look.link(one.rule.metric, one.scope) for one in verdict.outcomes),
            ),
        )
    waived = tuple(_waiver(one) for one in verdict.waivers) if verdict else ()
    return Section("verdict", "", "What does the policy say?", lead, waived, tables=tables)


def _waiver(one: Waiver) -> str:
    """Every waiver is printed, whether or not it was needed."""
    scope = ", ".join(f"{key} {value}" for key, value in sorted(one.where.items()))
    return (
        f"Waiver: rule {one.rule} ({scope or 'every outcome'}), {one.owner} until {one.expires}: "
        f"{one.reason}"
    )


def _compared(verdict: Verdict) -> str:
    """Which audit the rules compare with, where they do."""
    there = verdict.baseline
    if there is not None:
        note = f" ({there.note})" if there.note else ""
        return (
            f" Baseline: {there.detector}, audit “{there.audit}”, "
            f"plan SHA-256 {there.plan_sha256}{note}."
        )
    needed = any(one.rule.needs_baseline for one in verdict.outcomes)
    return " No baseline was compared: this is a first run." if needed else ""


def _stopped(verdict: Verdict) -> str:
    """How often the audit was looked at, where it was looked at while it ran."""
    return f" The audit {verdict.looks.text}." if verdict.looks else ""


def _outcome(one: Outcome, look: Lookup) -> tuple[str, ...]:
    unit = look.unit(one.rule.metric)
    bounds = [("at least", one.rule.floor), ("at most", one.rule.ceiling)]
    limits = ", ".join(f"{w} {numbers.bound(v, unit)}" for w, v in bounds if v is not None)
    limits = limits or one.rule.demand
    scope = ", ".join(f"{key} {value}" for key, value in sorted(one.scope.items()))
    signed = one.rule.compares or one.rule.metric.endswith(("_gap", "_drift"))
    shown = numbers.estimate(one.estimate, unit, signed)
    measured = f"{shown}, {numbers.counts(one.estimate)}" if one.estimate else numbers.NONE
    return (
        f"{one.rule.id}: {scope}" if scope else one.rule.id,
        one.verdict,
        measured,
        limits,
        one.why,
    )


def _detector(findings: Findings) -> Section:
    one = findings.detector
    rows = (
        ("Name and version", f"{one.name} {one.version}"),
        *predictions.facts(one),
        *((f"Operating point {p.name}", f"logit above {numbers.plain(p.logit)}, "
           f"{p.origin.replace('_', ' ')}. {p.note}") for p in one.operating_points),
    )  # fmt: skip
    table = Table("Detector", ("Fact", "Value"), rows)
    lead = f"This card is about the file with the {predictions.identity(findings)} and no other."
    return Section("detector", "", "What was audited?", lead,
                   tables=(table, *statements.claims(findings)))  # fmt: skip


def _study(findings: Findings, uses: str) -> Section:
    study, flow, alone = findings.study, findings.accountability, predictions.alone(findings)
    rows = (
        ("Study", study.name),
        ("Source", study.source or _not("declared")),
        ("License", study.license or _not("declared")),
        ("SHA-256", study.sha256),
        ("Cases", f"{numbers.whole(study.cases)}, {numbers.whole(study.positives)} fractured"
         + ("" if alone else f", {numbers.whole(study.lesions)} annotated lesions")),
        ("Independent unit", f"{study.unit}: {numbers.whole(study.patients)}. {study.unit_note}"),
        ("Sites", numbers.whole(study.sites) if study.sites is not None else _not("known")),
        ("Dates", study.dates or _not("declared")),
        ("Rows" if alone else "Explained", flow.sample_why),
        ("Earlier uses", uses or f"{numbers.NONE} (no ledger of test-set use was named)"),
    )  # fmt: skip
    lead = (
        f"{numbers.whole(flow.listed)} cases were listed, {numbers.whole(flow.scored)} scored"
        + ("." if alone else f" and {numbers.whole(flow.explained)} explained with every method.")
    )
    caption = "Listed = excluded + without a score + scored"
    caption += "." if alone else "; drawn + not drawn = all not excluded."
    kinds = Counter((one.kind, one.effect) for one in flow.issues)
    summary = tuple((kind, effect, numbers.whole(n)) for (kind, effect), n in sorted(kinds.items()))
    shown = flow.issues[:ISSUES_SHOWN]
    rest = len(flow.issues) - len(shown)
    note = f"{numbers.whole(rest)} more are in the JSON of this card." if rest else ""
    issues = tuple((i.case_id, i.kind, i.effect, i.detail) for i in shown)
    tables = [Table("Study", ("Fact", "Value"), rows), statements.independence(findings)]
    if issues:
        tables.append(Table("Kinds of issues", ("Kind", "Effect", "Issues"), summary))
        columns = ("Case", "Kind", "Effect", "Detail")
        tables.append(Table("Issues of cases", columns, issues, note, folded=True))
    return Section("study", "", "On which cases?", lead,
                   figures=(Figure(figures.flow(flow, maps=not alone), caption),),
                   tables=tuple(tables))  # fmt: skip


def _not(word: str) -> str:
    return f"{numbers.NONE} (not {word})"


def _elements(elements: Sequence[Element]) -> Section:
    rows = tuple(
        (f"{index}. {one.field.title}", _status(one), one.text or one.field.question,
         asked_for(one.field.name))
        for index, one in enumerate(elements, start=1)
    )  # fmt: skip
    columns = ("Element", "Status", "Declared text, or the question", "Asked for in")
    note = (
        "Declared facts come from the maker and were not verified. Addressed says that something "
        "stands here, not that it suffices. FDA: draft guidance of January 2025, a draft still. "
        "Places marked [unverified] were not checked against the text. CHAI, Hugging Face and "
        "CycloneDX: xaudit card --crosswalk."
    )
    table = Table(
        "Elements", columns, rows, note,
        links=tuple(f"#{one.field.section}" for one in elements),
        anchors=tuple(map(anchor, elements)),
    )  # fmt: skip
    return Section("elements", "", "Elements addressed", crosswalk_lead(elements), tables=(table,))


def _status(one: Element) -> str:
    return f"{one.status}; in question: see the claims" if one.against else one.status


def _with_missing(section: Section, elements: Sequence[Element]) -> Section:
    here = [one for one in elements if one.field.section == section.id]
    said = tuple(
        f"{one.field.title} (declared): {one.text}"
        for one in here
        if one.text and one.field.name not in statements.IN_TABLES
    )
    absent = tuple(
        f"{one.field.title}: not declared, not measured. {one.field.question}"
        for one in here
        if one.status == "missing"
    )
    return replace(section, paragraphs=section.paragraphs + said, missing=section.missing + absent)


def _provenance(findings: Findings) -> Section:
    audit = findings.audit
    rows = (
        ("Plan SHA-256", audit.plan_sha256),
        ("Policy SHA-256, as planned", audit.policy_sha256 or _not("planned")),
        ("Planned at", audit.created),
        ("Seed", numbers.whole(audit.seed)),
        *sorted(findings.provenance.items()),
    )
    lead = "The same plan, data and packages give the same numbers."
    return Section("provenance", "", "Where do the numbers come from?", lead,
                   tables=(statements.signatures(findings),
                           Table("Provenance", ("Fact", "Value"), rows)))  # fmt: skip


def _every_finding(findings: Findings) -> Section:
    count = numbers.whole(len(findings.findings))
    lead = f"{count} findings stand behind this page; each has an address of its own."
    how = (
        "On the screen they are listed here, and #finding= with the name of one opens it. On paper "
        "they are in findings.json, and in the JSON inside this page (element “twin”)."
    )
    return Section("findings", "", "Every finding", lead, paragraphs=(how,))


def _glossary(findings: Findings) -> Section:
    terms, linked = glossary(findings)
    lead = "The words of this card, by the alphabet. The text links to them where they are used."
    return Section("glossary", "", "Glossary", lead, terms=terms, linked=linked)
