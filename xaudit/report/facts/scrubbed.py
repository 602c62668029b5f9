"""Section of a scrubbed copy: of which audit it is, and what was taken out."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.core.record.finding import Findings
from xaudit.report.language.translation import later, tr, word
from xaudit.report.view import numbers
from xaudit.report.view.model import Table

KINDS = {
    "case_ids": later("ids of cases"),
    "patient_codes": later("codes of patients"),
    "image_hashes": later("hashes of image files"),
    "tables": later("tables of single cases"),
    "radiographs": later("radiographs"),
    "maps": later("maps, masks and numbers of single images"),
    "places": later("names of places in subgroups"),
    "dates": later("dates"),
    "oldest": later("ages over 89, births that long ago, addresses"),
    "written": later("texts and names that persons wrote"),
    "details": later("details of issues"),
    "small_groups": later("subgroups that are too small, or that would show one"),
    "signatures": later("signatures"),
    "other_files": later("other files in the folder"),
}
"""Kinds of things that a copy leaves out or replaces, for a reader."""


def scrubbed_warning(findings: Findings) -> tuple[str, ...]:
    """One sentence on the first screen of a copy; none of an audit."""
    copy = findings.scrubbed
    if copy is None:
        return ()
    return (
        tr(
            "Scrubbed copy of the audit with plan {plan}: single cases are not in it, and "
            "subgroups with fewer than {k} patients of a kind are put together without numbers, so "
            "rules on them decide nothing here. Verdict of the original: {verdict}.",
            plan=copy.plan_sha256[:12],
            k=numbers.whole(copy.k),
            verdict=word(copy.verdict) if copy.verdict else tr("none was saved"),
        ),
    )


def scrubbed_tables(findings: Findings) -> Iterator[Table]:
    """What was taken out, and of what it is a copy; nothing of an audit."""
    copy = findings.scrubbed
    if copy is None:
        return
    rows = (
        (tr("Plan SHA-256 of the original"), copy.plan_sha256),
        (tr("SHA-256 of its hashes.json"), copy.original),
        (tr("SHA-256 of its findings"), copy.findings_sha256),
        (tr("Patients of a kind that a subgroup has to have"), numbers.whole(copy.k)),
        *(
            (tr("Taken out or replaced: {kind}", kind=tr(KINDS[kind])), numbers.whole(count))
            for kind, count in copy.removed.items()
            if kind in KINDS and not (kind == "written" and copy.written_kept)
        ),
        *(
            ((tr("Texts and names that persons wrote"), tr("kept, without dates and ids")),)
            if copy.written_kept
            else ()
        ),
    )
    yield Table(tr("Scrubbed copy"), (tr("Fact"), tr("Value")), rows)
