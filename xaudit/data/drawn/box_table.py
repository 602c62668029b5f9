"""A table of boxes: a row each, with its image, its sides in pixels and a score."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

import numpy as np

from xaudit.data.drawn.listed import ListedBox, ListedBoxes
from xaudit.data.drawn.spec import ROLES, BoxesSpec
from xaudit.data.tables.columns import read_columns
from xaudit.data.tables.missing import Missing
from xaudit.data.tables.numbers import number
from xaudit.data.tables.table import Row, capped
from xaudit.errors import DataError

_NEEDED = ("image", "left", "top", "score")
_ENDS = (("right", "width"), ("bottom", "height"))


def list_box_table(spec: BoxesSpec) -> ListedBoxes:
    """The boxes of a table; a row whose sides are all empty says that nothing was found.

    Raises:
        DataError: a column is missing, or a cell is no number; every mistake.
    """
    table = read_columns(spec.found, Missing())
    columns = _columns(spec, table.columns)
    listed, problems = ListedBoxes(), []
    for row in table.rows(np.ones(len(table), dtype=bool)):
        image = row.text(columns["image"])
        if not any(row.text(columns[role]) for role in columns if role in ROLES[1:7]):
            listed.silent.append(image)
            continue
        try:
            listed.boxes.append(_box(row, image, columns, f"{spec.found.name} {row.where}"))
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise DataError(capped(problems))
    return listed


def _columns(spec: BoxesSpec, there: tuple[str, ...]) -> Mapping[str, str]:
    """Role → column, for the roles that the table has."""
    problems = [
        f"detector.columns: no role {role!r}; roles are {', '.join(ROLES)}"
        for role in spec.columns
        if role not in ROLES
    ]
    named = {role: spec.columns.get(role, role) for role in ROLES}
    found = {role: column for role, column in named.items() if column in there}
    problems += [*_lacking(spec, named, found, there)]
    if problems:
        raise DataError(problems)
    return found


def _lacking(
    spec: BoxesSpec, named: Mapping[str, str], found: Mapping[str, str], there: tuple[str, ...]
) -> Iterator[str]:
    file, listed = spec.found.name, ", ".join(there)
    for role in dict.fromkeys((*_NEEDED, *spec.columns)):
        if role in named and role not in found:
            near = difflib.get_close_matches(named[role], there, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield (
                f"detector.columns.{role}: {file} has no column {named[role]!r}{hint} There is: "
                f"{listed}"
            )
    for pair in _ENDS:
        given = [role for role in pair if role in found]
        if len(given) != 1:
            yield (
                f"detector.columns: {file} has {' and '.join(given) or 'neither'} of "
                f"{' and '.join(pair)}, expected one; there is: {listed}"
            )


def _box(row: Row, image: str, columns: Mapping[str, str], where: str) -> ListedBox:
    values = {
        role: _cell(row, columns[role], where) for role in columns if role not in {"image", "class"}
    }
    left, top = values["left"], values["top"]
    width = values["width"] if "width" in values else values["right"] - left
    height = values["height"] if "height" in values else values["bottom"] - top
    kind = row.text(columns["class"]) if "class" in columns else ""
    return ListedBox(image, (left, top, width, height), values["score"], kind, where)


def _cell(row: Row, column: str, where: str) -> float:
    try:
        return number(row.text(column))
    except ValueError:
        raise ValueError(
            f"{where}, column {column!r}: expected a number, got {row.said(column)}"
        ) from None
