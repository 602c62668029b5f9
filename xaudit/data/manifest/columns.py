"""Roles of the columns of a manifest, before any row is read."""

from __future__ import annotations

from collections.abc import Iterable

from xaudit.core.case import CaseIssue
from xaudit.data.annotations.outlines import forms
from xaudit.data.grouping import check_grouping, group_columns
from xaudit.data.manifest.reading import Reading
from xaudit.data.spec import DataSpec
from xaudit.data.tables.table import ListTable, decimal_commas, read_as_missing
from xaudit.errors import DataError

POSITIVE = frozenset({"1", "1.0", "true", "yes", "fractured", "fracture", "positive"})
NEGATIVE = frozenset(
    {"0", "0.0", "false", "no", "normal", "negative", "not fractured", "non_fractured"}
)
ALIASES = {"mask": "masks"}


def all_roles() -> tuple[str, ...]:
    """What a column can be; the forms in which lesions are written are roles too."""
    first = ("id", "image", "label", "patient", "site", "mask")
    return (*first, *forms(), "split", "photometric", "spacing", "annotator", "examination")


def roles_of(spec: DataSpec, table: ListTable, file: str) -> dict[str, str]:
    """Role → column, for the roles that this manifest has.

    Raises:
        DataError: a declared role or column does not exist, or there is no image or label.
    """
    declared, known = dict(spec.columns), all_roles()
    declared |= {role: name for role in ("patient", "site") if (name := getattr(spec, role))}
    problems = [
        f"data.columns: no role {role!r}; there is: {', '.join(known)}"
        for role in declared
        if role not in known
    ]
    roles = {}
    for role in known:
        names = [declared[role]] if role in declared else [role, ALIASES.get(role, role)]
        there = [name for name in names if name in table.columns]
        if there:
            roles[role] = there[0]
        elif role in declared or role in {"image", "label"}:
            columns = ", ".join(table.columns)
            problems.append(f"{file}: no column {names[0]!r} for the {role}; there is: {columns}")
    if problems:
        raise DataError(problems)
    return roles


def check_values(reading: Reading) -> None:
    """Refuse what is wrong with the declaration or with a whole column.

    Raises:
        DataError: every such mistake.
    """
    spec, roles, missing = reading.spec, reading.roles, reading.missing
    numbers = [*spec.bins, *([roles["spacing"]] if "spacing" in roles else [])]
    splits = spec.split if "split" in roles else ()
    problems = [
        *missing.problems(reading.table.columns),
        *missing.named_values("data.positive", roles["label"], spec.positive),
        *missing.named_values("data.split", roles.get("split", ""), splits),
        *(f"{reading.file} {column}" for column in decimal_commas(reading.table.rows, numbers)),
    ]
    if problems:
        raise DataError(problems)


def missing_issues(reading: Reading) -> list[CaseIssue]:
    """What was read as no value in the columns that are used."""
    used = (*reading.roles.values(), *reading.groups)
    said = read_as_missing(reading.table.rows, used)
    return [CaseIssue("(study)", "read_as_missing", one, "noted") for one in said]


def labels_of(reading: Reading) -> dict[str, bool]:
    """Lower-case label value → fractured."""
    texts = (reading.text(row, "label") for row in reading.table.rows)
    return meanings(texts, reading.spec.positive)


def meanings(texts: Iterable[str], declared: Iterable[str]) -> dict[str, bool]:
    """Lower-case label value → fractured, of those that are known to mean it or not.

    Args:
        texts: of the column of labels.
        declared: values that mean fractured; none for those that mean it by themselves.
    """
    found = {text.lower() for text in texts} - {""}
    named = {value.lower() for value in declared}
    positive = named or POSITIVE
    others = found - positive
    # With declared positives, a single other value can only mean the opposite.
    negative = others if named and len(others) == 1 else NEGATIVE - positive
    return {value: value in positive for value in found if value in positive | negative}


def grouped(reading: Reading) -> tuple[str, ...]:
    """The columns that are groups; those of too many levels are told."""
    # Roles stay out of the tables, except for the site.
    taken = {column for role, column in reading.roles.items() if role != "site"}
    free = [name for name in reading.table.columns if name not in taken]
    check_grouping(reading.spec, reading.file, reading.table, free)
    columns, many = group_columns(reading.spec, reading.table, free)
    for name, detail in many.items():
        if name in reading.spec.groups:
            reading.problems.append(f"data.groups: {detail}")
        reading.issues.append(CaseIssue("(study)", "column_not_grouped", detail, "noted"))
    return columns
