"""Section on the study, its flow of cases and what was odd about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from xaudit.core.record.finding import Findings
from xaudit.report.facts import statements
from xaudit.report.language.translation import told, tr, trn, word
from xaudit.report.sections.registry import section
from xaudit.report.tables import predictions
from xaudit.report.view import figures, numbers
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Figure, Section, Table

ISSUES_SHOWN = 40


@section("study", 40)
def study_section(look: Lookup) -> Section:
    """On which cases the detector was audited."""
    findings = look.findings
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
    caption += "." if alone else tr("; sampled + not sampled = all not excluded.")
    table = Table(tr("Study"), (tr("Fact"), tr("Value")), _study_facts(findings, look.uses))
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
        (tr("Source"), study.source or numbers.nothing(tr("not declared"))),
        (tr("License"), study.license or numbers.nothing(tr("not declared"))),
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
            f"{word(study.unit)}: {numbers.whole(study.patients)}. {told(study.unit_note)}",
        ),
        (
            tr("Sites"),
            numbers.whole(study.sites)
            if study.sites is not None
            else numbers.nothing(tr("not known")),
        ),
        (tr("Dates"), study.dates or numbers.nothing(tr("not declared"))),
        (tr("Rows") if alone else tr("Explained"), told(flow.sample_why)),
        (
            tr("Earlier uses"),
            told(uses) if uses else numbers.nothing(tr("no ledger of test-set use was named")),
        ),
    )


def _issues(findings: Findings) -> Iterator[Table]:
    flow = findings.accountability
    if not flow.issues:
        return
    kinds = Counter((issue.kind, issue.effect) for issue in flow.issues)
    summary = tuple(
        (word(kind), word(effect), numbers.whole(n)) for (kind, effect), n in sorted(kinds.items())
    )
    shown = flow.issues[:ISSUES_SHOWN]
    rest = len(flow.issues) - len(shown)
    note = ""
    if rest:
        note = trn("{rest} more are in the JSON of this card.", rest, rest=numbers.whole(rest))
    issues = tuple((i.case_id, word(i.kind), word(i.effect), told(i.detail)) for i in shown)
    columns = (tr("Kind"), tr("Effect"), tr("Issues"))
    yield Table(tr("Kinds of issues"), columns, summary)
    columns_of_cases = (tr("Case"), tr("Kind"), tr("Effect"), tr("Detail"))
    yield Table(tr("Issues of cases"), columns_of_cases, issues, note, folded=True)
