"""The cases of a table of predictions, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray, CaseIssue
from xaudit.data.contradictions import speaks_of_a_person
from xaudit.data.tables.texts import Texts


@dataclass(frozen=True, slots=True)
class ScoredCase:
    """One row of the table; ``logit`` is None where the detector gave no prediction.

    Attributes:
        logit: infinite for a probability of 0 or 1.
        groups: name → level; empty text where nothing is recorded.
    """

    case_id: str
    patient: str
    label: bool
    logit: float | None
    groups: Mapping[str, str]
    site: str | None
    issues: tuple[CaseIssue, ...] = ()
    fold: str | None = None


@dataclass(frozen=True, eq=False)
class ScoredCases(Sequence[ScoredCase]):
    """N rows of a table; a case is made when it is asked for.

    Attributes:
        ids: of the cases.
        patients: of the cases.
        labels: (N,) bool.
        logits: (N,), NaN where the detector gave nothing.
        levels: name → levels of a group.
        sites: None without a column of sites; empty text where nothing is said.
        folds: None without a column of folds.
        own_issues: row → what is to be said of it.
    """

    ids: Texts
    patients: Texts
    labels: BoolArray
    logits: npt.NDArray[np.float64]
    levels: Mapping[str, Texts]
    sites: Texts | None = None
    folds: Texts | None = None
    own_issues: Mapping[int, tuple[CaseIssue, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    @overload
    def __getitem__(self, at: int) -> ScoredCase: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[ScoredCase, ...]: ...

    def __getitem__(self, at: int | slice) -> ScoredCase | tuple[ScoredCase, ...]:
        rows = range(len(self))[at]
        return self._case(rows) if isinstance(rows, int) else tuple(map(self._case, rows))

    def _case(self, row: int) -> ScoredCase:
        logit = float(self.logits[row])
        return ScoredCase(
            self.ids[row],
            self.patients[row],
            bool(self.labels[row]),
            None if np.isnan(logit) else logit,
            {name: texts[row] for name, texts in self.levels.items()},
            (self.sites[row] or None) if self.sites else None,
            self.own_issues.get(row, ()),
            self.folds[row] if self.folds else None,
        )

    def in_doubt(self) -> tuple[Iterator[ScoredCase], int]:
        """The cases of patients of whom a table may say two things, and how many patients it has.

        Only what a person has one of is looked at.
        """
        doubted = np.zeros(len(self.patients.texts), dtype=bool)
        for name, texts in self.levels.items():
            if speaks_of_a_person(name):
                several = texts.told(str.casefold).codes
                first = np.zeros(len(doubted), dtype=np.int32)
                first[self.patients.codes] = several
                doubted[self.patients.codes[first[self.patients.codes] != several]] = True
        rows = np.flatnonzero(doubted[self.patients.codes])
        return (self._case(int(row)) for row in rows), len(self.patients.used())
