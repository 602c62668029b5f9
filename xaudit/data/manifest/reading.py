"""A manifest while it is read: what is known of it, and all that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from xaudit.core.case import CaseIssue, Region
from xaudit.data.spec import DataSpec
from xaudit.data.tables.missing import Missing
from xaudit.data.tables.table import ListTable, Row
from xaudit.errors import DataError

T = TypeVar("T")


@dataclass(slots=True)
class Reading:
    """The manifest while it is read; problems are collected and raised together.

    Attributes:
        spec: what the audit file says of the study.
        file: name of the manifest.
        table: its rows.
        roles: role → column.
        missing: what is no value.
        labels: lower-case label value → fractured.
        groups: columns that are groups.
        annotators: text of their column → how reports call them.
        artifacts: case → name → outline.
        issues: what is told of the study.
        soft: of each mask with soft edges, pixels above half and above 0.
        smeared: of each mask of a lossy format, its level and pixels.
        levels: of each other mask, the value of its lesion and pixels.
        problems: mistakes that belong to no row.
        wrong: rows with their mistakes.
    """

    spec: DataSpec
    file: str
    table: ListTable
    roles: Mapping[str, str]
    missing: Missing
    labels: Mapping[str, bool] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    annotators: Mapping[str, str] = field(default_factory=dict)
    artifacts: Mapping[str, Mapping[str, Region]] = field(default_factory=dict)
    issues: list[CaseIssue] = field(default_factory=list)
    soft: list[tuple[int, int]] = field(default_factory=list)
    smeared: list[tuple[float, int]] = field(default_factory=list)
    levels: list[tuple[float, int]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    wrong: list[tuple[Row, str]] = field(default_factory=list)

    def text(self, row: Row, role: str) -> str:
        """The cell of a role; empty without such a column."""
        return row.text(self.roles[role]) if role in self.roles else ""

    def said(self, row: Row, role: str) -> str:
        """The cell as it stands in the file, for a message."""
        return row.said(self.roles[role])

    def problem(self, row: Row, text: str) -> None:
        """Note what is wrong with a row."""
        self.wrong.append((row, f": {text}"))

    def attempt(self, row: Row, column: str, action: Callable[[], T], otherwise: T) -> T:
        """Do it, or note what is wrong with the row and go on."""
        try:
            return action()
        except (ValueError, DataError) as error:
            self.problem(row, f"{column}: {error}")
        return otherwise
