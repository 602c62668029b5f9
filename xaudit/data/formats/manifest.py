"""Any study that a CSV or JSON manifest lists; one row for each image."""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from xaudit.core.case import NOT_RECORDED, Case, CaseIssue, Outline, Study
from xaudit.data.format import FORMATS
from xaudit.data.grouping import check_grouping, group_columns
from xaudit.data.levels import bin_name, merged
from xaudit.data.mask_files import MaskFile, MaskFileLesions, lesions_of
from xaudit.data.mask_values import UndeclaredValuesError, different_levels
from xaudit.data.missing import Missing
from xaudit.data.numbers import number
from xaudit.data.outlines import read_outlines
from xaudit.data.paths import inside_root
from xaudit.data.spec import DataSpec
from xaudit.data.table import (
    Row,
    Table,
    capped,
    decimal_commas,
    read_as_missing,
    read_table,
    told_once,
)
from xaudit.data.whole_numbers import without_point
from xaudit.errors import DataError

POSITIVE = frozenset({"1", "1.0", "true", "yes", "fractured", "fracture", "positive"})
NEGATIVE = frozenset(
    {"0", "0.0", "false", "no", "normal", "negative", "not fractured", "non_fractured"}
)
ROLES = (
    "id", "image", "label", "patient", "site", "mask", "polygons", "boxes", "rle", "split",
    "photometric", "spacing",
)  # fmt: skip
ALIASES = {"mask": "masks"}
ARTIFACTS = "artifacts.csv"
_WIDEST_SPACING = 10.0
T = TypeVar("T")


@dataclass(slots=True)
class _Reading:
    """The manifest while it is read; problems are collected and raised together."""

    spec: DataSpec
    file: str
    table: Table
    roles: Mapping[str, str]
    missing: Missing
    labels: Mapping[str, bool] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    artifacts: Mapping[str, Mapping[str, Outline]] = field(default_factory=dict)
    issues: list[CaseIssue] = field(default_factory=list)
    soft: list[tuple[int, int]] = field(default_factory=list)
    smeared: list[tuple[float, int]] = field(default_factory=list)
    levels: list[tuple[float, int]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    wrong: list[tuple[Row, str]] = field(default_factory=list)

    def text(self, row: Row, role: str) -> str:
        return row.text(self.roles[role]) if role in self.roles else ""

    def said(self, row: Row, role: str) -> str:
        return row.said(self.roles[role])

    def problem(self, row: Row, text: str) -> None:
        self.wrong.append((row, f": {text}"))

    def attempt(self, row: Row, column: str, action: Callable[[], T], otherwise: T) -> T:
        """Do it, or note what is wrong with the row and go on."""
        try:
            return action()
        except ValueError as error:
            self.problem(row, f"{column}: {error}")
        except DataError as error:
            self.problem(row, f"{column}: {error}")
        return otherwise


@FORMATS.register("manifest")
def read_manifest(spec: DataSpec) -> Study:
    """List the rows of a manifest.

    Columns that have no role are groups. ``mask`` (or ``masks``) holds paths separated by
    semicolons, a JSON list in a JSON manifest; ``photometric`` is MONOCHROME1 or MONOCHROME2;
    ``spacing`` is millimeters from pixel to pixel. An ``artifacts.csv`` beside the manifest (id,
    name, mask) names things that should not decide.

    Raises:
        DataError: the manifest cannot be used; every mistake with its line.
    """
    path = _manifest_path(spec)
    patient = spec.patient or spec.columns.get("patient", "patient")
    missing = Missing.declared(spec.missing, patient)
    table = read_table(path, missing)
    roles = _roles(spec, table, path.name)
    table, whole = without_point(table, (roles.get("patient"), roles.get("site")))
    reading = _Reading(spec, path.name, table, roles, missing)
    reading.issues += [CaseIssue("(study)", "whole_numbers", one, "noted") for one in whole]
    _check_values(reading)
    reading.labels = _labels(reading)
    reading.groups = _group_columns(reading)
    reading.issues += _missing_issues(reading)
    reading.artifacts = _artifacts(spec, path.parent / ARTIFACTS)
    cases = _cases(reading)
    if spec.mask_lesions != "values":
        reading.problems += different_levels(reading.levels, reading.smeared)
    if problems := [*reading.problems, *told_once(reading.file, reading.wrong)]:
        raise DataError(capped(problems))
    return _study(spec, reading, cases)


def _study(spec: DataSpec, reading: _Reading, cases: list[Case]) -> Study:
    by_patient = "patient" in reading.roles
    note = "" if by_patient else "The study declares one image per patient."
    return Study(
        name=spec.name or spec.root.name,
        cases=tuple(cases),
        issues=(*reading.issues, *_soft_masks(reading), *_smeared_masks(reading)),
        source=spec.source,
        license=spec.license,
        unit="patient" if by_patient else "image",
        unit_note=note,
        site_column=reading.roles.get("site"),
        listed=len(cases) + sum(issue.effect == "excluded" for issue in reading.issues),
    )


def _manifest_path(spec: DataSpec) -> Path:
    if spec.manifest is not None:
        # Given by the person who writes the audit file, so it may lie anywhere.
        return spec.root / spec.manifest
    found = [spec.root / name for name in ("manifest.csv", "manifest.json")]
    for path in found:
        if path.is_file():
            return path
    raise DataError(f"{spec.root}: expected manifest.csv or manifest.json; name data.manifest")


def _roles(spec: DataSpec, table: Table, file: str) -> dict[str, str]:
    """Role → column, for the roles that this manifest has."""
    declared = dict(spec.columns)
    declared |= {role: name for role in ("patient", "site") if (name := getattr(spec, role))}
    problems = [
        f"data.columns: no role {role!r}; there is: {', '.join(ROLES)}"
        for role in declared
        if role not in ROLES
    ]
    roles = {}
    for role in ROLES:
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


def _check_values(reading: _Reading) -> None:
    """What is wrong with the declaration or with a whole column, before any row is read."""
    spec, roles, missing = reading.spec, reading.roles, reading.missing
    numbers = [*spec.bins, *([roles["spacing"]] if "spacing" in roles else [])]
    splits = spec.split if "split" in roles else ()
    problems = [
        *missing.problems(reading.table.columns),
        *missing.named_values("data.positive", roles["label"], spec.positive),
        *missing.named_values("data.split", roles.get("split", ""), splits),
        *(f"{reading.file} {one}" for one in decimal_commas(reading.table.rows, numbers)),
    ]
    if problems:
        raise DataError(problems)


def _missing_issues(reading: _Reading) -> list[CaseIssue]:
    used = (*reading.roles.values(), *reading.groups)
    said = read_as_missing(reading.table.rows, used)
    return [CaseIssue("(study)", "read_as_missing", one, "noted") for one in said]


def _labels(reading: _Reading) -> dict[str, bool]:
    """Lower-case label value → fractured."""
    found = {reading.text(row, "label").lower() for row in reading.table.rows} - {""}
    declared = {value.lower() for value in reading.spec.positive}
    positive = declared or POSITIVE
    others = found - positive
    # With declared positives, a single other value can only mean the opposite.
    negative = others if declared and len(others) == 1 else NEGATIVE - positive
    return {value: value in positive for value in found if value in positive | negative}


def _group_columns(reading: _Reading) -> tuple[str, ...]:
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


def _cases(reading: _Reading) -> list[Case]:
    cases = []
    seen: dict[str, str] = {}
    for row in reading.table.rows:
        case_id = _case_id(reading, row, seen)
        split = reading.text(row, "split")
        if reading.spec.split and split not in reading.spec.split:
            detail = f"split {split!r} is not among the declared {reading.spec.split}"
            reading.issues.append(CaseIssue(case_id, "other_split", detail, "excluded"))
            continue
        cases.append(_case(reading, row, case_id))
    strays = sorted(set(reading.artifacts) - set(seen))
    reading.problems += [f"{ARTIFACTS}: no case {name!r} in {reading.file}" for name in strays]
    return cases


def _case_id(reading: _Reading, row: Row, seen: dict[str, str]) -> str:
    case_id = reading.text(row, "id") or Path(reading.text(row, "image")).stem
    if not case_id.isprintable() or not 0 < len(case_id) <= 200:
        reading.problem(row, f"id: expected 1 to 200 printable characters, got {case_id[:40]!r}")
    elif case_id in seen:
        reading.problem(row, f"id: {case_id!r} is in {seen[case_id]} already")
    seen.setdefault(case_id, row.where)
    return case_id


def _case(reading: _Reading, row: Row, case_id: str) -> Case:
    label, masks = _label(reading, row), _masks(reading, row, case_id)
    lesions = (*_drawn(reading, row), *(one for mask in masks for one in mask.lesions))
    if label:
        _note_black(reading, row, case_id, masks, drawn=bool(lesions))
    return Case(
        case_id=case_id,
        patient=_patient(reading, row, case_id),
        label=label,
        image=_image(reading, row),
        lesions=lesions,
        artifacts=reading.artifacts.get(case_id, {}),
        site=_site(reading, row),
        groups={name: _level(reading, row, name) for name in reading.groups},
        inverted=_inverted(reading, row),
        spacing=_spacing(reading, row),
        ignored=tuple(one for mask in masks for one in mask.ignored),
    )


def _image(reading: _Reading, row: Row) -> Path:
    root, text = reading.spec.root, reading.text(row, "image")
    if not text:
        got = reading.said(row, "image")
        reading.problem(row, f"image: expected a path below the root, got {got}")
        return root
    return reading.attempt(row, "image", lambda: inside_root(root, text), root)


def _patient(reading: _Reading, row: Row, case_id: str) -> str:
    if "patient" not in reading.roles:
        return case_id
    patient = reading.text(row, "patient")
    if not patient:
        got = reading.said(row, "patient")
        reading.problem(row, f"{reading.roles['patient']}: expected a patient, got {got}")
    return patient


def _label(reading: _Reading, row: Row) -> bool:
    value = reading.text(row, "label")
    if value.lower() not in reading.labels:
        known = ", ".join(sorted(reading.spec.positive or POSITIVE | NEGATIVE))
        expected = "fractured or not (declare data.positive)"
        got = reading.said(row, "label")
        reading.problem(row, f"label: expected {expected}; known: {known}; got {got}")
    return reading.labels.get(value.lower(), False)


def _site(reading: _Reading, row: Row) -> str | None:
    merge = reading.spec.merge.get(reading.roles.get("site", ""), {})
    return merged(reading.text(row, "site"), merge) or None


def _level(reading: _Reading, row: Row, name: str) -> str:
    text, borders = row.text(name), reading.spec.bins.get(name)
    if borders is None:
        level = merged(text, reading.spec.merge.get(name, {}))
    else:
        level = reading.attempt(row, name, lambda: bin_name(text, borders), "")
    return level or NOT_RECORDED


def _inverted(reading: _Reading, row: Row) -> bool:
    text = reading.text(row, "photometric").upper()
    if text not in {"", "MONOCHROME1", "MONOCHROME2"}:
        reading.problem(row, f"photometric: expected MONOCHROME1 or MONOCHROME2, got {text[:40]!r}")
    return text == "MONOCHROME1"


def _spacing(reading: _Reading, row: Row) -> float | None:
    text = reading.text(row, "spacing")
    try:
        spacing = number(text) if text else None
    except ValueError:
        spacing = math.nan
    if spacing is not None and not 0 < spacing < _WIDEST_SPACING:
        expected = f"millimeters from pixel to pixel, above 0 and below {_WIDEST_SPACING}"
        reading.problem(row, f"spacing: expected {expected}, got {text[:40]!r}")
        return None
    return spacing


def _drawn(reading: _Reading, row: Row) -> tuple[Outline, ...]:
    lesions: list[Outline] = []
    even_odd = reading.spec.holes == "even_odd"
    for role in ("polygons", "boxes", "rle"):
        if role in reading.roles:
            value = row.values.get(reading.roles[role])
            read = partial(read_outlines, role, value, even_odd=even_odd)
            lesions += reading.attempt(row, role, read, ())
    return tuple(lesions)


def _masks(reading: _Reading, row: Row, case_id: str) -> list[MaskFileLesions]:
    """What each mask file of a row shows."""
    nothing = MaskFileLesions(())
    found = [
        reading.attempt(row, f"mask of case {case_id}", partial(_from_file, reading, text), nothing)
        for text in _mask_paths(reading, row)
    ]
    reading.soft += [mask.soft for mask in found if mask.soft]
    for mask in found:
        if mask.level:
            (reading.smeared if mask.smeared else reading.levels).append(mask.level)
    return found


def _note_black(
    reading: _Reading, row: Row, case_id: str, masks: list[MaskFileLesions], *, drawn: bool
) -> None:
    """A black mask is right for a normal image; a fractured one has lost its lesion."""
    black = [
        Path(text).name
        for text, mask in zip(_mask_paths(reading, row), masks, strict=True)
        if not mask.lesions
    ]
    if black:
        names = ", ".join(black)
        detail = f"the label says fractured, no lesion is drawn in {names}"
        if drawn:
            detail = f"nothing is drawn in {names}; the lesions that are drawn elsewhere count"
        reading.issues.append(CaseIssue(case_id, "empty_mask", detail, "noted"))


def _mask_paths(reading: _Reading, row: Row) -> list[str]:
    column = reading.roles.get("mask", "")
    parts = _parts(row.values.get(column))
    return [str(part).strip() for part in parts if not reading.missing.holds_nothing(column, part)]


def _parts(value: object) -> list[object]:
    """The paths of a cell: a list, also as the text that pandas makes of it, or by semicolons."""
    if isinstance(value, list):
        return value
    text = str(value or "").strip()
    if _is_list(text):
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return [text]
        return found if all(isinstance(one, str) for one in found) else [text]
    return list(text.split(";"))


def _is_list(text: str) -> bool:
    return text.startswith("[") and text.endswith("]")


def _from_file(reading: _Reading, text: str) -> MaskFileLesions:
    if _is_list(text):
        raise ValueError(f"expected paths separated by semicolons, got the list {text[:40]!r}")
    path, spec = inside_root(reading.spec.root, text), reading.spec
    try:
        return lesions_of(path, spec.mask_lesions, spec.mask_values)
    except UndeclaredValuesError:
        raise
    except DataError:
        # A mask that is missing or damaged is the lesion's issue when the case is prepared.
        if spec.mask_lesions != "one" and path.is_file():
            raise
        return MaskFileLesions((MaskFile(path, declared=spec.mask_values),))


def _soft_masks(reading: _Reading) -> list[CaseIssue]:
    if not reading.soft:
        return []
    above, all_of_them = (sum(areas) for areas in zip(*reading.soft, strict=True))
    detail = (
        f"{len(reading.soft)} masks have soft edges, which are cut at half: {above:,} pixels are "
        f"lesion, of {all_of_them:,} that are not black"
    )
    return [CaseIssue("(study)", "soft_masks", detail, "noted")]


def _smeared_masks(reading: _Reading) -> list[CaseIssue]:
    if not reading.smeared:
        return []
    levels = sorted(Counter(level for level, _ in reading.smeared).items())
    said = ", ".join(f"{level / 2:g} in {count}" for level, count in levels)
    detail = (
        f"{len(reading.smeared)} masks are of a lossy format (JPEG), which smears values; they are "
        f"cut at half of their one level: {said}. PNG would keep the values"
    )
    return [CaseIssue("(study)", "smeared_masks", detail, "noted")]


def _artifacts(spec: DataSpec, path: Path) -> dict[str, dict[str, Outline]]:
    if not path.is_file():
        return {}
    # Columns of the manifest that have texts of their own are not those of this list.
    rule = spec.missing
    table = read_table(path, Missing.declared(None if isinstance(rule, Mapping) else rule))
    problems = [
        f"{path.name}: no column {name!r}"
        for name in ("id", "name", "mask")
        if name not in table.columns
    ]
    found: dict[str, dict[str, Outline]] = {}
    for row in () if problems else table.rows:
        try:
            mask = MaskFile(inside_root(spec.root, row.text("mask")))
            if mask.path.is_file():
                lesions_of(mask.path)
        except (ValueError, UndeclaredValuesError) as error:
            problems.append(f"{path.name} {row.where}: mask: {error}")
            continue
        except DataError:
            # One that cannot be drawn is not there; counts say in how many cases it is.
            pass
        if not (name := row.text("name")):
            got = row.said("name")
            problems.append(f"{path.name} {row.where}: name: expected a name, got {got}")
        found.setdefault(row.text("id"), {})[name] = mask
    if problems:
        raise DataError(capped(problems))
    return found
