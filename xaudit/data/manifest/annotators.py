"""Rows of several annotators, one for each image and annotator, and the case they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from xaudit.core.case import AnnotatorReading, BoolArray, Case, CaseIssue, Region
from xaudit.core.grid import Grid
from xaudit.core.message import Message
from xaudit.data.annotations.consensus_mask import agreed_mask, lesions_in
from xaudit.data.annotations.outlines import forms
from xaudit.data.consensus import Consensus, OneAnnotator
from xaudit.data.manifest.reading import Reading
from xaudit.data.tables.table import Row, places
from xaudit.errors import DataError

_OWN = ("label", "mask", "annotator")
"""Roles in which rows of one image may differ, besides the forms of lesions."""
_TWO = 2
_STAPLE_OF_TWO = (
    "lesions: staple weighs annotators by each other, and two cannot say which of them is right "
    "(what its estimate ends at follows from where it begins); say union, intersection, or "
    "annotator: and who"
)
_SAY_LABEL = (
    "label: the annotators disagree; say what counts under data.consensus, label: majority (then "
    "also ties), any, all, or annotator: and who"
)
_SAY_TIE = (
    "label: as many annotators say fractured as not; say what that counts as under data.consensus, "
    "ties: positive, negative or exclude"
)
_SAY_LESIONS = (
    "lesions: the annotators outline different pixels; say which count under data.consensus, "
    "lesions: majority, union, intersection, staple, or annotator: and who"
)


def rows_of_images(reading: Reading) -> list[list[Row]]:
    """The rows of each image; one row each where the manifest has no annotators.

    Noted as problems: a row without an annotator, an annotator twice, and columns that differ
    between rows of one image.
    """
    if "annotator" not in reading.roles:
        if reading.spec.consensus is not None:
            reading.problems.append(
                f"data.consensus: {reading.file} has no column 'annotator'; leave it out, or name "
                "the column under data.columns"
            )
        return [[row] for row in reading.table.rows]
    found: dict[str, list[Row]] = {}
    for row in reading.table.rows:
        if not reading.text(row, "annotator"):
            got = reading.said(row, "annotator")
            reading.problem(row, f"{reading.roles['annotator']}: expected an annotator, got {got}")
        name = reading.text(row, "id") or Path(reading.text(row, "image")).stem
        found.setdefault(name, []).append(row)
    for rows in found.values():
        _check_rows(reading, rows)
    return list(found.values())


def _check_rows(reading: Reading, rows: Sequence[Row]) -> None:
    names = [reading.text(row, "annotator") for row in rows]
    if len(set(names)) < len(names):
        where = f"{reading.file} {places(rows)}"
        reading.problems.append(f"{where}: one annotator has two rows for one image")
    own = {reading.roles.get(role) for role in (*_OWN, *forms())}
    used = {*reading.roles.values(), *reading.groups} - own
    for column in sorted(used):
        if any(row.text(column) != rows[0].text(column) for row in rows):
            reading.problems.append(
                f"{reading.file} {places(rows)}: column {column!r} differs between rows of one "
                "image; only label and lesions may (data.groups names the columns that are groups)"
            )


def as_one(reading: Reading, rows: Sequence[Row], cases: Sequence[Case]) -> list[Case]:
    """The case that annotators make by the declared rule; none where it leaves the case out.

    Args:
        reading: the manifest.
        rows: of one image.
        cases: as each row alone would have it.
    """
    if "annotator" not in reading.roles:
        return list(cases)
    codes = _codes(reading)
    readings = tuple(
        AnnotatorReading(codes[reading.text(row, "annotator")], case.label, case.lesions)
        for row, case in zip(rows, cases, strict=True)
    )
    readings = tuple(sorted(readings, key=lambda one: _order(one.annotator)))
    made = replace(
        cases[0],
        ignored=tuple(dict.fromkeys(one for case in cases for one in case.ignored)),
        readings=readings,
    )
    label = _label(reading, rows[0], made)
    if label is None:
        return []
    made = replace(made, label=label)
    return [replace(made, lesions=_lesions(reading, rows[0], made))]


def _order(name: str) -> tuple[int, int, str]:
    last = name.rpartition(" ")[2]
    return (0, int(last), name) if last.isdecimal() else (1, 0, name)


def _codes(reading: Reading) -> Mapping[str, str]:
    """Text of the column → how reports call the annotator."""
    if not reading.annotators:
        named = {reading.text(row, "annotator") for row in reading.table.rows}
        rule = reading.spec.consensus or Consensus()
        reading.annotators = {
            name: name if rule.names else f"reader {number}"
            for number, name in enumerate(sorted(named, key=_order), start=1)
        }
        there = set(reading.annotators.values())
        detail = Message(
            "{n} annotators; label: {label}, lesions: {lesions}, ties: {ties}",
            n=len(there),
            label=_said(rule.label),
            lesions=_said(rule.lesions),
            ties=_said(rule.ties),
        )
        reading.issues.append(CaseIssue("(study)", "consensus", detail, "noted"))
        reading.problems += [
            f"data.consensus: no annotator {one.annotator!r}; there is: {', '.join(sorted(there))} "
            "(numbered in the order of their names in the column)"
            for one in (rule.label, rule.lesions)
            if isinstance(one, OneAnnotator) and one.annotator not in there
        ]
    return reading.annotators


def _said(rule: str | OneAnnotator | None) -> str:
    if rule is None:
        return Message("not declared")
    return rule.annotator if isinstance(rule, OneAnnotator) else rule


def _of_one(case: Case, rule: OneAnnotator) -> AnnotatorReading | None:
    return next((one for one in case.readings if one.annotator == rule.annotator), None)


def _label(reading: Reading, row: Row, case: Case) -> bool | None:
    """Whether the case counts as fractured; None where it is left out."""
    rule = (reading.spec.consensus or Consensus()).label
    votes = [one.label for one in case.readings]
    if isinstance(rule, OneAnnotator):
        own = _of_one(case, rule)
        if own is None:
            detail = Message("{annotator} did not read it", annotator=rule.annotator)
            reading.issues.append(CaseIssue(case.case_id, "not_read", detail, "excluded"))
        return own.label if own else None
    if len(set(votes)) == 1:
        return votes[0]
    if rule is None:
        reading.problem(row, _SAY_LABEL)
        return votes[0]
    if rule == "majority":
        return _majority(reading, row, case.case_id, votes)
    return any(votes) if rule == "any" else all(votes)


def _majority(reading: Reading, row: Row, case_id: str, votes: Sequence[bool]) -> bool | None:
    if 2 * sum(votes) != len(votes):
        return 2 * sum(votes) > len(votes)
    ties = (reading.spec.consensus or Consensus()).ties
    if ties is None:
        reading.problem(row, _SAY_TIE)
        return False
    if ties == "exclude":
        detail = Message("{n} of {all} annotators say fractured", n=sum(votes), all=len(votes))
        reading.issues.append(CaseIssue(case_id, "annotators_tie", detail, "excluded"))
        return None
    detail = Message(
        "{n} of {all} annotators say fractured: counted as {label}, as is declared",
        n=sum(votes),
        all=len(votes),
        label=Message("fractured") if ties == "positive" else Message("not fractured"),
    )
    reading.issues.append(CaseIssue(case_id, "annotators_tie", detail, "noted"))
    return ties == "positive"


def _lesions(reading: Reading, row: Row, case: Case) -> tuple[Region, ...]:
    """The lesions that count; of a case that counts as normal none where annotators disagreed.

    An annotator who sees a fracture and outlines none says nothing of its place; one who sees
    none says that no pixel is lesion.
    """
    rule = (reading.spec.consensus or Consensus()).lesions
    drawn = [one.lesions for one in case.readings if one.lesions]
    if isinstance(rule, OneAnnotator):
        own = _of_one(case, rule)
        return own.lesions if own else ()
    if not drawn or (not case.label and any(one.label for one in case.readings)):
        return ()
    voters = [one.lesions for one in case.readings if one.lesions or not one.label]
    if len(set(voters)) == 1:
        return voters[0]
    if rule is None:
        if len(set(drawn)) > 1:
            reading.problem(row, _SAY_LESIONS)
        return drawn[0]
    try:
        grid = case.image.header().grid
    except DataError:
        # The file is an issue of its own, and nobody will see these lesions.
        return drawn[0]
    boxed = any(lesion.form == "box" for own in drawn for lesion in own)
    masks = [mask for one in case.readings if (mask := _mask(reading, case, one, grid)) is not None]
    if rule == "staple" and len(masks) == _TWO:
        reading.problem(row, _STAPLE_OF_TWO)
        rule = "union"
    return tuple(lesions_in(agreed_mask(masks, rule), "box" if boxed else "mask")) if masks else ()


def _mask(reading: Reading, case: Case, one: AnnotatorReading, grid: Grid) -> BoolArray | None:
    """What an annotator outlines; None of one who says nothing of the place."""
    mask, used = np.zeros(grid.plane, dtype=bool), not one.label
    for lesion in one.lesions:
        try:
            mask |= lesion.rasterize(grid)
            used = True
        except DataError as error:
            detail = Message(
                "a lesion of {annotator} is left out: {reason}",
                annotator=one.annotator,
                reason=str(error),
            )
            reading.issues.append(CaseIssue(case.case_id, "lesion_unusable", detail, "noted"))
    return mask if used else None
