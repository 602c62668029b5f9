"""Tables on what the maker states: claims beside the study, independence, signatures."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.core.finding import Findings
from xaudit.report import numbers, predictions
from xaudit.report.view import MARKS, Table

_WORDS = {
    "agrees": ("the study agrees", "pass"),
    "contradicted": ("contradicted by the study", "fail"),
    "untested": ("never tested", "fail"),
    "few": ("hardly tested", "inconclusive"),
    "unclear": ("cannot be checked", "inconclusive"),
}
IN_TABLES = {"independence", "development_data", "reuse"}
"""Elements whose declared text stands in a table here and is not repeated under it."""
_SIGN_HERE = "to be signed"


def claims(findings: Findings) -> Iterator[Table]:
    """Each claim of the maker and how it stands; nothing where none is made."""
    if not findings.claims:
        return
    rows = tuple((one.claim, _WORDS[one.agreement][0], one.why) for one in findings.claims)
    marks = tuple(MARKS[_WORDS[one.agreement][1]] for one in findings.claims)
    columns = ("Claim of the maker", "How it stands", "Why")
    yield Table("Claims beside the study", columns, rows, marks=marks)


def warnings(findings: Findings) -> tuple[str, ...]:
    """A sentence for each claim that the study contradicts or that was never tested."""
    return tuple(
        f"A claim of the maker, {_WORDS[one.agreement][0]}: {one.claim}. {one.why}"
        for one in findings.claims
        if one.agreement in {"contradicted", "untested"}
    )


def independence(findings: Findings) -> Table:
    """What speaks for test data that development has not seen, and what is only stated."""
    points = findings.detector.operating_points
    fixed = sum(one.origin == "fixed" for one in points)
    rows = (
        ("Patients and sites apart from development", *_declared(findings, "independence")),
        ("Development data", *_declared(findings, "development_data")),
        ("Earlier use of the test data", *_declared(findings, "reuse")),
        ("Images of the study that are copies of another one", *_copies(findings)),
        ("Operating points fixed before the study was seen", "declared",
         f"{numbers.whole(fixed)} of {numbers.whole(len(points))}"),
        ("Policy fixed before the run", "derived",
         "yes, its hash stands in the plan" if findings.audit.policy_sha256 else "no policy"),
    )  # fmt: skip
    note = "Images of development were not at hand: that none of them is here is not measured."
    return Table("Independence of the test data", ("Question", "How it is known", "Answer"), rows,
                 note)  # fmt: skip


def _copies(findings: Findings) -> tuple[str, str]:
    if predictions.alone(findings):
        return ("not applicable", f"{numbers.NONE} (no images were audited)")
    copies = {one.case_id for one in findings.accountability.issues if one.kind == "duplicate"}
    return ("measured", numbers.whole(len(copies)))


def _declared(findings: Findings, name: str) -> tuple[str, str]:
    text = findings.declared.get(name)
    return ("declared", text) if text else ("missing", f"{numbers.NONE} (not stated)")


def signatures(findings: Findings) -> Table:
    """Who answers for the tests, with room to sign."""
    people = tuple(
        (one.name, one.role, one.organization or numbers.NONE, _SIGN_HERE, _SIGN_HERE)
        for one in findings.statements.signatories
    )
    nobody = f"{numbers.NONE} (not stated)"
    open_rows = tuple(
        (nobody, role, nobody, _SIGN_HERE, _SIGN_HERE)
        for role in ("answers for the audit", "answers for the device")
    )
    columns = ("Name", "Role", "Organization", "Date", "Signature")
    note = f"Signed is the card of plan {findings.audit.plan_sha256[:12]} and no other."
    return Table("Signatures", columns, people or open_rows, note, kind="signatures")
