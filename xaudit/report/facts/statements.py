"""Tables on what the maker states: claims beside the study, independence, signatures."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.core.record.finding import Findings
from xaudit.report.language.translation import later, told, tr
from xaudit.report.tables import predictions
from xaudit.report.view import numbers
from xaudit.report.view.model import MARKS, Table

_WORDS = {
    "agrees": (later("the study agrees"), "pass"),
    "contradicted": (later("contradicted by the study"), "fail"),
    "untested": (later("never tested"), "fail"),
    "few": (later("hardly tested"), "inconclusive"),
    "unclear": (later("cannot be checked"), "inconclusive"),
}
IN_TABLES = {"independence", "development_data", "reuse"}
"""Elements whose declared text stands in a table here and is not repeated under it."""
_SIGN_HERE = later("to be signed")


def claims(findings: Findings) -> Iterator[Table]:
    """Each claim of the maker and how it stands; nothing where none is made."""
    if not findings.claims:
        return
    rows = tuple(
        (told(claim.claim), tr(_WORDS[claim.agreement][0]), told(claim.why))
        for claim in findings.claims
    )
    marks = tuple(MARKS[_WORDS[claim.agreement][1]] for claim in findings.claims)
    columns = (tr("Claim of the maker"), tr("How it stands"), tr("Why"))
    yield Table(tr("Claims beside the study"), columns, rows, marks=marks)


def warnings(findings: Findings) -> tuple[str, ...]:
    """A sentence for each claim that the study contradicts or that was never tested."""
    return tuple(
        tr(
            "A claim of the maker, {words}: {claim}. {why}",
            words=tr(_WORDS[claim.agreement][0]),
            claim=told(claim.claim),
            why=told(claim.why),
        )
        for claim in findings.claims
        if claim.agreement in {"contradicted", "untested"}
    )


def independence(findings: Findings) -> Table:
    """What speaks for test data that development has not seen, and what is only stated."""
    points = findings.detector.operating_points
    fixed = sum(point.origin == "fixed" for point in points)
    rows = (
        (tr("Patients and sites apart from development"), *_declared(findings, "independence")),
        (tr("Development data"), *_declared(findings, "development_data")),
        (tr("Earlier use of the test data"), *_declared(findings, "reuse")),
        (tr("Images of the study that are copies of another one"), *_copies(findings)),
        (
            tr("Operating points fixed before the study was seen"),
            tr("declared"),
            tr(
                "{fixed} of {points}", fixed=numbers.whole(fixed), points=numbers.whole(len(points))
            ),
        ),
        (
            tr("Policy fixed before the run"),
            tr("derived"),
            tr("yes, its hash stands in the plan")
            if findings.audit.policy_sha256
            else tr("no policy"),
        ),
    )
    note = tr("Images of development were not at hand: that none of them is here is not measured.")
    return Table(
        tr("Independence of the test data"),
        (tr("Question"), tr("How it is known"), tr("Answer")),
        rows,
        note,
    )


def _copies(findings: Findings) -> tuple[str, str]:
    if predictions.alone(findings):
        return (tr("not applicable"), f"{numbers.NONE} ({tr('no images were audited')})")
    copies = {
        issue.case_id for issue in findings.accountability.issues if issue.kind == "duplicate"
    }
    return (tr("measured"), numbers.whole(len(copies)))


def _declared(findings: Findings, name: str) -> tuple[str, str]:
    text = findings.declared.get(name)
    return (
        (tr("declared"), text) if text else (tr("missing"), f"{numbers.NONE} ({tr('not stated')})")
    )


def signatures(findings: Findings) -> Table:
    """Who answers for the tests, with room to sign."""
    people = tuple(
        (
            signatory.name,
            signatory.role,
            signatory.organization or numbers.NONE,
            *(tr(_SIGN_HERE),) * 2,
        )
        for signatory in findings.statements.signatories
    )
    nobody = f"{numbers.NONE} ({tr('not stated')})"
    open_rows = tuple(
        (nobody, role, nobody, *(tr(_SIGN_HERE),) * 2)
        for role in (tr("answers for the audit"), tr("answers for the device"))
    )
    columns = (tr("Name"), tr("Role"), tr("Organization"), tr("Date"), tr("Signature"))
    note = tr(
        "Signed is the card of plan {plan_sha256} and no other.",
        plan_sha256=findings.audit.plan_sha256[:12],
    )
    return Table(tr("Signatures"), columns, people or open_rows, note, kind="signatures")
