"""Sections at the end of the card, where a reader looks things up."""

from __future__ import annotations

from xaudit.report.facts import rescored, statements
from xaudit.report.facts.scrubbed import scrubbed_tables
from xaudit.report.language.translation import told, tr, word
from xaudit.report.sections.registry import section
from xaudit.report.view import glossary, numbers
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Section, Table


@section("provenance", 910, appendix=True)
def provenance(look: Lookup) -> Section:
    """What the numbers depend on."""
    findings = look.findings
    audit = findings.audit
    rows = (
        (tr("Plan SHA-256"), audit.plan_sha256),
        (
            tr("Policy SHA-256, as planned"),
            audit.policy_sha256 or numbers.nothing(tr("not planned")),
        ),
        (tr("Planned at"), audit.created),
        (tr("Seed"), numbers.whole(audit.seed)),
        *((word(name), told(fact)) for name, fact in sorted(findings.provenance.items())),
    )
    return Section("provenance", "", tr("Where do the numbers come from?"),
                   rescored.same_again(findings), paragraphs=rescored.details(findings),
                   tables=(statements.signatures(findings), *scrubbed_tables(findings),
                           Table(tr("Provenance"), (tr("Fact"), tr("Value")), rows)))  # fmt: skip


@section("findings", 920, appendix=True)
def every_finding(look: Lookup) -> Section:
    """Where all findings are."""
    findings = look.findings
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


@section("glossary", 930, appendix=True)
def words(look: Lookup) -> Section:
    """The words of this card."""
    findings = look.findings
    terms, linked = glossary.glossary(findings)
    lead = tr(
        "The words of this card, by the alphabet. The text links to them where they are used."
    )
    return Section("glossary", "", tr("Glossary"), lead, terms=terms, linked=linked)
