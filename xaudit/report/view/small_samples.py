"""Estimates from fewer cases than a verdict needs: short in a cell, explained below the table."""

from __future__ import annotations

import re
from dataclasses import replace

from xaudit.core.message import Message
from xaudit.report.language.translation import told, tr
from xaudit.report.view import numbers
from xaudit.report.view.model import Section, Table

_LESS = "\N{NO-BREAK SPACE}<\N{NO-BREAK SPACE}"
_SHOWN = re.compile(rf"; \S+{_LESS}\d")


def few(caution: str) -> str:
    """Why an estimate may not be judged; "15 < 30 patients" where too few stand behind it.

    Args:
        caution: as the estimate has it.
    """
    params = caution.params if isinstance(caution, Message) else {}
    if not {"n", "what", "least"} <= params.keys():
        return told(caution)
    return f"{params['n']}{_LESS}{numbers.whole(params['least'])} {told(params['what'])}"


def explained(section: Section) -> Section:
    """The section with a word on such cells below each table that has one."""
    return replace(section, tables=tuple(map(_explained, section.tables)))


def _explained(table: Table) -> Table:
    if not any(_SHOWN.search(cell) for row in table.rows for cell in row):
        return table
    note = tr("“12 < 30” of what was counted: fewer than a verdict needs.")
    return replace(table, note=f"{table.note} {note}".lstrip())
