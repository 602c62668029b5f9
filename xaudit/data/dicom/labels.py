"""Labels of a side table: a row for each object, examination or file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xaudit.core.case import Region
from xaudit.data.annotations.form import AnnotationCell
from xaudit.data.annotations.outlines import forms, outlines_of
from xaudit.data.dicom.headers.film import Film
from xaudit.data.manifest.columns import meanings
from xaudit.data.manifest.paths import inside_root
from xaudit.data.spec import DataSpec
from xaudit.data.tables.table import ListTable, Row, capped, read_table, told_once
from xaudit.errors import DataError

_KEYS = ("sop_instance_uid", "accession_number", "file")
_NAMES = {
    "sop_instance_uid": ("sopinstanceuid", "sopuid", "sopinstance"),
    "accession_number": ("accessionnumber", "accession"),
    "file": ("file", "filename", "path", "image"),
    "label": ("label", "fracture", "fractured", "target", "class"),
}


@dataclass(slots=True)
class Labels:
    """What a table says.

    Attributes:
        key: which of the roles names the images.
        label: SOP Instance UID → fractured.
        lesions: SOP Instance UID → what the table outlines.
        strangers: rows that name no image of the study.
    """

    key: str
    label: dict[str, bool] = field(default_factory=dict)
    lesions: dict[str, tuple[Region, ...]] = field(default_factory=dict)
    strangers: int = 0


def read_labels(spec: DataSpec, name: str, films: Mapping[str, Film]) -> Labels:
    """The labels of a CSV below the root.

    Raises:
        DataError: the table cannot be used; every mistake with its line.
    """
    table, roles, file = _table(spec, name)
    found = Labels(next(key for key in _KEYS if key in roles))
    named = _named(found.key, films, spec.root)
    means = meanings((row.text(roles["label"]) for row in table.rows), spec.positive)
    wrong: list[tuple[Row, str]] = []
    for row in table.rows:
        uids = named.get(row.text(roles[found.key]), ())
        found.strangers += not uids
        label = means.get(row.text(roles["label"]).lower())
        if label is None:
            said = row.said(roles["label"])
            wrong.append((row, f": label: expected fractured or not (declare data.positive), "
                               f"got {said}"))  # fmt: skip
            continue
        for uid in uids:
            if found.label.setdefault(uid, label) != label:
                wrong.append((row, ": an image is fractured here and not fractured above"))
            found.lesions[uid] = (
                *found.lesions.get(uid, ()), *_outlined(spec, row, roles, wrong)
            )  # fmt: skip
    if wrong:
        raise DataError(capped(list(told_once(file, wrong))))
    return found


def keys_of(spec: DataSpec, name: str) -> tuple[list[str], str]:
    """What a table names objects by, and which role that is; of an archive it has to be a UID.

    Raises:
        DataError: there is no table, or it names files.
    """
    if not name:
        raise DataError("data.options.url: expected labels: TABLE.csv, which says what is audited")
    table, roles, file = _table(spec, name)
    key = next(key for key in _KEYS if key in roles)
    if key == "file":
        raise DataError(f"{file}: expected sop_instance_uid or accession_number for an archive")
    found = [row.text(roles[key]) for row in table.rows]
    if wrong := [row for row, text in zip(table.rows, found, strict=True) if not text]:
        raise DataError(list(told_once(file, ((row, f": {key}: nothing") for row in wrong))))
    return found, key


def _table(spec: DataSpec, name: str) -> tuple[ListTable, dict[str, str], str]:
    """The table, its roles, and its name."""
    try:
        path = inside_root(spec.root, name)
    except ValueError as error:
        raise DataError(f"data.options.labels: {error}") from error
    if not path.is_file():
        raise DataError(f"data.options.labels: no file {name[:80]!r} below data.root")
    table = read_table(path)
    return table, _roles(spec, table, path.name), path.name


def _roles(spec: DataSpec, table: ListTable, file: str) -> dict[str, str]:
    """Role → column."""
    known = (*_KEYS, "label", *forms())
    problems = [f"data.columns: no role {role!r}; there is: {', '.join(known)}"
                for role in spec.columns if role not in known]  # fmt: skip
    plain = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(table.columns)}
    roles = {}
    for role in known:
        declared = spec.columns.get(role)
        names = [plain[one] for one in _NAMES.get(role, (role,)) if one in plain]
        if declared is not None and declared not in table.columns:
            problems.append(f"{file}: no column {declared!r} for {role}")
        elif declared or names:
            roles[role] = declared or names[0]
    if not problems and ("label" not in roles or not any(key in roles for key in _KEYS)):
        there = ", ".join(table.columns)
        problems.append(
            f"{file}: expected a column label and one of {', '.join(_KEYS)}; there is: {there}; "
            "declare data.columns: {ROLE: COLUMN}"
        )
    if problems:
        raise DataError(problems)
    return roles


def _named(key: str, films: Mapping[str, Film], root: Path) -> dict[str, list[str]]:
    """What stands in the column of the key → the images that it names."""
    names: dict[str, Callable[[Film], Iterable[str]]] = {
        "sop_instance_uid": lambda film: [film.uid],
        "accession_number": lambda film: [film.accession] if film.accession else [],
        "file": lambda film: film.kept.file_names(root),
    }
    found: dict[str, list[str]] = {}
    for uid, film in films.items():
        for name in names[key](film):
            found.setdefault(name, []).append(uid)
    if key == "file":
        # The name alone names an image where no other one is called so.
        return {name: uids for name, uids in found.items() if len(uids) == 1}
    return found


def _outlined(
    spec: DataSpec, row: Row, roles: Mapping[str, str], wrong: list[tuple[Row, str]]
) -> Sequence[Region]:
    lesions: list[Region] = []
    for role in forms():
        if role in roles:
            value = row.values.get(roles[role])
            cell = AnnotationCell(value, spec.root, spec.holes == "even_odd")
            try:
                lesions += outlines_of(role, cell)
            except (ValueError, DataError) as error:
                wrong.append((row, f": {role}: {error}"))
    return lesions
