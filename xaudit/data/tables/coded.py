"""A table by its columns: a row is a number for each column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.core.message import Message
from xaudit.data.tables.table import Row
from xaudit.data.tables.texts import Texts

IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class ColumnTable:
    """A table by its columns.

    Attributes:
        columns: names, in order.
        cells: name → texts.
        word: what a row is called in messages: "line", "case" or "row".
        numbers: (N,), that of each row.
    """

    columns: tuple[str, ...]
    cells: Mapping[str, Texts]
    word: str
    numbers: IntArray

    def __len__(self) -> int:
        return len(self.numbers)

    def at(self, rows: IntArray) -> ColumnTable:
        """Some of the rows."""
        cells = {name: texts.at(rows) for name, texts in self.cells.items()}
        return replace(self, cells=cells, numbers=self.numbers[rows])

    def where(self, row: int) -> str:
        """Where a row stands: "line 3"."""
        return f"{self.word} {self.numbers[row]}"

    def row(self, row: int) -> Row:
        """A row by itself, for messages."""
        values, missing = {}, {}
        for name, texts in self.cells.items():
            values[name] = texts[row]
            if (place := int(texts.codes[row])) in texts.written:
                missing[name] = texts.written[place]
        return Row(self.where(row), values, missing)

    def rows(self, which: BoolArray) -> Iterator[Row]:
        """The rows of a mask, one after the other."""
        return (self.row(int(row)) for row in np.flatnonzero(which))

    def read_as_missing(self, columns: Iterable[str]) -> Iterator[str]:
        """One sentence for each column in which texts were read as missing, with their numbers."""
        for name in dict.fromkeys(columns):
            texts = self.cells[name]
            times = np.bincount(texts.codes, minlength=len(texts.texts))
            counts: Counter[str] = Counter()
            for place, text in texts.written.items():
                counts[text] += int(times[place])
            told = ", ".join(f"{n} × {text!r}" for text, n in sorted(counts.items()) if n)
            if told:
                yield Message(
                    "column {column}: read as missing, {texts}", column=repr(name), texts=told
                )


def of_rows(columns: Sequence[str], rows: Sequence[Row]) -> ColumnTable:
    """The table of rows that were read one by one."""
    word = rows[0].where.partition(" ")[0]
    numbers = np.array([int(row.where.rpartition(" ")[2]) for row in rows], dtype=np.intp)
    return ColumnTable(tuple(columns), {n: _column(n, rows) for n in columns}, word, numbers)


def _column(name: str, rows: Sequence[Row]) -> Texts:
    """A text that was read as missing has a place of its own, behind a sign that no text has."""
    raw = Texts.of(
        f"\0{row.missing[name]}" if name in row.missing else row.text(name) for row in rows
    )
    written = {place: text[1:] for place, text in enumerate(raw.texts) if text.startswith("\0")}
    texts = tuple("" if place in written else text for place, text in enumerate(raw.texts))
    return Texts(texts, raw.codes, written)
