"""A table of scores that a detector gave elsewhere: one row for each case, no image, no network."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from xaudit.core.case import CaseIssue
from xaudit.data.contradictions import patient_contradicts
from xaudit.data.folds import FoldCase, fold_issues, fold_problems
from xaudit.data.levels import bin_name, merge_problems, merged, remedy, too_many_levels
from xaudit.data.missing import Missing
from xaudit.data.numbers import number
from xaudit.data.predictions_spec import Columns, GroupColumn, Scale, TableSpec
from xaudit.data.table import (
    Row,
    Table,
    capped,
    decimal_commas,
    places,
    read_as_missing,
    read_table,
    told_once,
)
from xaudit.data.whole_numbers import without_point
from xaudit.errors import DataError

_ROUNDED, _PERCENT = 1.5, 100
"""A score above 1 that no rounding makes, and the largest percentage."""


@dataclass(frozen=True, slots=True)
class ScoredCase:
    """One row of the table; ``logit`` is None where the detector gave no prediction.

    Attributes:
        logit: infinite for a probability of 0 or 1.
        groups: name → level; empty text where nothing is recorded.
    """

    case_id: str
    patient: str
    label: bool
    logit: float | None
    groups: Mapping[str, str]
    site: str | None
    issues: tuple[CaseIssue, ...] = ()
    fold: str | None = None


@dataclass(frozen=True, slots=True)
class ScoredStudy:
    """The audited rows in their order.

    Attributes:
        issues: about the table as a whole, and what was noted of single rows.
        listed: rows of the table, other splits included.
        splits: those that the audited rows come from, sorted; empty without a split column.
    """

    cases: tuple[ScoredCase, ...]
    issues: tuple[CaseIssue, ...]
    listed: int
    splits: tuple[str, ...] = ()


def read_predictions(spec: TableSpec) -> ScoredStudy:
    """Read a table of predictions and check it row by row.

    Raises:
        DataError: the table cannot be used; every mistake with its row and column.
    """
    missing = Missing.declared(spec.missing, spec.columns.patient)
    table = read_table(spec.table, missing)
    problems = [*_unknown_columns(spec, table), *missing.problems(table.columns)]
    problems = problems or [*_lost_values(spec, missing), *_decimal_commas(spec, table)]
    if problems:
        raise DataError(problems)
    ids = (spec.columns.patient, spec.columns.site, spec.columns.fold)
    table, whole = without_point(table, ids)
    rows = [row for row in table.rows if not spec.split or _split(spec, row) in spec.split]
    if not rows:
        there = ", ".join(repr(one) for one in sorted({_split(spec, row) for row in table.rows}))
        raise DataError(f"data.split: no row has one of {list(spec.split)}; there is: {there}")
    problems = [
        *_declaration_problems(spec, rows),
        *told_once(spec.table.name, _identity_problems(spec, table)),
        *told_once(spec.table.name, (one for row in rows for one in _row_problems(spec, row))),
        *_scale_problems(spec, rows),
        *_fold_problems(spec, rows),
    ]
    if problems:
        raise DataError(capped(problems))
    cases = tuple(_case(spec, row) for row in rows)
    issues = (
        *_missing_issues(spec, rows),
        *(CaseIssue("(table)", "whole_numbers", said, "noted") for said in whole),
        *_split_issues(spec, table, rows),
        *_fold_issues(spec, rows),
        *patient_contradicts("(table)", cases),
        *_lonely(spec, rows),
    )
    splits = sorted({_split(spec, row) for row in rows}) if spec.columns.split else []
    return ScoredStudy(cases, issues, len(table.rows), tuple(splits))


def to_logit(score: float, scale: Scale) -> float:
    """The score as a logit; a probability of 0 or 1 is infinitely far away."""
    if scale == "logit":
        return score
    if score in {0.0, 1.0}:
        return math.inf if score else -math.inf
    return math.log(score / (1 - score))


def _unknown_columns(spec: TableSpec, table: Table) -> Iterator[str]:
    asked = {
        f"data.columns.{one.name}": getattr(spec.columns, one.name) for one in fields(Columns)
    } | {f"data.groups.{name}.column": group.column for name, group in spec.groups.items()}
    if spec.no_prediction:
        asked["data.no_prediction.column"] = spec.no_prediction.column
    for place, name in asked.items():
        if name is not None and name not in table.columns:
            near = difflib.get_close_matches(name, table.columns, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            there = ", ".join(table.columns)
            yield f"{place}: {spec.table.name} has no column {name!r}{hint} There is: {there}"
    if spec.split and spec.columns.split is None:
        yield "data.split: name the column of the splits under data.columns.split"


def _lost_values(spec: TableSpec, missing: Missing) -> Iterator[str]:
    """Values that the audit file names and that would never be seen."""
    for key, column in (("positive", "label"), ("negative", "label"), ("split", "split")):
        name = getattr(spec.columns, column) or ""
        yield from missing.named_values(f"data.{key}", name, getattr(spec, key))
    for name, group in spec.groups.items():
        taken = [*group.names, *(text for texts in group.merge.values() for text in texts)]
        yield from missing.named_values(f"data.groups.{name}", group.column, taken)


def _decimal_commas(spec: TableSpec, table: Table) -> Iterator[str]:
    numbers = [spec.columns.score, *(one.column for one in spec.groups.values() if one.bins)]
    for one in decimal_commas(table.rows, numbers):
        yield f"{spec.table.name} {one}"


def _missing_issues(spec: TableSpec, rows: Sequence[Row]) -> Iterator[CaseIssue]:
    roles = [getattr(spec.columns, one.name) for one in fields(Columns)]
    used = [name for name in roles if name] + [one.column for one in spec.groups.values()]
    for said in read_as_missing(rows, used):
        yield CaseIssue("(table)", "read_as_missing", said, "noted")


def _declaration_problems(spec: TableSpec, rows: Sequence[Row]) -> Iterator[str]:
    both = sorted(set(spec.positive) & set(spec.negative))
    if both:
        yield f"data.positive: {both} stand under data.negative too"
    for name, group in spec.groups.items():
        values = {row.text(group.column) for row in rows}
        yield from _group_problems(f"data.groups.{name}", group, values)


def _group_problems(key: str, group: GroupColumn, values: set[str]) -> Iterator[str]:
    if group.bins and list(group.bins) != sorted(set(group.bins)):
        yield f"{key}.bins: expected ascending borders, got {list(group.bins)}"
    if group.bins and group.merge:
        yield f"{key}: bins are for numbers and merge is for texts; keep one of them"
    left = {_level(value, group) for value in values} if not group.bins else set()
    if too_many_levels(left):
        yield (
            f"{key}: column {group.column!r} has {len(left - {''})} levels, too many for a table; "
            f"{remedy(left, f'{key}.bins', f'{key}.merge')}"
        )
    yield from merge_problems(f"{key}.merge", group.merge, values)
    for value in group.names.keys() - values:
        yield f"{key}.names: column {group.column!r} has no value {value!r}"


def _identity_problems(spec: TableSpec, table: Table) -> Iterator[tuple[Row, str]]:
    """Ids are unique, and a patient has one site, over all rows of the table."""
    columns = spec.columns
    seen: dict[str, str] = {}
    sites: dict[str, tuple[str, str]] = {}
    for row in table.rows:
        case_id = row.text(columns.id)
        if not case_id.isprintable() or not 0 < len(case_id) <= 200:
            said = f"expected 1 to 200 printable characters, got {case_id[:40]!r}"
            yield row, _told(columns.id, said)
        elif case_id in seen:
            yield row, _told(columns.id, f"{case_id!r} is in {seen[case_id]} already")
        seen.setdefault(case_id, row.where)
        if columns.patient is None:
            continue
        patient = row.text(columns.patient)
        if not patient:
            said = f"expected a patient, got {row.said(columns.patient)}"
            yield row, _told(columns.patient, said)
        elif columns.site:
            site = row.text(columns.site)
            first, where = sites.setdefault(patient, (site, row.where))
            if site != first:
                said = (
                    f"{site!r}, but the same patient is at {first!r} in {where}; make ids of "
                    "patients unique over all sites, or take this column as a group instead"
                )
                yield row, _told(columns.site, said)


def _row_problems(spec: TableSpec, row: Row) -> Iterator[tuple[Row, str]]:
    label = row.text(spec.columns.label)
    if label not in spec.positive and label not in spec.negative:
        said = (
            f"expected one of {list(spec.positive)} (fractured) or {list(spec.negative)} (not), "
            f"got {row.said(spec.columns.label)}; see data.positive and data.negative"
        )
        yield row, _told(spec.columns.label, said)
    if not _failed(spec, row):
        said = _score_problem(row, spec.columns.score)
        if said:
            yield row, _told(spec.columns.score, said)
    for group in spec.groups.values():
        if group.bins:
            try:
                bin_name(row.text(group.column), group.bins)
            except ValueError as error:
                yield row, _told(group.column, str(error))


def _score_problem(row: Row, column: str) -> str:
    text = row.text(column)
    try:
        score = number(text)
    except ValueError:
        hint = "" if text else "; rows without a prediction are declared by data.no_prediction"
        return f"expected a number, got {row.said(column)}{hint}"
    return "" if math.isfinite(score) else f"expected a finite number, got {text!r}"


def _scale_problems(spec: TableSpec, rows: Sequence[Row]) -> Iterator[str]:
    """Scores that are no probabilities: one sentence, and what they look like."""
    if spec.scale != "probability":
        return
    column = spec.columns.score
    scored = [row for row in rows if not _failed(spec, row) and not _score_problem(row, column)]
    outside = [row for row in scored if not 0 <= float(row.text(column)) <= 1]
    if not outside:
        return
    all_of_them = [float(row.text(column)) for row in scored]
    low, high = min(all_of_them), max(all_of_them)
    if low < 0:
        advice = "logits are `detector.score: logit`"
    elif _ROUNDED < high <= _PERCENT:
        advice = "if they are percentages, divide them by 100"
    else:
        advice = "look up what the score is, and convert it"
    yield (
        f"{spec.table.name} {places(outside)}, column {column!r}: expected a probability from 0 "
        f"to 1, got {outside[0].text(column)}; so in {len(outside)} of {len(scored)} rows, and all "
        f"scores run from {low:g} to {high:g}; {advice}"
    )


def _told(column: str, text: str) -> str:
    return f", column {column!r}: {text}"


def _split(spec: TableSpec, row: Row) -> str:
    return row.text(spec.columns.split) if spec.columns.split else ""


def _failed(spec: TableSpec, row: Row) -> bool:
    rule = spec.no_prediction
    if rule is None:
        return False
    # A declared "nan" is a missing value like any other.
    declared = {"" if Missing.declared(spec.missing).holds_nothing(rule.column, one) else one
                for one in rule.values}  # fmt: skip
    return row.text(rule.column) in declared


def _case(spec: TableSpec, row: Row) -> ScoredCase:
    columns, case_id = spec.columns, row.text(spec.columns.id)
    issues: tuple[CaseIssue, ...] = ()
    logit = None
    if _failed(spec, row):
        assert spec.no_prediction is not None
        column = spec.no_prediction.column
        detail = f"the detector gave no prediction: {column} is {row.said(column)}"
        issues = (CaseIssue(case_id, "no_prediction", detail, "unreadable"),)
    else:
        logit = to_logit(float(row.text(columns.score)), spec.scale)
    return ScoredCase(
        case_id=case_id,
        patient=row.text(columns.patient) if columns.patient else case_id,
        label=row.text(columns.label) in spec.positive,
        logit=logit,
        groups={name: _level(row.text(one.column), one) for name, one in spec.groups.items()},
        site=row.text(columns.site) or None if columns.site else None,
        issues=issues,
        fold=row.text(columns.fold) if columns.fold else None,
    )


def _level(text: str, group: GroupColumn) -> str:
    if group.bins and text:
        text = bin_name(text, group.bins)
    # A name is that of one value; what is not named may be merged.
    return group.names[text] if text in group.names else merged(text, group.merge)


def _split_issues(spec: TableSpec, table: Table, rows: Sequence[Row]) -> Iterator[CaseIssue]:
    """What was left out, and patients who are on both sides."""
    if len(rows) == len(table.rows):
        return
    audited = set(spec.split)
    for split, count in sorted(Counter(_split(spec, row) for row in table.rows).items()):
        if split not in audited:
            detail = f"{count} rows are of split {split!r}, not of {', '.join(spec.split)}"
            yield CaseIssue("(table)", "other_split", detail, "excluded")
    if spec.columns.patient:
        column = spec.columns.patient
        inside = {row.text(column) for row in rows}
        shared = inside & {
            row.text(column) for row in table.rows if _split(spec, row) not in audited
        }
        if shared:
            ids = [row.text(spec.columns.id) for row in rows if row.text(column) in shared]
            detail = f"{len(shared)} of {len(inside)} audited patients have cases in another split"
            detail += f", among them those of {', '.join(ids[:3])}"
            yield CaseIssue("(table)", "patient_in_two_splits", detail, "noted")


def _fold_cases(spec: TableSpec, rows: Sequence[Row]) -> list[FoldCase]:
    one = spec.columns
    assert one.fold is not None
    return [
        FoldCase(
            where=f"{row.where}, column {one.fold!r}",
            case_id=row.text(one.id),
            fold=row.text(one.fold),
            patient=row.text(one.patient) if one.patient else None,
            site=row.text(one.site) if one.site else None,
            label=row.text(one.label) in spec.positive,
        )
        for row in rows
    ]


def _fold_problems(spec: TableSpec, rows: Sequence[Row]) -> Iterator[str]:
    if spec.folds is not None and spec.columns.fold is not None:
        for one in fold_problems(_fold_cases(spec, rows), spec.folds):
            yield f"{spec.table.name} {one}"


def _fold_issues(spec: TableSpec, rows: Sequence[Row]) -> Iterator[CaseIssue]:
    if spec.folds is not None and spec.columns.fold is not None:
        yield from fold_issues(_fold_cases(spec, rows), spec.folds)


def _lonely(spec: TableSpec, rows: Sequence[Row]) -> Iterator[CaseIssue]:
    """Levels of one case: most often a typing error, and no figure can be given for them."""
    for name, group in spec.groups.items():
        levels = [_level(row.text(group.column), group) for row in rows]
        counts = Counter(levels)
        for row, level in zip(rows, levels, strict=True):
            if counts[level] == 1:
                detail = f"{row.where}, column {group.column!r}: the only case of {name} {level!r}"
                yield CaseIssue(row.text(spec.columns.id), "group_of_one", detail, "noted")
