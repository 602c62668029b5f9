"""Section on the detector: which one it was, and what is known of it."""

from __future__ import annotations

from xaudit.report.facts import statements
from xaudit.report.language.translation import later, tr
from xaudit.report.sections.operating_points import above
from xaudit.report.sections.registry import section
from xaudit.report.tables import predictions
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Section, Table

_ORIGINS = {"fixed": later("fixed"), "chosen_on_study": later("chosen on study")}


@section("detector", 30, appendix=True)
def detector(look: Lookup) -> Section:
    """Which detector was audited."""
    findings, one = look.findings, look.findings.detector
    rows = (
        (tr("Name and version"), f"{one.name} {one.version}"),
        *predictions.facts(one, findings.provenance.get(predictions.SANDBOX)),
        *(
            (
                tr("Operating point {name}", name=p.name),
                tr(
                    "{above}, {origin}. {note}",
                    above=above(p),
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
