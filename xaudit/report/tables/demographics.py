"""Demographics that the study records, and what is said of those that it does not."""

from __future__ import annotations

import re

from xaudit.core.record.finding import CROSS, Findings
from xaudit.core.record.statements import Unrecorded
from xaudit.report.language.translation import later, tr
from xaudit.report.view import numbers
from xaudit.report.view.model import Table

# The draft guidance of the FDA asks for these (VIII, X.A).
_WORDS = {
    "sex": {"sex", "gender"},
    "age": {"age", "ages"},
    "race": {"race"},
    "ethnicity": {"ethnicity"},
}
_TITLES = {
    "sex": later("sex"),
    "age": later("age"),
    "race": later("race"),
    "ethnicity": later("ethnicity"),
}


def recorded(findings: Findings) -> dict[str, tuple[str, ...]]:
    """Demographic → columns of the study that hold it, by their names; empty where none does."""
    ages = findings.statements.claims.ages
    named = {ages.column} if ages else set()
    return {
        group: tuple(
            column
            for column in findings.study.levels
            if CROSS not in column
            and (words & set(re.findall("[a-z]+", column.lower())) or
                 (group == "age" and column in named))
        )
        for group, words in _WORDS.items()
    }  # fmt: skip


def answered(findings: Findings) -> bool:
    """Whether why, why acceptable and how controlled are stated of all that is not recorded."""
    said = {one.group: one for one in findings.statements.unrecorded}
    absent = [group for group, columns in recorded(findings).items() if not columns]
    return all(group in said and not _holes(said[group]) for group in absent)


def demographics(findings: Findings) -> Table:
    """Every demographic: the column that records it, or the three answers, or a hole."""
    said = {one.group: one for one in findings.statements.unrecorded}
    rows = []
    for group, columns in recorded(findings).items():
        if columns:
            note = tr("yes: {columns}", columns=", ".join(f"“{column}”" for column in columns))
            rows.append((tr(_TITLES[group]), note, *(numbers.NONE,) * 3))
        else:
            rows.append(
                (tr(_TITLES[group]), tr("no"), *_answers(said.get(group, Unrecorded(group))))
            )
    rows += [
        (one.group, tr("not for every case"), *_answers(one))
        for one in findings.statements.unrecorded
        if one.group not in _WORDS
    ]
    columns = (tr("Attribute"), tr("Recorded"), tr("If not: why"), tr("Why this is acceptable"),
               tr("How the risk is controlled"))  # fmt: skip
    note = tr("Where the three answers are not stated, nothing is known of how these people fare.")
    return Table(tr("Who can be told apart in this study"), columns, tuple(rows), note)


def _answers(unrecorded: Unrecorded) -> tuple[str, str, str]:
    hole = f"{numbers.NONE} ({tr('not stated')})"
    return (unrecorded.why or hole, unrecorded.acceptable or hole, unrecorded.controlled or hole)


def _holes(unrecorded: Unrecorded) -> bool:
    return not (unrecorded.why and unrecorded.acceptable and unrecorded.controlled)
