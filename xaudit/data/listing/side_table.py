"""Tables beside an export: of which patient, from where and when an image is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xaudit.core.case import CaseIssue
from xaudit.data.manifest.cells import level_of, patient_of, site_of, spacing_of
from xaudit.data.manifest.columns import grouped, missing_issues
from xaudit.data.manifest.reading import Reading
from xaudit.data.spec import DataSpec
from xaudit.data.tables.missing import Missing
from xaudit.data.tables.table import Row, capped, read_table, told_once
from xaudit.data.tables.whole_numbers import without_point
from xaudit.errors import DataError

_KEYS = ("image", "file_name", "filename", "file", "path", "id", "image_id", "case_id", "filestem")
_ROLES = ("image", "patient", "site", "split", "spacing")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a table says of an image."""

    patient: str = ""
    site: str | None = None
    split: str = ""
    spacing: float | None = None
    groups: Mapping[str, str] = field(default_factory=dict)


class SideTable:
    """A table with a row for each image.

    Args:
        reading: its rows, with the roles of its columns; among them "image".
    """

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        reading.groups = grouped(reading)
        reading.issues += missing_issues(reading)
        self._rows: dict[str, Row] = {}
        for row in reading.table.rows:
            key = reading.text(row, "image").replace("\\", "/")
            if not key or key in self._rows:
                before = f"{self._rows[key].where} already" if key else "nothing: expected an image"
                reading.problem(row, f"{reading.roles['image']}: {key[:80]!r} is in {before}")
            self._rows.setdefault(key, row)
        self.raise_problems()

    @property
    def has_patients(self) -> bool:
        """Whether a column says of which patient an image is."""
        return "patient" in self.reading.roles

    @property
    def site_column(self) -> str | None:
        """The column with the site."""
        return self.reading.roles.get("site")

    @property
    def issues(self) -> list[CaseIssue]:
        """What was noticed while it was read."""
        return self.reading.issues

    def row_of(self, relative: Path) -> Row | None:
        """The row of an image, by its path below the root, its name, or its name without suffix."""
        names = (relative.as_posix(), relative.name, relative.stem)
        return next((self._rows[name] for name in names if name in self._rows), None)

    def facts(self, row: Row, case_id: str) -> Facts:
        """What a row says; mistakes are collected for `raise_problems`."""
        reading = self.reading
        return Facts(
            patient_of(reading, row, case_id) if self.has_patients else "",
            site_of(reading, row),
            reading.text(row, "split"),
            spacing_of(reading, row),
            {name: level_of(reading, row, name) for name in reading.groups},
        )

    def raise_problems(self) -> None:
        """Refuse the table where a row is wrong.

        Raises:
            DataError: every mistake with its line.
        """
        reading = self.reading
        if problems := [*reading.problems, *told_once(reading.file, reading.wrong)]:
            raise DataError(capped(problems))


def read_side_table(spec: DataSpec) -> SideTable | None:
    """The table that ``data.manifest`` names; None where it names none.

    Raises:
        DataError: it cannot be used; every mistake.
    """
    if spec.manifest is None:
        return None
    path = spec.root / spec.manifest
    missing = Missing.declared(spec.missing, spec.patient or spec.columns.get("patient", "patient"))
    table = read_table(path, missing)
    roles = _roles(spec, table.columns, path.name)
    table, whole = without_point(table, (roles.get("patient"), roles.get("site")))
    reading = Reading(spec, path.name, table, roles, missing)
    reading.issues += [CaseIssue("(study)", "whole_numbers", one, "noted") for one in whole]
    return SideTable(reading)


def _roles(spec: DataSpec, columns: Iterable[str], file: str) -> dict[str, str]:
    """Role → column."""
    there = tuple(columns)
    declared = dict(spec.columns)
    declared |= {role: name for role in ("patient", "site") if (name := getattr(spec, role))}
    problems = [
        f"data.columns: beside annotations a table has the roles {', '.join(_ROLES)}, got {role!r}"
        for role in declared
        if role not in _ROLES
    ]
    problems += [
        f"{file}: no column {name!r} for the {role}; there is: {', '.join(there)}"
        for role, name in declared.items()
        if name not in there
    ]
    if "image" not in declared:
        lower = {name.lower(): name for name in reversed(there)}
        key = next((lower[name] for name in _KEYS if name in lower), None)
        if key is None:
            problems.append(f"{file}: which column names the image? declare data.columns.image")
        else:
            declared["image"] = key
    if problems:
        raise DataError(problems)
    own = {role: role for role in _ROLES if role in there and role not in declared}
    return {**own, **declared}
