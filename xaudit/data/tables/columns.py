"""Tables by their columns, from CSV, JSON, Parquet or Arrow, without an object for each row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xaudit.data.tables.coded import ColumnTable, of_rows
from xaudit.data.tables.missing import Missing
from xaudit.data.tables.separated import scan_separated
from xaudit.data.tables.table import Row, read_table
from xaudit.data.tables.texts import Texts
from xaudit.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

MAX_BYTES = 4_000_000_000
_ARROW = {".feather", ".arrow", ".ipc"}


def read_columns(path: Path, missing: Missing) -> ColumnTable:
    """Read a table of predictions.

    Args:
        path: of the file; ".json", ".parquet", ".feather", ".arrow" and ".ipc" are read as what
            they say, all else as CSV (see `xaudit.data.tables.table.read_table`).
        missing: which texts hold nothing.

    Raises:
        DataError: the file is missing, larger than `MAX_BYTES`, empty, or malformed.
    """
    kind = path.suffix.lower()
    if kind == ".json":
        listed = read_table(path, missing)
        return of_rows(listed.columns, listed.rows)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DataError(f"{path}: the table cannot be read: {error.strerror}") from error
    if size > MAX_BYTES:
        raise DataError(f"{path}: a table has at most {MAX_BYTES:,} bytes, got {size:,}")
    read = _of_arrow if kind in {*_ARROW, ".parquet"} else _of_csv
    table = read(path)
    if not len(table):
        raise DataError(f"{path}: expected one row for each case, got none")
    cells = {name: texts.read(name, missing) for name, texts in table.cells.items()}
    return ColumnTable(table.columns, cells, table.word, table.numbers)


def _of_csv(path: Path) -> ColumnTable:
    try:
        if not any(line.strip() for line in _lines(path)):
            raise DataError(f"{path}: expected a table, got an empty file")
        columns, lines, cells = scan_separated(path.name, lambda: _lines(path))
    except OSError as error:
        raise DataError(f"{path}: the table cannot be read: {error.strerror}") from error
    named = {name: texts for name, texts in zip(columns, cells, strict=True) if name}
    return ColumnTable(tuple(named), named, "line", lines)


def _lines(path: Path) -> Iterator[str]:
    """Lines with their ends as they are: a quoted value keeps them."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from file
    except UnicodeDecodeError:
        raise DataError(
            f"{path}: expected UTF-8, byte {_first_wrong(path)} is not; save the file as UTF-8"
        ) from None


def _first_wrong(path: Path) -> int:
    """The position of the first byte that is no UTF-8, in a file that has one."""
    content = path.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return len(content)


def _of_arrow(path: Path) -> ColumnTable:
    import pyarrow as pa  # noqa: PLC0415

    try:
        table = _arrow_table(path)
        twice = {name for name in table.column_names if table.column_names.count(name) > 1}
        if twice:
            raise DataError(f"{path}: column {sorted(twice)[0]!r} stands there twice")
        cells = {name: _texts(path, name, table.column(name)) for name in table.column_names}
    # pyarrow reports some damage as OSError, and bad UTF-8 as a UnicodeDecodeError.
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as {path.suffix[1:]}: {error}") from error
    return ColumnTable(tuple(cells), cells, "row", np.arange(1, table.num_rows + 1))


def _arrow_table(path: Path) -> pa.Table:
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq  # noqa: PLC0415

        return pq.read_table(path)
    from pyarrow import feather  # noqa: PLC0415

    return feather.read_table(path)


def _texts(path: Path, name: str, column: pa.ChunkedArray) -> Texts:
    """The texts that the values of a column have in a table; nothing for null."""
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_nested(column.type):
        raise DataError(f"{path}: column {name!r}: expected texts or numbers, got {column.type}")
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    values = whole.dictionary.to_pylist()
    texts = [Row("", {"": value}).text("") for value in values]
    # Null has a place of its own, behind all values.
    codes = whole.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    return Texts((*texts, ""), codes.astype(np.int32))
