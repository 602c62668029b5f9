"""Any study that a CSV or JSON manifest lists; one row for each image, and annotator."""

from __future__ import annotations

from pathlib import Path

from xaudit.core.case import Case, CaseIssue, Study
from xaudit.core.message import Message
from xaudit.data.format import FORMATS
from xaudit.data.image_file import ImageFile
from xaudit.data.manifest.annotators import as_one, rows_of_images
from xaudit.data.manifest.artifacts import ARTIFACTS, read_artifacts
from xaudit.data.manifest.cells import (
    annotated_lesions,
    image_of,
    is_inverted,
    label_of,
    level_of,
    patient_of,
    site_of,
    spacing_of,
)
from xaudit.data.manifest.columns import (
    check_values,
    grouped,
    labels_of,
    missing_issues,
    roles_of,
)
from xaudit.data.manifest.masks import masks_of, note_black, smeared_masks, soft_masks
from xaudit.data.manifest.reading import Reading
from xaudit.data.pixels.mask_values import different_levels
from xaudit.data.spec import DataSpec
from xaudit.data.tables.missing import Missing
from xaudit.data.tables.table import Row, capped, read_table, told_once
from xaudit.data.tables.whole_numbers import without_point
from xaudit.errors import DataError


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
    roles = roles_of(spec, table, path.name)
    table, whole = without_point(table, (roles.get("patient"), roles.get("site")))
    reading = Reading(spec, path.name, table, roles, missing)
    reading.issues += [CaseIssue("(study)", "whole_numbers", one, "noted") for one in whole]
    check_values(reading)
    reading.labels = labels_of(reading)
    reading.groups = grouped(reading)
    reading.issues += missing_issues(reading)
    reading.artifacts = read_artifacts(spec, path.parent / ARTIFACTS)
    cases = _cases(reading)
    if spec.mask_lesions != "values":
        reading.problems += different_levels(reading.levels, reading.smeared)
    if problems := [*reading.problems, *told_once(reading.file, reading.wrong)]:
        raise DataError(capped(problems))
    return _study(spec, reading, cases)


def _study(spec: DataSpec, reading: Reading, cases: list[Case]) -> Study:
    by_patient = "patient" in reading.roles
    note = "" if by_patient else Message("The study declares one image per patient.")
    return Study(
        name=spec.name or spec.root.name,
        cases=tuple(cases),
        issues=(*reading.issues, *soft_masks(reading), *smeared_masks(reading)),
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


def _cases(reading: Reading) -> list[Case]:
    cases = []
    seen: dict[str, str] = {}
    for rows in rows_of_images(reading):
        row = rows[0]
        case_id = _case_id(reading, row, seen)
        split = reading.text(row, "split")
        if reading.spec.split and split not in reading.spec.split:
            detail = Message(
                "split {split} is not among the declared {splits}",
                split=repr(split),
                splits=str(reading.spec.split),
            )
            reading.issues.append(CaseIssue(case_id, "other_split", detail, "excluded"))
            continue
        cases += as_one(reading, rows, [_case(reading, one, case_id) for one in rows])
    strays = sorted(set(reading.artifacts) - set(seen))
    reading.problems += [f"{ARTIFACTS}: no case {name!r} in {reading.file}" for name in strays]
    return cases


def _case_id(reading: Reading, row: Row, seen: dict[str, str]) -> str:
    case_id = reading.text(row, "id") or Path(reading.text(row, "image")).stem
    if not case_id.isprintable() or not 0 < len(case_id) <= 200:
        reading.problem(row, f"id: expected 1 to 200 printable characters, got {case_id[:40]!r}")
    elif case_id in seen:
        reading.problem(row, f"id: {case_id!r} is in {seen[case_id]} already")
    seen.setdefault(case_id, row.where)
    return case_id


def _case(reading: Reading, row: Row, case_id: str) -> Case:
    label, masks = label_of(reading, row), masks_of(reading, row, case_id)
    lesions = (
        *annotated_lesions(reading, row),
        *(lesion for mask in masks for lesion in mask.lesions),
    )
    if label:
        note_black(reading, row, case_id, masks, others=bool(lesions))
    return Case(
        case_id=case_id,
        patient=patient_of(reading, row, case_id),
        label=label,
        image=ImageFile(image_of(reading, row)),
        lesions=lesions,
        artifacts=reading.artifacts.get(case_id, {}),
        site=site_of(reading, row),
        groups={name: level_of(reading, row, name) for name in reading.groups},
        inverted=is_inverted(reading, row),
        spacing=spacing_of(reading, row),
        ignored=tuple(one for mask in masks for one in mask.ignored),
        examination=reading.text(row, "examination") or None,
    )
