"""The model card as a view model: every number is a string before a template sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from xaudit.core.finding import Findings
from xaudit.core.policy import Outcome, Verdict, Waiver
from xaudit.report import credibility, figures, numbers, places, predictions, results, statements
from xaudit.report.crosswalk import anchor, asked_for, said_status
from xaudit.report.crosswalk import lead as crosswalk_lead
from xaudit.report.glossary import glossary
from xaudit.report.language import later, stored, tr, trn
from xaudit.report.levels import named
from xaudit.report.lookup import Lookup
from xaudit.report.record import Element, record
from xaudit.report.robustness import robustness
from xaudit.report.shortcuts import shortcuts
from xaudit.report.spoken import sentences_of
from xaudit.report.summary import summary
from xaudit.report.twin import twin
from xaudit.report.view import MARKS, Answer, Figure, ModelCard, Section, Table

ISSUES_SHOWN = 40
_ORIGINS = {"fixed": later("fixed"), "chosen_on_study": later("chosen on study")}


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
        subtitle=tr(
            "Version {version}. Audit “{name}”.", version=device.version, name=findings.audit.name
        ),
        running=f"{device.name} {device.version}, {predictions.identity(findings)}",
        verdict=mark,
        verdict_text=tr("Policy “{policy}”", policy=verdict.policy)
        if verdict
        else tr("No policy was judged."),
        verdict_counts=_counts(verdict),
        answers=_answers(look),
        sections=tuple(
            _with_missing(replace(one, number=str(index)), elements)
            for index, one in enumerate(sections, start=1)
        ),
        twin=twin(findings, verdict, uses),
        sentences=frozenset(sentences_of(findings)),
        warnings=(
            *map(stored, device.warnings),
            *_changed(verdict),
            *statements.warnings(findings),
        ),
        footer=tr(
            "xaudit {xaudit_version}, plan {plan_sha256}, {created}",
            xaudit_version=findings.audit.xaudit_version,
            plan_sha256=findings.audit.plan_sha256[:12],
            created=findings.audit.created,
        ),
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
    return (
        (tr("The policy was changed after the run: it is not the planned one."),) if changed else ()
    )


def _counts(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    words = {"pass": tr("passed"), "fail": tr("failed"), "inconclusive": tr("inconclusive"),
             "waived": tr("waived")}  # fmt: skip
    return ", ".join(
        f"{MARKS[w].sign}\u00a0{sum(o.verdict == w for o in verdict.outcomes)}\u00a0{text}"
        for w, text in words.items()
    )


def _answers(look: Lookup) -> tuple[Answer, ...]:
    findings, study, device = look.findings, look.findings.study, look.findings.detector
    sites = (
        trn("{sites} sites", study.sites, sites=numbers.whole(study.sites))
        if study.sites is not None
        else tr("site unknown")
    )
    points = device.operating_points
    found = (
        results.found_sentence(look, points[0]) if points else tr("No operating point declared.")
    )
    detail = ""
    if points:
        scope = {"operating_point": points[0].name}
        detail = tr("Sensitivity {sensitivity}. ", sensitivity=look.cell("sensitivity", **scope))
        detail += tr("Specificity {specificity}.", specificity=look.cell("specificity", **scope))
    return (
        Answer(
            tr("What was audited?"),
            f"{device.name} {device.version}, {stored(device.architecture)}",
            tr("Weights SHA-256 {weights_sha256}…", weights_sha256=device.weights_sha256[:16])
            if device.weights_sha256
            else tr("Table SHA-256 {sha256}…", sha256=study.sha256[:16]),
        ),
        Answer(
            tr("On what?"),
            tr(
                "{name}: {cases} cases, {positives} with a fracture",
                name=study.name,
                cases=numbers.whole(study.cases),
                positives=numbers.whole(study.positives),
            ),
            f"{numbers.whole(study.patients)} {stored(f'{study.unit}s')}, {sites}, "
            f"{study.dates or tr('dates not declared')}",
        ),
        Answer(tr("Does it find fractures?"), found, detail),
        _looks(findings, look),
        Answer(tr("For whom and where not?"), results.weakest(look), ""),
    )


def _looks(findings: Findings, look: Lookup) -> Answer:
    question = tr("Does it look at them?")
    if predictions.alone(findings):
        return Answer(question, tr(predictions.WHY))
    return Answer(
        question,
        places.looks_at(look),
        tr(
            "{believed} Maps of {explained} cases.",
            believed=credibility.believed(findings),
            explained=numbers.whole(findings.accountability.explained),
        ),
    )


def _verdict(findings: Findings, verdict: Verdict | None, look: Lookup) -> Section:
    lead = tr("No policy was judged, so this card gives no verdict.")
    tables: tuple[Table, ...] = ()
    if verdict:
        lead = tr(
            "The policy “{policy}” says: {overall}. {counts}.",
            policy=verdict.policy,
            overall=tr(verdict.overall),
            counts=_counts(verdict),
        )
        tables = (
            Table(
                tr("Rules, each read against the limit of the interval"),
                (tr("Rule"), tr("Verdict"), tr("Measured"), tr("Limit"), tr("Why")),
                tuple(_outcome(one, look) for one in verdict.outcomes),
                tr(
                    "Policy SHA-256 {policy_sha256}.{compared}",
                    policy_sha256=verdict.policy_sha256,
                    compared=_compared(verdict) + _stopped(verdict),
                ),
                marks=tuple(MARKS[one.verdict] for one in verdict.outcomes),
                links=tuple(look.link(one.rule.metric, one.scope) for one in verdict.outcomes),
            ),
        )
    waived = tuple(_waiver(one) for one in verdict.waivers) if verdict else ()
    title = tr("What does the policy say?")
    return Section("verdict", "", title, lead, waived, tables=tables)


def _waiver(one: Waiver) -> str:
    """Every waiver is printed, whether or not it was needed."""
    scope = ", ".join(f"{key} {named(value)}" for key, value in sorted(one.where.items()))
    return tr(
        "Waiver: rule {rule} ({scope}), {owner} until {day}: {reason}",
        rule=one.rule,
        scope=scope or tr("every outcome"),
        owner=one.owner,
        day=one.expires,
        reason=one.reason,
    )


def _compared(verdict: Verdict) -> str:
    """Which audit the rules compare with, where they do."""
    there = verdict.baseline
    if there is not None:
        note = f" ({there.note})" if there.note else ""
        return tr(
            " Baseline: {detector}, audit “{audit}”, plan SHA-256 {plan_sha256}{note}.",
            detector=there.detector,
            audit=there.audit,
            plan_sha256=there.plan_sha256,
            note=note,
        )
    needed = any(one.rule.needs_baseline for one in verdict.outcomes)
    return tr(" No baseline was compared: this is a first run.") if needed else ""


def _stopped(verdict: Verdict) -> str:
    """How often the audit was looked at, where it was looked at while it ran."""
    return tr(" The audit {looked}.", looked=stored(verdict.looks.text)) if verdict.looks else ""


def _outcome(one: Outcome, look: Lookup) -> tuple[str, ...]:
    unit = look.unit(one.rule.metric)
    bounds = [(tr("at least"), one.rule.floor), (tr("at most"), one.rule.ceiling)]
    limits = ", ".join(f"{w} {numbers.bound(v, unit)}" for w, v in bounds if v is not None)
    limits = limits or stored(one.rule.demand)
    scope = ", ".join(f"{key} {named(value)}" for key, value in sorted(one.scope.items()))
    signed = one.rule.compares or one.rule.metric.endswith(("_gap", "_drift"))
    shown = numbers.estimate(one.estimate, unit, signed)
    measured = f"{shown}, {numbers.counts(one.estimate)}" if one.estimate else numbers.NONE
    return (
        f"{one.rule.id}: {scope}" if scope else one.rule.id,
        tr(one.verdict),
        measured,
        limits,
        stored(one.why),
    )


def _detector(findings: Findings) -> Section:
    one = findings.detector
    rows = (
        (tr("Name and version"), f"{one.name} {one.version}"),
        *predictions.facts(one),
        *(
            (
                tr("Operating point {name}", name=p.name),
                tr(
                    "logit above {logit}, {origin}. {note}",
                    logit=numbers.plain(p.logit),
                    origin=tr(_ORIGINS[p.origin]),
                    note=p.note,
                ),
            )
            for p in one.operating_points
        ),
    )
    table = Table(tr("Detector"), (tr("Fact"), tr("Value")), rows)
    lead = tr(
        "This card is about the file with the {identity} and no other.",
        identity=predictions.identity(findings),
    )
    return Section("detector", "", tr("What was audited?"), lead,
                   tables=(table, *statements.claims(findings)))  # fmt: skip


def _study(findings: Findings, uses: str) -> Section:
    flow, alone = findings.accountability, predictions.alone(findings)
    lead = tr(
        "{listed} cases were listed, {scored} scored",
        listed=numbers.whole(flow.listed),
        scored=numbers.whole(flow.scored),
    ) + (
        "."
        if alone
        else tr(
            " and {explained} explained with every method.", explained=numbers.whole(flow.explained)
        )
    )
    caption = tr("Listed = excluded + without a score + scored")
    caption += "." if alone else tr("; drawn + not drawn = all not excluded.")
    table = Table(tr("Study"), (tr("Fact"), tr("Value")), _study_facts(findings, uses))
    tables = (table, statements.independence(findings), *_issues(findings))
    return Section(
        "study",
        "",
        tr("On which cases?"),
        lead,
        figures=(Figure(figures.flow(flow, maps=not alone), caption),),
        tables=tables,
    )


def _study_facts(findings: Findings, uses: str) -> tuple[tuple[str, str], ...]:
    study, flow, alone = findings.study, findings.accountability, predictions.alone(findings)
    return (
        (tr("Study"), study.name),
        (tr("Source"), study.source or _not(tr("not declared"))),
        (tr("License"), study.license or _not(tr("not declared"))),
        ("SHA-256", study.sha256),
        (
            tr("Cases"),
            tr(
                "{cases}, {positives} fractured",
                cases=numbers.whole(study.cases),
                positives=numbers.whole(study.positives),
            )
            + (
                ""
                if alone
                else tr(", {lesions} annotated lesions", lesions=numbers.whole(study.lesions))
            ),
        ),
        (
            tr("Independent unit"),
            f"{stored(study.unit)}: {numbers.whole(study.patients)}. {stored(study.unit_note)}",
        ),
        (
            tr("Sites"),
            numbers.whole(study.sites) if study.sites is not None else _not(tr("not known")),
        ),
        (tr("Dates"), study.dates or _not(tr("not declared"))),
        (tr("Rows") if alone else tr("Explained"), stored(flow.sample_why)),
        (
            tr("Earlier uses"),
            stored(uses)
            if uses
            else f"{numbers.NONE} ({tr('no ledger of test-set use was named')})",
        ),
    )


def _issues(findings: Findings) -> Iterator[Table]:
    flow = findings.accountability
    if not flow.issues:
        return
    kinds = Counter((one.kind, one.effect) for one in flow.issues)
    summary = tuple(
        (stored(kind), stored(effect), numbers.whole(n))
        for (kind, effect), n in sorted(kinds.items())
    )
    shown = flow.issues[:ISSUES_SHOWN]
    rest = len(flow.issues) - len(shown)
    note = ""
    if rest:
        note = trn("{rest} more are in the JSON of this card.", rest, rest=numbers.whole(rest))
    issues = tuple((i.case_id, stored(i.kind), stored(i.effect), stored(i.detail)) for i in shown)
    columns = (tr("Kind"), tr("Effect"), tr("Issues"))
    yield Table(tr("Kinds of issues"), columns, summary)
    columns_of_cases = (tr("Case"), tr("Kind"), tr("Effect"), tr("Detail"))
    yield Table(tr("Issues of cases"), columns_of_cases, issues, note, folded=True)


def _not(said: str) -> str:
    return f"{numbers.NONE} ({said})"


def _elements(elements: Sequence[Element]) -> Section:
    rows = tuple(
        (f"{index}. {tr(one.field.title)}", _status(one), one.text or tr(one.field.question),
         asked_for(one.field.name))
        for index, one in enumerate(elements, start=1)
    )  # fmt: skip
    columns = (
        tr("Element"),
        tr("Status"),
        tr("Declared text, or the question"),
        tr("Asked for in"),
    )
    note = tr(
        "Declared facts come from the maker and were not verified. Addressed says "
        "that something stands here, not that it suffices. FDA: draft guidance of "
        "January 2025, a draft still. Places marked [unverified] were not checked "
        "against the text. CHAI, Hugging Face and CycloneDX: xaudit card "
        "--crosswalk."
    )
    table = Table(
        tr("Elements"), columns, rows, note,
        links=tuple(f"#{one.field.section}" for one in elements),
        anchors=tuple(map(anchor, elements)),
    )  # fmt: skip
    return Section(
        "elements", "", tr("Elements addressed"), crosswalk_lead(elements), tables=(table,)
    )


def _status(one: Element) -> str:
    return (
        tr("{status}; in question: see the claims", status=said_status(one))
        if one.against
        else said_status(one)
    )


def _with_missing(section: Section, elements: Sequence[Element]) -> Section:
    here = [one for one in elements if one.field.section == section.id]
    said = tuple(
        tr("{title} (declared): {text}", title=tr(one.field.title), text=one.text)
        for one in here
        if one.text and one.field.name not in statements.IN_TABLES
    )
    absent = tuple(
        tr(
            "{title}: not declared, not measured. {question}",
            title=tr(one.field.title),
            question=tr(one.field.question),
        )
        for one in here
        if one.status == "missing"
    )
    return replace(section, paragraphs=section.paragraphs + said, missing=section.missing + absent)


def _provenance(findings: Findings) -> Section:
    audit = findings.audit
    rows = (
        (tr("Plan SHA-256"), audit.plan_sha256),
        (tr("Policy SHA-256, as planned"), audit.policy_sha256 or _not(tr("not planned"))),
        (tr("Planned at"), audit.created),
        (tr("Seed"), numbers.whole(audit.seed)),
        *((stored(name), stored(fact)) for name, fact in sorted(findings.provenance.items())),
    )
    lead = tr("The same plan, data and packages give the same numbers.")
    return Section("provenance", "", tr("Where do the numbers come from?"), lead,
                   tables=(statements.signatures(findings),
                           Table(tr("Provenance"), (tr("Fact"), tr("Value")), rows)))  # fmt: skip


def _every_finding(findings: Findings) -> Section:
    count = numbers.whole(len(findings.findings))
    lead = tr(
        "{count} findings stand behind this page; each has an address of its own.", count=count
    )
    how = tr(
        "On the screen they are listed here, and #finding= with the name of one "
        "opens it. On paper they are in findings.json, and in the JSON inside this "
        "page (element “twin”)."
    )
    return Section("findings", "", tr("Every finding"), lead, paragraphs=(how,))


def _glossary(findings: Findings) -> Section:
    terms, linked = glossary(findings)
    lead = tr(
        "The words of this card, by the alphabet. The text links to them where they are used."
    )
    return Section("glossary", "", tr("Glossary"), lead, terms=terms, linked=linked)
