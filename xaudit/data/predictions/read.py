"""A table of scores that a detector gave elsewhere: one row for each case, no image, no network."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray, CaseIssue
from xaudit.core.message import Message
from xaudit.data.contradictions import patient_contradicts
from xaudit.data.folds import FoldCase, fold_issues, fold_problems
from xaudit.data.predictions.scored import ScoredCase, ScoredCases
from xaudit.data.predictions.spec import Columns, GroupColumn, Scale, TableSpec
from xaudit.data.tables.coded import ColumnTable
from xaudit.data.tables.columns import read_columns
from xaudit.data.tables.levels import bin_name, merge_problems, merged, remedy, too_many_levels
from xaudit.data.tables.missing import Missing
from xaudit.data.tables.numbers import number
from xaudit.data.tables.table import DECIMAL_COMMA, Row, capped, places, told_once
from xaudit.data.tables.texts import Texts
from xaudit.data.tables.whole_numbers import column_without_point
from xaudit.errors import DataError

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
_ROUNDED, _PERCENT = 1.5, 100
"""A score above 1 that no rounding makes, and the largest percentage."""
_LONGEST = 200
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class ScoredStudy:
    """The audited rows in their order.

    Attributes:
        issues: about the table as a whole, and what was noted of single rows.
        listed: rows of the table, other splits included.
        splits: those that the audited rows come from, sorted; empty without a split column.
    """

    cases: Sequence[ScoredCase]
    issues: tuple[CaseIssue, ...]
    listed: int
    splits: tuple[str, ...] = ()


def read_predictions(spec: TableSpec) -> ScoredStudy:
    """Read a table of predictions and check it row by row.

    Raises:
        DataError: the table cannot be used; every mistake with its row and column.
    """
    missing = Missing.declared(spec.missing, spec.columns.patient)
    table = read_columns(spec.table, missing)
    problems = [*_unknown_columns(spec, table), *missing.problems(table.columns)]
    problems = problems or [*_lost_values(spec, missing), *_decimal_commas(spec, table)]
    if problems:
        raise DataError(problems)
    table, whole = _without_point(spec, table)
    splits = _splits(spec, table)
    kept = np.flatnonzero(splits.where(lambda text: not spec.split or text in spec.split))
    if not len(kept):
        there = ", ".join(repr(one) for one in sorted(splits.used()))
        raise DataError(f"data.split: no row has one of {list(spec.split)}; there is: {there}")
    audited = table.at(kept)
    problems = [
        *_declaration_problems(spec, audited),
        *told_once(spec.table.name, _identity_problems(spec, table)),
        *told_once(spec.table.name, _all_row_problems(spec, audited)),
        *_scale_problems(spec, audited),
        *_fold_problems(spec, audited),
    ]
    if problems:
        raise DataError(capped(problems))
    cases = _cases(spec, audited)
    issues = (
        *_missing_issues(spec, audited),
        *(CaseIssue("(table)", "whole_numbers", said, "noted") for said in whole),
        *_split_issues(spec, table, kept),
        *_fold_issues(spec, audited),
        *patient_contradicts("(table)", *cases.in_doubt()),
        *_lonely(spec, audited, cases),
    )
    named = sorted(splits.at(kept).used()) if spec.columns.split else []
    return ScoredStudy(cases, issues, len(table), tuple(named))


def to_logit(score: float, scale: Scale) -> float:
    """The score as a logit; a probability of 0 or 1 is infinitely far away."""
    if scale == "logit":
        return score
    if score in {0.0, 1.0}:
        return math.inf if score else -math.inf
    return math.log(score / (1 - score))


def _unknown_columns(spec: TableSpec, table: ColumnTable) -> Iterator[str]:
    asked = {
        f"data.columns.{field.name}": getattr(spec.columns, field.name) for field in fields(Columns)
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


def _decimal_commas(spec: TableSpec, table: ColumnTable) -> Iterator[str]:
    """Numbers with decimal commas, which might be thousands: one sentence for each column."""
    numbers = [spec.columns.score, *(group.column for group in spec.groups.values() if group.bins)]
    for name in dict.fromkeys(numbers):
        found = np.flatnonzero(table.cells[name].where(DECIMAL_COMMA.fullmatch))
        if len(found):
            first = int(found[0])
            yield (
                f"{spec.table.name} {table.where(first)}, column {name!r}: expected a decimal "
                f"point, got {table.cells[name][first]!r}, and so in {len(found)} rows; write "
                "numbers with points"
            )


def _without_point(spec: TableSpec, table: ColumnTable) -> tuple[ColumnTable, list[str]]:
    """7 for 7.0 among ids, and what is to be said of that."""
    cells, notes = dict(table.cells), []
    for name in dict.fromkeys((spec.columns.patient, spec.columns.site, spec.columns.fold)):
        if name is not None:
            cells[name], said = column_without_point(name, cells[name])
            notes += said
    return replace(table, cells=cells), notes


def _splits(spec: TableSpec, table: ColumnTable) -> Texts:
    if spec.columns.split:
        return table.cells[spec.columns.split]
    return Texts(("",), np.zeros(len(table), dtype=np.int32))


def _missing_issues(spec: TableSpec, table: ColumnTable) -> Iterator[CaseIssue]:
    roles = [getattr(spec.columns, field.name) for field in fields(Columns)]
    used = [name for name in roles if name] + [group.column for group in spec.groups.values()]
    for said in table.read_as_missing(used):
        yield CaseIssue("(table)", "read_as_missing", said, "noted")


def _declaration_problems(spec: TableSpec, table: ColumnTable) -> Iterator[str]:
    both = sorted(set(spec.positive) & set(spec.negative))
    if both:
        yield f"data.positive: {both} stand under data.negative too"
    for name, group in spec.groups.items():
        yield from _group_problems(f"data.groups.{name}", group, table.cells[group.column].used())


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


def _identity_problems(spec: TableSpec, table: ColumnTable) -> Iterator[tuple[Row, str]]:
    """Ids are unique, and a patient has one site, over all rows of the table."""
    columns, ids = spec.columns, table.cells[spec.columns.id]
    patients = table.cells[columns.patient].told(str) if columns.patient else None
    if not _suspect(ids, patients, table.cells[columns.site] if columns.site else None):
        return
    seen: dict[str, str] = {}
    sites: dict[str, tuple[str, str]] = {}
    for row in table.rows(np.ones(len(table), dtype=bool)):
        case_id = row.text(columns.id)
        if not _is_id(case_id):
            said = f"expected 1 to 200 printable characters, got {case_id[:40]!r}"
            yield row, _told(columns.id, said)
        elif case_id in seen:
            yield row, _told(columns.id, f"{case_id!r} is in {seen[case_id]} already")
        seen.setdefault(case_id, row.where)
        yield from _patient_problems(columns, row, sites)


def _patient_problems(
    columns: Columns, row: Row, sites: dict[str, tuple[str, str]]
) -> Iterator[tuple[Row, str]]:
    """No patient, or one whose site was another before; ``sites`` takes the first of each."""
    if columns.patient is None:
        return
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


def _suspect(ids: Texts, patients: Texts | None, sites: Texts | None) -> bool:
    """Whether a look at every row is worth while: an id twice or none, a patient at two sites."""
    if not ids.all_different() or not all(map(_is_id, ids.values())):
        return True
    if patients is None:
        return False
    if "" in patients.used():
        return True
    if sites is None:
        return False
    # Which of the rows of a patient this leaves does not matter: all have to have the same site.
    home = np.zeros(len(patients.texts), dtype=np.int32)
    codes = sites.told(str).codes
    home[patients.codes] = codes
    return bool((home[patients.codes] != codes).any())


def _is_id(text: str) -> bool:
    return text.isprintable() and 0 < len(text) <= _LONGEST


def _all_row_problems(spec: TableSpec, table: ColumnTable) -> Iterator[tuple[Row, str]]:
    """Of the rows of which a text by itself, or none, tells that something may be wrong."""
    labels, column = {*spec.positive, *spec.negative}, spec.columns.score
    failed = _failed(spec, table)
    bad = table.cells[spec.columns.label].where(lambda text: text not in labels)
    bad |= ~failed & table.cells[column].where(_no_score)
    for group in spec.groups.values():
        if group.bins:
            bad |= table.cells[group.column].where(partial(_no_bin, group=group))
    for at in np.flatnonzero(bad):
        yield from _row_problems(spec, table.row(int(at)), failed=bool(failed[at]))


def _no_score(text: str) -> bool:
    try:
        return not math.isfinite(number(text))
    except ValueError:
        return True


def _no_bin(text: str, group: GroupColumn) -> bool:
    try:
        bin_name(text, group.bins)
    except ValueError:
        return True
    return False


def _row_problems(spec: TableSpec, row: Row, *, failed: bool) -> Iterator[tuple[Row, str]]:
    label = row.text(spec.columns.label)
    if label not in spec.positive and label not in spec.negative:
        said = (
            f"expected one of {list(spec.positive)} (fractured) or {list(spec.negative)} (not), "
            f"got {row.said(spec.columns.label)}; see data.positive and data.negative"
        )
        yield row, _told(spec.columns.label, said)
    if not failed:
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


def _scale_problems(spec: TableSpec, table: ColumnTable) -> Iterator[str]:
    """Scores that are no probabilities: one sentence, and what they look like."""
    if spec.scale != "probability":
        return
    column = spec.columns.score
    scores = _numbers(table.cells[column])
    scored = ~_failed(spec, table) & np.isfinite(scores)
    outside = np.flatnonzero(scored & ((scores < 0) | (scores > 1)))
    if not len(outside):
        return
    low, high = float(scores[scored].min()), float(scores[scored].max())
    if low < 0:
        advice = "logits are `detector.score: logit`"
    elif _ROUNDED < high <= _PERCENT:
        advice = "if they are percentages, divide them by 100"
    else:
        advice = "look up what the score is, and convert it"
    where = places([table.row(int(one)) for one in outside[:_SHOWN]])
    yield (
        f"{spec.table.name} {where}, column {column!r}: expected a probability from 0 "
        f"to 1, got {table.cells[column][outside[0]]}; so in {len(outside)} of {scored.sum()} "
        f"rows, and all scores run from {low:g} to {high:g}; {advice}"
    )


def _numbers(column: Texts) -> Array:
    """(N,), NaN where a text is no number."""
    values = np.full(len(column.texts), np.nan)
    for place, text in enumerate(column.texts):
        if not _no_score(text):
            values[place] = float(text)
    return values[column.codes]


def _told(column: str, text: str) -> str:
    return f", column {column!r}: {text}"


def _failed(spec: TableSpec, table: ColumnTable) -> BoolArray:
    """(N,), for which rows the detector gave nothing."""
    rule = spec.no_prediction
    if rule is None:
        return np.zeros(len(table), dtype=bool)
    # A declared "nan" is a missing value like any other.
    missing = Missing.declared(spec.missing)
    declared = {"" if missing.holds_nothing(rule.column, value) else value for value in rule.values}
    return table.cells[rule.column].where(lambda text: text in declared)


def _cases(spec: TableSpec, table: ColumnTable) -> ScoredCases:
    columns, failed = spec.columns, _failed(spec, table)
    ids = table.cells[columns.id]
    logits = _logits(_numbers(table.cells[columns.score]), spec.scale)
    logits[failed] = np.nan
    return ScoredCases(
        ids=ids,
        patients=table.cells[columns.patient].told(str) if columns.patient else ids.told(str),
        labels=table.cells[columns.label].where(lambda text: text in spec.positive),
        logits=logits,
        levels={
            name: table.cells[one.column].told(partial(_level, group=one))
            for name, one in spec.groups.items()
        },
        sites=table.cells[columns.site].told(str) if columns.site else None,
        folds=table.cells[columns.fold].told(str) if columns.fold else None,
        own_issues={int(row): _lost(spec, table, int(row)) for row in np.flatnonzero(failed)},
    )


def _logits(scores: Array, scale: Scale) -> Array:
    """As `to_logit`, of many."""
    if scale == "logit":
        return scores.copy()
    different, place = np.unique(scores, return_inverse=True)
    found = np.array([one if np.isnan(one) else to_logit(float(one), scale) for one in different])
    return np.asarray(found[place], dtype=np.float64)


def _lost(spec: TableSpec, table: ColumnTable, row: int) -> tuple[CaseIssue, ...]:
    assert spec.no_prediction is not None
    column = spec.no_prediction.column
    said = table.row(row).said(column)
    detail = Message(
        "the detector gave no prediction: {column} is {value}", column=column, value=said
    )
    return (CaseIssue(table.cells[spec.columns.id][row], "no_prediction", detail, "unreadable"),)


def _level(text: str, group: GroupColumn) -> str:
    if group.bins and text:
        text = bin_name(text, group.bins)
    # A name is that of one value; what is not named may be merged.
    return group.names[text] if text in group.names else merged(text, group.merge)


def _split_issues(spec: TableSpec, table: ColumnTable, kept: IntArray) -> Iterator[CaseIssue]:
    """What was left out, and patients who are on both sides."""
    if len(kept) == len(table):
        return
    splits, audited = _splits(spec, table).told(str), set(spec.split)
    counts = np.bincount(splits.codes, minlength=len(splits.texts))
    for split, count in sorted(zip(splits.texts, counts.tolist(), strict=True)):
        if split not in audited:
            detail = Message(
                "{n} rows are of split {split}, not of {wanted}",
                n=count,
                split=repr(split),
                wanted=", ".join(spec.split),
            )
            yield CaseIssue("(table)", "other_split", detail, "excluded")
    if spec.columns.patient:
        patients, ids = table.cells[spec.columns.patient].told(str), table.cells[spec.columns.id]
        others = np.setdiff1d(np.arange(len(table)), kept)
        inside, outside = np.unique(patients.codes[kept]), np.unique(patients.codes[others])
        shared = np.intersect1d(inside, outside)
        if len(shared):
            rows = kept[np.isin(patients.codes[kept], shared)]
            detail = Message(
                "{n} of {all} audited patients have cases in another split, among them those of "
                "{cases}",
                n=len(shared),
                all=len(inside),
                cases=[ids[row] for row in rows[:3]],
            )
            yield CaseIssue("(table)", "patient_in_two_splits", detail, "noted")


def _fold_cases(spec: TableSpec, table: ColumnTable) -> list[FoldCase]:
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
        for row in table.rows(np.ones(len(table), dtype=bool))
    ]


def _fold_problems(spec: TableSpec, table: ColumnTable) -> Iterator[str]:
    if spec.folds is not None and spec.columns.fold is not None:
        for problem in fold_problems(_fold_cases(spec, table), spec.folds):
            yield f"{spec.table.name} {problem}"


def _fold_issues(spec: TableSpec, table: ColumnTable) -> Iterator[CaseIssue]:
    if spec.folds is not None and spec.columns.fold is not None:
        yield from fold_issues(_fold_cases(spec, table), spec.folds)


def _lonely(spec: TableSpec, table: ColumnTable, cases: ScoredCases) -> Iterator[CaseIssue]:
    """Levels of one case: most often a typing error, and no figure can be given for them."""
    for name, levels in cases.levels.items():
        counts = np.bincount(levels.codes, minlength=len(levels.texts))
        for row in np.flatnonzero(counts[levels.codes] == 1):
            detail = Message(
                "{where}, column {column}: the only case of {level}",
                where=table.where(int(row)),
                column=repr(spec.groups[name].column),
                level=f"{name} {levels[row]!r}",
            )
            yield CaseIssue(cases.ids[row], "group_of_one", detail, "noted")
