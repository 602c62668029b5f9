"""Missing values: one rule for every table and every role."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

TEXTS = (
    "", "-", "--", "–", "—", "?", ".", "nan", "-nan", "na", "n/a", "<na>", "#na", "#n/a",
    "#n/a n/a", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan", "nat", "null", "none",
)  # fmt: skip
"""Texts that hold nothing: those of pandas, and what people and other programs put for it.

`WORD` is not among them as long as it is written in small letters.
"""
NOBODY = (
    "none", "unknown", "unk", "missing", "not known", "not recorded", "not available", "undefined",
    "anon", "anonymous", "anonymized", "anonymised",
)  # fmt: skip
"""Texts that are levels of a group but name no patient: many people would become one."""
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
        patient: column with the patients, where the texts of `NOBODY` hold nothing either.
    """

    everywhere: tuple[str, ...] | None = None
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    patient: str | None = None

    @classmethod
    def declared(cls, texts: MissingTexts, patient: str | None = None) -> Missing:
        """The rule that an audit file declares under ``data.missing``."""
        if isinstance(texts, Mapping):
            return cls(columns=texts, patient=patient)
        return cls(everywhere=texts, patient=patient)

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
            named = column == self.patient and text.casefold() in NOBODY
            return named or (text != WORD and text.casefold() in TEXTS)
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
