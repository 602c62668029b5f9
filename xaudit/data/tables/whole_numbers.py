"""Ids that are whole numbers: 7 and 7.0 are one patient, whichever program wrote the column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from xaudit.core.message import Message
from xaudit.data.tables.table import ListTable, Row
from xaudit.data.tables.texts import Texts

_WHOLE = re.compile(r"[0-9]+(\.0+)?")
_POINTED = re.compile(r"([0-9]+)\.0+")


def without_point(
    table: ListTable, columns: Iterable[str | None]
) -> tuple[ListTable, tuple[str, ...]]:
    """The table with 7 for 7.0 in columns that hold nothing but whole numbers.

    A column of whole numbers with gaps becomes one of floats in pandas, and then 7 is written as
    7.0. Where a column holds other texts too, nothing is changed, and 7 beside 7.0 is said.

    Args:
        table: as read.
        columns: of patients, sites and folds; None is passed over.

    Returns:
        The table, and one sentence for each column that was changed or that holds both.
    """
    rows, notes = table.rows, []
    for column in dict.fromkeys(one for one in columns if one in table.columns):
        before = Texts.of(row.text(column) for row in rows)
        after, said = column_without_point(column, before)
        if after is not before:
            rows = _rewritten(rows, column)
        notes += said
    return replace(table, rows=rows), tuple(notes)


def column_without_point(name: str, column: Texts) -> tuple[Texts, list[str]]:
    """As `without_point`, of one column that is told by its texts.

    Args:
        name: of the column.
        column: its texts, as read.
    """
    texts = column.used() - {""}
    pointed = sorted(text for text in texts if _POINTED.fullmatch(text))
    both = [text for text in pointed if _whole(text) in texts]
    if pointed and all(_WHOLE.fullmatch(text) for text in texts):
        count = int(column.where(_POINTED.fullmatch).sum())
        said = Message(
            "column {column} holds whole numbers, {n} of them as {text}: read as {whole}",
            column=repr(name),
            n=count,
            text=repr(pointed[0]),
            whole=repr(_whole(pointed[0])),
        )
        return replace(column, texts=tuple(map(_whole, column.texts))), [said]
    if not both:
        return column, []
    return column, [
        Message(
            "column {column} holds {whole} and {text}, which count as two; write one of them if "
            "they are one",
            column=repr(name),
            whole=repr(_whole(both[0])),
            text=repr(both[0]),
        )
    ]


def _rewritten(rows: Sequence[Row], column: str) -> tuple[Row, ...]:
    return tuple(
        replace(row, values={**row.values, column: _whole(row.text(column))}) for row in rows
    )


def _whole(text: str) -> str:
    found = _POINTED.fullmatch(text)
    return found[1] if found else text
