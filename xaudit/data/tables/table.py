"""Rows of a CSV or JSON list of cases, each with the place that messages name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xaudit.core.message import Message
from xaudit.core.text.json_text import read_json_text
from xaudit.data.tables.missing import Missing
from xaudit.data.tables.separated import read_separated
from xaudit.errors import DataError

MAX_BYTES = 200_000_000
_NAMED = 5
_EXACT = 2**53
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(e[+-]?\d+)?", re.IGNORECASE)
"""A number with a decimal comma, or one with thousands."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands ("line 3", "case 2") and its values; JSON keeps its types.

    Attributes:
        where: for messages.
        values: column → value; empty text where nothing is there.
        missing: column → the text that was read as missing, where a text was.
    """

    where: str
    values: Mapping[str, Any]
    missing: Mapping[str, str] = field(default_factory=dict)

    def text(self, column: str) -> str:
        """A value as stripped text; empty where there is none; a whole number without a point."""
        value = self.values.get(column)
        if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
            return str(int(value))
        return "" if value is None else str(value).strip()

    def said(self, column: str) -> str:
        """What stands there, for a message: the text, or nothing and why."""
        if text := self.text(column):
            return repr(text[:40])
        if column in self.missing:
            return f"nothing ({self.missing[column]!r} is read as missing, see data.missing)"
        return "nothing"


@dataclass(frozen=True, slots=True)
class ListTable:
    """The columns in order, and the rows."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(path: Path, missing: Missing | None = None) -> ListTable:
    """Read a list of cases.

    CSV has a line of names and commas, semicolons, tabs or bars; JSON is a list of objects, or an
    object with such a list under "cases". Text is UTF-8, with or without a byte order mark. What
    holds nothing is empty text in every row.

    Args:
        path: of the file; ".json" is read as JSON, all else as CSV.
        missing: which texts hold nothing; left out, those that do by themselves.

    Raises:
        DataError: the file is missing, larger than `MAX_BYTES`, no UTF-8, empty, or malformed.
    """
    text = _text(path)
    read = _json if path.suffix.lower() == ".json" else _csv
    table = read(path, text, missing or Missing())
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
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{path}: line {line} holds the character NUL; save the file as text")
    return text


def _csv(path: Path, text: str, missing: Missing) -> ListTable:
    columns, records = read_separated(path.name, text)
    rows = (
        _row(f"line {record.line}", dict(zip(columns, record.cells, strict=True)), missing)
        for record in records
    )
    return ListTable(tuple(name for name in columns if name), tuple(rows))


def _row(where: str, values: dict[str, Any], missing: Missing) -> Row:
    """The row without what holds nothing, which is remembered where it was written out."""
    empty = [name for name, value in values.items() if missing.holds_nothing(name, value)]
    written = {name: text for name in empty if (text := str(values[name] or "").strip())}
    return Row(where, values | dict.fromkeys(empty, ""), written)


def _json(path: Path, text: str, missing: Missing) -> ListTable:
    try:
        content = read_json_text(text, pairs=_each_once)
    except ValueError as error:
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
    rows = (_row(f"case {number}", case, missing) for number, case in enumerate(cases, start=1))
    return ListTable(columns, tuple(rows))


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; of a name that stands there twice, Python would take the last."""
    made = dict(pairs)
    if len(made) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise ValueError(f"the name {max(counts, key=counts.__getitem__)!r} stands there twice")
    return made


def read_as_missing(rows: Iterable[Row], columns: Iterable[str]) -> Iterator[str]:
    """One sentence for each column in which texts were read as missing, with their numbers."""
    wanted = dict.fromkeys(columns)
    found: dict[str, Counter[str]] = {name: Counter() for name in wanted}
    for row in rows:
        for name in row.missing.keys() & wanted.keys():
            found[name][row.missing[name]] += 1
    for name, counts in found.items():
        if counts:
            texts = ", ".join(f"{count} × {text!r}" for text, count in sorted(counts.items()))
            yield Message(
                "column {column}: read as missing, {texts}", column=repr(name), texts=texts
            )


def decimal_commas(rows: Sequence[Row], columns: Iterable[str]) -> Iterator[str]:
    """Columns of numbers with decimal commas, which might be thousands: one sentence for each."""
    for name in dict.fromkeys(columns):
        found = [row for row in rows if DECIMAL_COMMA.fullmatch(row.text(name))]
        if found:
            yield (
                f"{found[0].where}, column {name!r}: expected a decimal point, got "
                f"{found[0].text(name)!r}, and so in {len(found)} rows; write numbers with points"
            )


def told_once(file: str, wrong: Iterable[tuple[Row, str]]) -> Iterator[str]:
    """One sentence for each thing that is wrong, with the first rows in which it is.

    Args:
        file: name of the table.
        wrong: rows and what is wrong with them, beginning with ":" or ",".
    """
    rows: dict[str, list[Row]] = {}
    for row, text in wrong:
        rows.setdefault(text, []).append(row)
    for text, found in rows.items():
        more = f"; so in {len(found)} rows" if len(found) > 1 else ""
        yield f"{file} {places(found)}{text}{more}"


def places(rows: Sequence[Row]) -> str:
    """Where rows stand: "line 3", "lines 3, 5", "cases 3, 5, 9, 11, 12, ..."."""
    if len(rows) == 1:
        return rows[0].where
    word, _, _ = rows[0].where.partition(" ")
    numbers = [row.where.rpartition(" ")[2] for row in rows[:_NAMED]]
    return f"{word}s {', '.join(numbers)}{', ...' if len(rows) > _NAMED else ''}"


def capped(problems: list[str], limit: int = 100) -> list[str]:
    """The first problems, and how many more there are."""
    more = len(problems) - limit
    return problems if more <= 0 else [*problems[:limit], f"... and {more} more problems"]
