"""Separated text as spreadsheets, pandas and R write it: the clear is read, the rest refused."""

from __future__ import annotations

import csv
import io
import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xaudit.data.tables.texts import Column, Texts
from xaudit.errors import DataError

IntArray = npt.NDArray[np.intp]
SEPARATORS = ",;\t|"
_DECLARED = re.compile(r'"?sep=([^\w\s"#]|\t)"?\1*\s*', re.IGNORECASE)
# "#N/A" and "#NA" are what programs write for a value that they do not have.
_COMMENT = re.compile(r" *#(?!N/?A( N/A)?\s*([,;\t|]|$))", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d][^\d]*")
_OTHER_COMMENTS = ("//", "%")
_NAMED = 3
# So many rows are turned into columns at once: a step for each column, not for each cell.
_TOGETHER = 4096


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the line on which it begins, counted from 1, and its cells as they stand there."""

    line: int
    cells: tuple[str, ...]


class _Lines(Iterator[str]):
    """Lines for a CSV reader; between two records, blank lines and comments are left out."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._source = iter(lines)
        self.number = self.began = 0
        self.between = True
        self.comments: list[Record] = []

    def __next__(self) -> str:
        for line in self._source:
            self.number += 1
            if not self.between:
                return line
            if _COMMENT.match(line):
                self.comments.append(Record(self.number, (line,)))
            elif line.strip():
                self.began, self.between = self.number, False
                return line
        raise StopIteration


def read_separated(file: str, text: str) -> tuple[tuple[str, ...], list[Record]]:
    """The names of the columns and the rows, each with as many cells as there are columns.

    As `scan_separated`, of a text.
    """
    # Without translation: a quoted value keeps its line ends.
    columns, lines, cells = scan_separated(file, lambda: io.StringIO(text, newline=""))
    texts = ([cell[row] for row in range(len(cell))] for cell in cells)
    rows = zip(lines.tolist(), *texts, strict=True)
    return columns, [Record(line, tuple(own)) for line, *own in rows]


def scan_separated(
    file: str, source: Callable[[], Iterable[str]]
) -> tuple[tuple[str, ...], IntArray, tuple[Texts, ...]]:
    """The names of the columns, the line on which each row begins, and the cells by column.

    Left out: blank lines, lines that begin with "#", a line "sep=;" at the top. A line with more or
    fewer values than there are names is refused even if what is too much is empty: a decimal comma
    without quotes looks the same, and would shift every value behind it.

    Args:
        file: its name, for messages.
        source: gives the lines of the file with their ends, each time from the first.

    Raises:
        DataError: what cannot be read, in one sentence for each kind.
    """
    lines = _Lines(source())
    try:
        first = next(lines)
    except StopIteration:
        raise DataError(f"{file}: expected a line with the names of columns, got none") from None
    declared = _DECLARED.fullmatch(first)
    separator = declared[1] if declared else _separator(first)
    if declared:
        lines.between = True
    else:
        lines = _Lines(source())
    records = _records(file, lines, separator)
    header = next(records, Record(1, ()))
    columns = tuple(cell.strip() for cell in header.cells)
    body = _Body(len(columns))
    for record in records:
        body.add(record)
    if above := _above_the_names(header, body, lines.comments, separator):
        raise DataError(f"{file} {above}")
    problems = [
        *_names_twice(file, header.line, columns),
        *_ragged(file, len(columns), body.odd, separator),
        *_nameless(file, columns, body),
        *_doubtful_comments(file, lines.comments, len(columns), separator),
    ]
    if problems:
        raise DataError(problems)
    return columns, np.array(body.lines, dtype=np.intp), body.columns()


class _Body:
    """The rows below the names: cells by column, and the rows that have more or fewer of them."""

    def __init__(self, width: int) -> None:
        self._columns = [Column() for _ in range(width)]
        self._waiting: list[tuple[str, ...]] = []
        self.lines = array("q")
        self.odd: list[Record] = []
        self.first: Record | None = None
        self.widths: set[int] = set()

    def add(self, record: Record) -> None:
        self.first = self.first or record
        self.widths.add(len(record.cells))
        if len(record.cells) != len(self._columns):
            self.odd.append(record)
            return
        self.lines.append(record.line)
        self._waiting.append(record.cells)
        if len(self._waiting) == _TOGETHER:
            self._code()

    def columns(self) -> tuple[Texts, ...]:
        """The cells of all rows that are not odd."""
        self._code()
        return tuple(column.texts() for column in self._columns)

    def _code(self) -> None:
        for column, cells in zip(self._columns, zip(*self._waiting, strict=True), strict=False):
            column.extend(cells)
        self._waiting.clear()

    def __len__(self) -> int:
        return len(self.lines) + len(self.odd)


def _separator(header: str) -> str:
    """The one that cuts the line of names into most pieces."""
    return max(SEPARATORS, key=lambda separator: len(_cells(header, separator)))


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return line.split(separator)


def _records(file: str, lines: _Lines, separator: str) -> Iterator[Record]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        lines.between = True
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            hint = "; long outlines fit JSON" if "field limit" in str(error) else ""
            raise DataError(f"{file} line {lines.began}: {error}{hint}") from error
        if any(map(str.strip, cells)):
            yield Record(lines.began, tuple(cells))


def _above_the_names(
    header: Record, body: _Body, comments: Sequence[Record], separator: str
) -> str:
    """What stands where the names of columns should: a title, another comment, names behind #."""
    place, width, widths = f"line {header.line}", len(header.cells), body.widths
    first = header.cells[0].strip() if header.cells else ""
    for comment in comments:
        count = len(_cells(comment.cells[0], separator))
        if comment.line < header.line and width > 1 and count == width:
            return (
                f"line {comment.line}: # begins a comment, and this one has a value for each of "
                f"the {width} columns; if these are the names, delete the #, and otherwise the line"
            )
    wider = len(body) > 1 and len(widths) == 1 and width < min(widths)
    below = body.first.cells if body.first else ()
    title = wider and (width == 1 or all(_NAME.fullmatch(cell) for cell in below))
    if title or first.startswith(_OTHER_COMMENTS):
        return (
            f"{place}: expected the names of the columns, got {first[:40]!r}; "
            "delete what stands above the names, or begin it with #"
        )
    return ""


def _names_twice(file: str, line: int, columns: Sequence[str]) -> Iterator[str]:
    twice = [repr(name) for name in dict.fromkeys(columns) if name and columns.count(name) > 1]
    if twice:
        yield f"{file} line {line}: column {', '.join(twice)} stands there twice"


def _ragged(file: str, width: int, rows: Sequence[Record], separator: str) -> Iterator[str]:
    odd: dict[int, list[Record]] = defaultdict(list)
    for row in rows:
        if len(row.cells) != width:
            odd[len(row.cells)].append(row)
    for count, own in odd.items():
        hint = _hint(count - width, own, separator)
        places = _places([row.line for row in own])
        yield f"{file} {places}: expected {width} values, got {count}; {hint}"


def _hint(more: int, rows: Sequence[Record], separator: str) -> str:
    if more < 0:
        return "the line ends too early"
    if not any(cell.strip() for row in rows for cell in row.cells[-more:]):
        return (
            f"the line ends with {separator!r}: delete it there, or add it to the line of names; "
            "decimal commas stand in quotes"
        )
    return f"values that hold {separator!r}, such as decimal commas, stand in quotes"


def _nameless(file: str, columns: Sequence[str], body: _Body) -> Iterator[str]:
    """Values under no name; only the first column may lack one, where pandas numbers the rows."""
    if all(columns[1:]):
        return
    cells = body.columns()
    for place, name in enumerate(columns[1:], start=1):
        if name:
            continue
        filled = np.flatnonzero(cells[place].where(str.strip))
        odd = (row for row in body.odd if len(row.cells) > place and row.cells[place].strip())
        lines = sorted([*(body.lines[row] for row in filled), *(row.line for row in odd)])
        if lines:
            where = f"{file} {_places(lines)}"
            yield f"{where}: value {place + 1} has no name in the line of names"


def _doubtful_comments(
    file: str, comments: Sequence[Record], width: int, separator: str
) -> Iterator[str]:
    """What may be a case whose name begins with "#", or names of columns: never dropped unsaid."""
    lines = [
        comment.line
        for comment in comments
        if width > 1 and len(_cells(comment.cells[0], separator)) == width
    ]
    if lines:
        yield (
            f"{file} {_places(lines)}: # begins a comment, and there is a value for each of the "
            f"{width} columns; delete it, or put its first value in quotes if it is a case"
        )


def _places(lines: Sequence[int]) -> str:
    """Some of the lines by number, and how many more there are."""
    named = ", ".join(map(str, lines[:_NAMED]))
    more = f" and {len(lines) - _NAMED} more" if len(lines) > _NAMED else ""
    return f"line{'s' if len(lines) > 1 else ''} {named}{more}"
