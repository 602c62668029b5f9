"""Columns of a manifest that tables are cut by: which there are, and what is declared of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xaudit.core.message import Message
from xaudit.data.spec import DataSpec
from xaudit.data.tables.levels import merge_problems, merged, remedy, too_many_levels
from xaudit.data.tables.missing import Missing
from xaudit.data.tables.table import ListTable, capped
from xaudit.errors import DataError


def group_columns(
    spec: DataSpec, table: ListTable, free: Sequence[str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The columns that a table can show, and those with too many levels, each with what helps.

    Args:
        spec: with the wanted columns, bins and merged levels.
        table: the rows.
        free: columns without a role, in order.
    """
    wanted = [name for name in spec.groups or free if name in free]
    many: dict[str, str] = {}
    for name in wanted:
        merge = spec.merge.get(name, {})
        levels = {merged(row.text(name), merge) for row in table.rows} - {""}
        if name not in spec.bins and too_many_levels(levels):
            way = remedy(levels, f"data.bins.{name}", f"data.merge.{name}")
            many[name] = Message(
                "column {column} has {n} levels, too many for a table; {way}",
                column=repr(name),
                n=len(levels),
                way=way,
            )
    return tuple(name for name in wanted if name not in many), many


def check_grouping(spec: DataSpec, file: str, table: ListTable, free: Sequence[str]) -> None:
    """Refuse bins and merged levels that do not fit their columns.

    Args:
        spec: with the declarations.
        file: name of the manifest.
        table: the rows.
        free: columns that may be grouped.

    Raises:
        DataError: every mistake.
    """
    problems = [
        f"{key}: no column {name!r} to group by in {file}"
        for key, declared in (("data.bins", spec.bins), ("data.merge", spec.merge))
        for name in declared
        if name not in free
    ]
    problems += _border_problems(spec)
    # Of columns that there are not, nothing more can be said.
    problems = problems or list(_merge_problems(spec, table))
    if problems:
        raise DataError(capped(problems))


def _border_problems(spec: DataSpec) -> Iterator[str]:
    for name, borders in spec.bins.items():
        if not borders or list(borders) != sorted(set(borders)):
            yield f"data.bins: {name!r} needs ascending borders, got {borders}"
        if name in spec.merge:
            yield f"data.bins: {name!r} stands under data.merge too; keep one of them"


def _merge_problems(spec: DataSpec, table: ListTable) -> Iterator[str]:
    missing = Missing.declared(spec.missing)
    for name, merge in spec.merge.items():
        taken = [text for texts in merge.values() for text in texts]
        lost = list(missing.named_values(f"data.merge.{name}", name, taken))
        values = {row.text(name) for row in table.rows}
        yield from lost or merge_problems(f"data.merge.{name}", merge, values)
