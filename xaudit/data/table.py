"""Rows of a CSV or JSON list of cases, each with the place that messages name."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xaudit.errors import DataError

MAX_BYTES = 200_000_000
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands ("line 3", "case 2") and its values; JSON keeps its types."""

    where: str
    values: Mapping[str, Any]

    def text(self, column: str) -> str:
        """A value as stripped text; empty where there is none."""
        value = self.values.get(column)
        return "" if value is None else str(value).strip()


@dataclass(frozen=True, slots=True)
class Table:
    """The columns in order, and the rows."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(path: Path) -> Table:
    """Read a list of cases.

    CSV has a header line and commas, semicolons or tabs; JSON is a list of objects, or an object
    with such a list under "cases". Text is UTF-8, with or without a byte order mark.

    Raises:
        DataError: the file is missing, larger than `MAX_BYTES`, no UTF-8, empty, or malformed.
    """
    text = _text(path)
    table = _json(path, text) if path.suffix.lower() == ".json" else _csv(path, text)
    if not table.rows:
        raise DataError(f"{path}: expected one row for each case, got none")
    return table


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(f"{path}: a manifest has at most {MAX_BYTES:,} bytes, got {size:,}")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: expected UTF-8, byte {error.start} is not; save the file as UTF-8"
        ) from error
    except OSError as error:
        raise DataError(f"{path}: the manifest cannot be read: {error.strerror}") from error
    if not text.strip():
        raise DataError(f"{path}: expected a manifest, got an empty file")
    return text


def _csv(path: Path, text: str) -> Table:
    header = text.lstrip().splitlines()[0]
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    problems: list[str] = []
    columns: tuple[str, ...] = ()
    try:
        for cells in reader:
            where = f"line {reader.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = tuple(cell.strip() for cell in cells)
            elif len(cells) != len(columns):
                expected = f"expected {len(columns)} values, got {len(cells)}"
                problems.append(f"{path.name} {where}: {expected}")
            else:
                rows.append(Row(where, dict(zip(columns, cells, strict=True))))
    except csv.Error as error:
        problems.append(f"{path.name} line {reader.line_num}: {error}; long outlines fit JSON")
    problems += _column_problems(path, columns)
    if problems:
        raise DataError(capped(problems))
    return Table(columns, tuple(rows))


def _column_problems(path: Path, columns: tuple[str, ...]) -> list[str]:
    twice = sorted({name for name in columns if columns.count(name) > 1})
    return [f"{path.name} line 1: column {name!r} stands there twice" for name in twice]


def _json(path: Path, text: str) -> Table:
    try:
        content = json.loads(text)
    # A deep nesting of brackets ends in a RecursionError.
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: expected JSON: {error}") from error
    cases = content.get("cases") if isinstance(content, dict) else content
    if not isinstance(cases, list):
        raise DataError(f'{path}: expected a list of cases, or {{"cases": [...]}}')
    problems = [
        f"{path.name} case {number}: expected an object, got {type(case).__name__}"
        for number, case in enumerate(cases, start=1)
        if not isinstance(case, dict)
    ]
    if problems:
        raise DataError(capped(problems))
    columns = tuple(dict.fromkeys(name for case in cases for name in case))
    rows = (Row(f"case {number}", case) for number, case in enumerate(cases, start=1))
    return Table(columns, tuple(rows))


def capped(problems: list[str], limit: int = 100) -> list[str]:
    """The first problems, and how many more there are."""
    more = len(problems) - limit
    return problems if more <= 0 else [*problems[:limit], f"... and {more} more problems"]
