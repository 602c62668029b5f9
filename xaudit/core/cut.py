"""The levels of a column, told as one number for each case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray

IntArray = npt.NDArray[np.intp]
Codes = npt.NDArray[np.int32]
_KINDS: tuple[type[np.signedinteger], ...] = (np.int8, np.int16, np.int32)


@dataclass(frozen=True, eq=False)
class Cut(Mapping[str, BoolArray]):
    """A column that cuts a study: every case is in one level.

    As a mapping it gives level → (N,) bool, made when it is asked for: the masks of 500 sites and a
    million cases together would be half a gigabyte.

    Attributes:
        names: of the levels, sorted.
        held: (N,), the place of each case's level among the names, in as few bytes as hold it: of
            a million cases and a dozen columns it is 40 MB less. To reckon with, take `codes`.
    """

    names: tuple[str, ...]
    held: npt.NDArray[np.signedinteger]

    def __post_init__(self) -> None:
        kind = next(kind for kind in _KINDS if len(self.names) <= np.iinfo(kind).max)
        object.__setattr__(self, "held", self.held.astype(kind, copy=False))

    @property
    def codes(self) -> Codes:
        """(N,), the place of each case's level among the names."""
        return self.held.astype(np.int32, copy=False)

    @classmethod
    def of(cls, values: Sequence[str]) -> Cut:
        """The cut that N texts make."""
        places: dict[str, int] = {}
        codes = np.fromiter(
            (places.setdefault(value, len(places)) for value in values), np.int32, len(values)
        )
        return cls.coded(tuple(places), codes)

    @classmethod
    def coded(cls, texts: Sequence[str], codes: Codes) -> Cut:
        """The cut of cases that name a text each by its place; texts may stand there twice.

        Args:
            texts: of the levels, in any order; some may have no case.
            codes: (N,), places among the texts.
        """
        there = np.bincount(codes, minlength=len(texts)) > 0
        names = sorted({text for text, used in zip(texts, there, strict=True) if used})
        places = {name: place for place, name in enumerate(names)}
        turned = np.array([places.get(text, -1) for text in texts], dtype=np.int32)
        return cls(tuple(names), turned[codes] if len(codes) else codes)

    def __getitem__(self, level: str) -> BoolArray:
        return np.asarray(self.held == self._places[level], dtype=bool)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def rows(self, level: str) -> IntArray:
        """The cases of a level, in order."""
        return np.flatnonzero(self.held == self._places[level])

    def place(self, level: str) -> int:
        """Where a level stands among the names."""
        return self._places[level]

    def at(self, rows: BoolArray | IntArray) -> Cut:
        """The cut of some of the cases, a mask or rows; levels without any of them stay."""
        if rows.dtype == np.bool_ and rows.all():
            return self
        return Cut(self.names, self.held[rows])

    def only(self, names: Sequence[str]) -> Mapping[str, BoolArray]:
        """Some of the levels, as a mapping that makes a mask when it is asked for."""
        return _Some(self, tuple(names))

    def used(self) -> Cut:
        """The same cut without the levels that have no case."""
        return Cut.coded(self.names, self.codes)

    @cached_property
    def there(self) -> tuple[str, ...]:
        """The levels that have cases."""
        sizes = np.bincount(self.held, minlength=len(self.names))
        return tuple(name for name, size in zip(self.names, sizes, strict=True) if size)

    def counts(self, kind: BoolArray) -> IntArray:
        """(L,): how many cases of a kind, (N,) bool, are in each level."""
        return np.bincount(self.held[kind], minlength=len(self.names))

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {name: place for place, name in enumerate(self.names)}


@dataclass(frozen=True, slots=True, eq=False)
class _Some(Mapping[str, BoolArray]):
    """Some of the levels of a cut."""

    cut: Cut
    names: tuple[str, ...]

    def __getitem__(self, level: str) -> BoolArray:
        if level not in self.names:
            raise KeyError(level)
        return self.cut[level]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)
