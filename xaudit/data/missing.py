"""What a cell says when it says nothing: one rule for every table and every role."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

TEXTS = ("", "-", "nan", "na", "n/a", "<na>", "#n/a", "nat", "null", "none")
"""Texts that hold nothing. `WORD` is not among them as long as it is written in small letters."""
WORD = "none"
"""A level of many studies (implant: none), where "None" and "NONE" are what programs write."""

MissingTexts = tuple[str, ...] | Mapping[str, tuple[str, ...]] | None
"""As an audit file declares it: for all columns, for some, or as it is by itself."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Which texts hold nothing.

    Attributes:
        everywhere: texts of all columns that have none of their own.
        columns: column → its own texts.
    """

    everywhere: tuple[str, ...] | None = None
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def declared(cls, texts: MissingTexts) -> Missing:
        """The rule that an audit file declares under ``data.missing``."""
        if isinstance(texts, Mapping):
            return cls(columns=texts)
        return cls(everywhere=texts)

    def holds_nothing(self, column: str, value: object) -> bool:
        """Whether a value is missing: None, NaN, blank, or one of the texts in any case."""
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return True
        if not isinstance(value, str):
            return False
        text, own = value.strip(), self.columns.get(column, self.everywhere)
        if not text:
            return True
        if own is None:
            return text != WORD and text.casefold() in TEXTS
        return text.casefold() in {one.strip().casefold() for one in own}

    def problems(self, columns: Collection[str]) -> Iterator[str]:
        """Declared columns that a table lacks."""
        for name in self.columns:
            if name not in columns:
                there = ", ".join(columns)
                yield f"data.missing: no column {name!r}; there is: {there}"

    def named_values(self, key: str, column: str, values: Iterable[str]) -> Iterator[str]:
        """Values that an audit file names and that would be read as missing.

        Args:
            key: where they stand ("data.positive").
            column: whose values they are.
            values: as declared; empty text stands for what is missing and is left alone.
        """
        for value in values:
            if value.strip() and self.holds_nothing(column, value):
                yield (
                    f"{key}: {value!r} is read as missing; where it is a value, say which texts of "
                    f"this column are missing: data.missing: {{{column}: []}}"
                )
