"""A column of texts, each of them told once."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.core.text.packed_texts import PackedTexts
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

    texts: Sequence[str]
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

    def values(self) -> Sequence[str]:
        """(N,), the text of each row."""
        if np.array_equal(self.codes, np.arange(len(self.texts))):
            return self.texts
        return PackedTexts(self.texts[code] for code in self.codes)

    def all_different(self) -> bool:
        """Whether no text is that of two rows; False may also come by chance, once in a lifetime.

        Different hashes are those of different texts, and a number needs less than a text.
        """
        hashes = np.fromiter(map(hash, self.values()), np.int64, len(self))
        return len(np.unique(hashes)) == len(self)

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
        written = {
            place: text.strip()
            for place, text in enumerate(self.texts)
            if text.strip() and missing.holds_nothing(column, text)
        }
        texts = ("" if place in written else text.strip() for place, text in enumerate(self.texts))
        kind = PackedTexts if isinstance(self.texts, PackedTexts) else tuple
        return Texts(kind(texts), self.codes, written)


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

    def __len__(self) -> int:
        return len(self._codes)

    def place(self, text: str) -> int:
        """The number of a text."""
        return self._places[text]

    def texts(self) -> Texts:
        """The column of all rows that were added."""
        codes = np.frombuffer(self._codes, dtype=np.int32) if self._codes else np.empty(0, np.int32)
        return Texts(tuple(self._places), codes)


class Column:
    """Grows a column of texts, and looks none up where nearly all are different: ids and scores.

    To know a million of them apart takes 180 MB, ten times what they take themselves.
    """

    def __init__(self) -> None:
        self._coder = Coder()
        self._packed: PackedTexts | None = None
        self._judged = False

    def extend(self, texts: Iterable[str]) -> None:
        """More rows."""
        if self._packed is not None:
            self._packed.extend(texts)
            return
        self._coder.extend(texts)
        if not self._judged and len(self._coder) >= _MANY:
            self._judged = True
            column = self._coder.texts()
            if len(column.texts) > _NEARLY_ALL * len(column):
                self._packed, self._coder = PackedTexts(column.values()), Coder()

    def texts(self) -> Texts:
        """The column of all rows that were added; texts may stand there more than once."""
        if self._packed is None:
            return self._coder.texts()
        return Texts(self._packed, np.arange(len(self._packed), dtype=np.int32))


_MANY, _NEARLY_ALL = 1 << 15, 0.8
"""Rows after which a column is judged, and the share of different texts that is nearly all."""
