"""The model card as a view model: every number is a string before a template sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from string import ascii_uppercase

from xaudit.core.record.finding import Findings
from xaudit.core.record.policy import Verdict
from xaudit.report.elements.embedded_json import twin
from xaudit.report.elements.record import Element, record
from xaudit.report.facts import rescored, statements
from xaudit.report.facts.scrubbed import scrubbed_warning
from xaudit.report.facts.warnings import suspicions, unverified_warnings
from xaudit.report.front.page import front_page
from xaudit.report.language.translation import told, tr, trn, word
from xaudit.report.sections import credibility
from xaudit.report.sections.policy import counts
from xaudit.report.sections.registry import sections_of
from xaudit.report.tables import predictions
from xaudit.report.tables.interventions import decides
from xaudit.report.tables.weakest import weakest
from xaudit.report.view import numbers
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import MARKS, Answer, ModelCard, Section
from xaudit.report.view.page_language import sentences_of
from xaudit.report.view.small_samples import explained

_NAMED = 6
_ROOM = 240


def build_card(
    findings: Findings,
    verdict: Verdict | None,
    pictures: Mapping[str, bytes],
    uses: str = "",
    unverified: Sequence[str] = (),
) -> ModelCard:
    """The card of an audit.

    Args:
        findings: of the run.
        verdict: of the policy; None where none was judged.
        pictures: file name → PNG, for every picture that the gallery names.
        uses: how often the study was used before; empty where no ledger was kept.
        unverified: which files were not those that the run wrote, a line each, where the card
            is printed all the same.

    Raises:
        ValueError: a picture is not a PNG.
    """
    look, elements = Lookup(findings, verdict, pictures, uses), record(findings)
    sections = tuple(
        _with_missing(explained(one), elements) for one in _numbered(tuple(sections_of(look)))
    )
    device = findings.detector
    mark = MARKS[verdict.overall] if verdict else None
    return ModelCard(
        title=device.name,
        subtitle=tr(
            "Version {version}. Audit “{name}”. {architecture}. {identified}",
            version=device.version,
            name=findings.audit.name,
            architecture=word(device.architecture),
            identified=_identified(findings),
        ),
        running=f"{device.name} {device.version}, {predictions.identity(findings)}",
        verdict=mark,
        verdict_text=tr("Policy “{policy}”", policy=verdict.policy)
        if verdict
        else tr("No policy was judged."),
        verdict_counts=counts(verdict),
        answers=tuple(_answers(look, elements)),
        sections=sections,
        front=front_page(look, sections),
        twin=twin(findings, verdict, uses, unverified),
        sentences=sentences_of(findings),
        warnings=(
            *scrubbed_warning(findings),
            *suspicions(findings),
            *_unverified(verdict, unverified),
            *map(told, device.warnings),
            *rescored.warnings(findings),
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


def _unverified(verdict: Verdict | None, files: Sequence[str]) -> tuple[str, ...]:
    """Of the files of this page, and of those of the verdict that it prints."""
    judged = verdict.unverified if verdict else ()
    return unverified_warnings(tuple(dict.fromkeys((*files, *judged))))


def _changed(verdict: Verdict | None) -> tuple[str, ...]:
    changed = verdict is not None and verdict.changed_after_run
    return (
        (tr("The policy was changed after the run: it is not the planned one."),) if changed else ()
    )


def _answers(look: Lookup, elements: Sequence[Element]) -> Iterator[Answer]:
    findings, study = look.findings, look.findings.study
    sites = (
        trn("{sites} sites", study.sites, sites=numbers.whole(study.sites))
        if study.sites is not None
        else tr("site unknown")
    )
    facts = (
        tr(
            "{name}: {cases} cases, {positives} with a fracture",
            name=study.name,
            cases=numbers.whole(study.cases),
            positives=numbers.whole(study.positives),
        ),
        f"{numbers.whole(study.patients)} {word(f'{study.unit}s')}",
        sites,
        study.dates or tr("dates not declared"),
    )
    yield Answer(tr("Intended use"), _intended(findings))
    yield Answer(tr("On what?"), ", ".join(facts))
    decision = decides(look)
    # What outweighs all else stands above all of these.
    said = tr("No: see above.") if decision.denied else decision.text
    yield Answer(tr("Does the fracture decide?"), said, decision.detail)
    yield _maps_answer(findings)
    yield Answer(tr("Where is it weakest?"), weakest(look), "")
    yield Answer(tr("What is not known?"), _unknown(elements), "")


def _intended(findings: Findings) -> str:
    said = findings.declared.get("intended_use")
    if not said:
        return tr("not declared")
    return said if len(said) <= _ROOM else f"{said[:_ROOM].rstrip()}…"


def _unknown(elements: Sequence[Element]) -> str:
    """What was neither measured nor declared, by name as far as there is room."""
    absent = [tr(one.field.title) for one in elements if one.status == "missing"]
    if not absent:
        return tr("Every element was measured or declared.")
    named = ", ".join(absent[:_NAMED])
    rest = len(absent) - _NAMED
    if rest <= 0:
        return tr("Neither measured nor declared: {named}.", named=named)
    return tr("Neither measured nor declared: {named}, and {rest} more.", named=named,
              rest=numbers.whole(rest))  # fmt: skip


def _identified(findings: Findings) -> str:
    device = findings.detector
    if device.weights_sha256:
        return tr("Weights SHA-256 {weights_sha256}…", weights_sha256=device.weights_sha256[:16])
    if not predictions.alone(findings):
        return tr("No file identifies it: {where}", where=device.elsewhere or device.architecture)
    return tr("Table SHA-256 {sha256}…", sha256=findings.study.sha256[:16])


def _maps_answer(findings: Findings) -> Answer:
    question = tr("May its maps be believed?")
    if predictions.alone(findings):
        return Answer(question, tr(predictions.WHY))
    maps = numbers.whole(findings.accountability.explained)
    said = tr("{believed} Maps of {explained} cases.",
              believed=credibility.believed(findings), explained=maps)  # fmt: skip
    return Answer(question, said)


def _numbered(sections: Sequence[Section]) -> Iterator[Section]:
    """Those that decide from 1, appendices from A."""
    before = sum(not one.appendix for one in sections)
    for index, one in enumerate(sections):
        yield replace(one, number=_letter(index - before) if one.appendix else str(index + 1))


def _letter(index: int) -> str:
    """A to Z, then AA, AB and so on."""
    before, last = divmod(index, len(ascii_uppercase))
    return (_letter(before - 1) if before else "") + ascii_uppercase[last]


def _with_missing(section: Section, elements: Sequence[Element]) -> Section:
    here = [element for element in elements if element.field.section == section.id]
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
