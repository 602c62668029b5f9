"""Cases without images, column by column: a million of them fit where a row each would not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import overload

import numpy as np
import numpy.typing as npt

from xaudit.audit.store.case_row import CaseRow
from xaudit.core.case import NOT_RECORDED, BoolArray, CaseIssue
from xaudit.core.cut import Cut

IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class CaseColumns(Sequence[CaseRow]):
    """N cases of which only the score is known; a row is made when it is asked for.

    Attributes:
        ids: N names.
        patients: whose the cases are, as rows tell it.
        labels: (N,) bool.
        logits: (N,), NaN for a case without a score.
        groups: column → levels; every case has one, if only "not recorded".
        folds: of a cross-validation; None where there are none.
        noted: row → issues.
    """

    ids: Sequence[str]
    patients: Cut
    labels: BoolArray
    logits: npt.NDArray[np.float64]
    groups: Mapping[str, Cut]
    folds: Cut | None = None
    noted: Mapping[int, tuple[CaseIssue, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Sequence[CaseRow]) -> CaseColumns:
        """The columns of any rows; what they say of images is left out."""
        if isinstance(rows, CaseColumns):
            return rows
        names = sorted({name for row in rows for name in row.groups})
        folds = [row.fold for row in rows if row.fold is not None]
        return cls(
            [row.case_id for row in rows],
            Cut.of([row.patient for row in rows]),
            np.array([row.label for row in rows], dtype=bool),
            np.array([row.logit for row in rows], dtype=np.float64),
            {n: Cut.of([row.groups.get(n) or NOT_RECORDED for row in rows]) for n in names},
            Cut.of(folds) if folds and len(folds) == len(rows) else None,
            noted={place: row.issues for place, row in enumerate(rows) if row.issues},
        )

    def __len__(self) -> int:
        return len(self.labels)

    @overload
    def __getitem__(self, at: int) -> CaseRow: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[CaseRow, ...]: ...

    def __getitem__(self, at: int | slice) -> CaseRow | tuple[CaseRow, ...]:
        rows = range(len(self))[at]
        return self._row(rows) if isinstance(rows, int) else tuple(map(self._row, rows))

    def _row(self, row: int) -> CaseRow:
        return CaseRow(
            case_id=self.ids[row],
            patient=self.patients.names[self.patients.codes[row]],
            label=bool(self.labels[row]),
            groups={name: cut.names[cut.codes[row]] for name, cut in self.groups.items()},
            logit=float(self.logits[row]) if self.scored[row] else None,
            lesions=0,
            form="none",
            sampled=False,
            issues=self.noted.get(row, ()),
            fold=None if self.folds is None else self.folds.names[self.folds.codes[row]],
        )

    @cached_property
    def scored(self) -> BoolArray:
        """(N,), which cases have a score."""
        return ~np.isnan(self.logits)

    def issues(self) -> Iterator[CaseIssue]:
        """All issues of the cases, in their order."""
        return (issue for row in sorted(self.noted) for issue in self.noted[row])

    def with_patients(self, names: Sequence[str]) -> CaseColumns:
        """The cases with other names of patients, one for each of ``patients.names``."""
        return replace(self, patients=Cut.coded(names, self.patients.codes))

    def at(self, ids: Sequence[str]) -> CaseColumns:
        """The cases of these names, in the order in which they are here."""
        wanted = set(ids)
        rows = np.flatnonzero([identifier in wanted for identifier in self.ids])
        return CaseColumns(
            [self.ids[row] for row in rows.tolist()],
            self.patients.at(rows).used(),
            self.labels[rows],
            self.logits[rows],
            {name: cut.at(rows).used() for name, cut in self.groups.items()},
            None if self.folds is None else self.folds.at(rows).used(),
            {at: self.noted[row] for at, row in enumerate(rows.tolist()) if row in self.noted},
        )


def case_ids(cases: Sequence[CaseRow]) -> Sequence[str]:
    """The names of cases, without a row for each where they are columns."""
    return cases.ids if isinstance(cases, CaseColumns) else [row.case_id for row in cases]
