"""A column of texts, each of them told once."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.data.tables.missing import Missing

Codes = npt.NDArray[np.int32]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """A column of texts.

    Attributes:
        texts: each once or more often, in the order in which they appear.
        codes: (N,), the place of each row's text among them.
        written: place → what stood there, where that was read as missing and the text is empty.
    """

    texts: tuple[str, ...]
    codes: Codes
    written: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Iterable[str]) -> Texts:
        """The column of these texts."""
        coder = Coder()
        coder.extend(values)
        return coder.texts()

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: SupportsIndex) -> str:
        return self.texts[int(self.codes[row])]

    def where(self, asked: Callable[[str], object]) -> BoolArray:
        """(N,), for which rows a question about the text is answered with yes; asked once each."""
        answers = np.array([bool(asked(text)) for text in self.texts], dtype=bool)
        return answers[self.codes]

    def used(self) -> set[str]:
        """The texts that a row has."""
        there = np.bincount(self.codes, minlength=len(self.texts)) > 0
        return {text for text, one in zip(self.texts, there, strict=True) if one}

    def at(self, rows: IntArray) -> Texts:
        """The column of some of the rows."""
        return replace(self, codes=self.codes[rows])

    def told(self, word: Callable[[str], str]) -> Texts:
        """The column of other texts, each made from one of these; those that become one are one.

        Texts that no row has are not asked about: they are of rows that were left out.
        """
        coder, used = Coder(), np.bincount(self.codes, minlength=len(self.texts)) > 0
        turned = np.array(
            [
                coder.place(word(text)) if one else -1
                for text, one in zip(self.texts, used, strict=True)
            ],
            dtype=np.int32,
        )
        return Texts(coder.texts().texts, turned[self.codes])

    def read(self, column: str, missing: Missing) -> Texts:
        """The column without blanks around its texts, and without what holds nothing."""
        written, texts = {}, []
        for place, text in enumerate(self.texts):
            stripped = text.strip()
            if stripped and missing.holds_nothing(column, text):
                written[place], stripped = stripped, ""
            texts.append(stripped)
        return Texts(tuple(texts), self.codes, written)


class _Places(dict[str, int]):
    """Text → its number, given the first time it is asked for: a look-up runs no code of ours."""

    def __missing__(self, text: str) -> int:
        self[text] = place = len(self)
        return place


class Coder:
    """Gives each text a number, the first time it comes."""

    def __init__(self) -> None:
        self._places = _Places()
        self._codes = array("i")

    def extend(self, texts: Iterable[str]) -> None:
        """More rows."""
        self._codes.extend(map(self._places.__getitem__, texts))

    def place(self, text: str) -> int:
        """The number of a text."""
        return self._places[text]

    def texts(self) -> Texts:
        """The column of all rows that were added."""
        codes = np.frombuffer(self._codes, dtype=np.int32) if self._codes else np.empty(0, np.int32)
        return Texts(tuple(self._places), codes)
