"""Rows of the readings of annotators: how they are called, and as a table of calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from xaudit.audit.store.case_row import CaseRow
from xaudit.audit.store.store import ProbeRow
from xaudit.core.case import BoolArray

LABEL, DICE, DRAWN, MATCHED = "reading", "dice", "lesions_drawn", "lesions_matched"
LEFT_OUT, NOT_DRAWN, ANNOTATOR = "ties_left_out", "not_drawn", "annotator"
IOUS = (0.1, 0.25, 0.5)
"""Least intersection over union of two lesions that count as one."""
_NONE = -1

Values = Mapping[str, float]
"""Case → value."""


def pair_name(first: str, second: str) -> str:
    """Two annotators, as scopes name them."""
    return f"{first} and {second}"


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What A annotators say of N cases.

    Attributes:
        annotators: as reports call them, in their order.
        patients: N names.
        calls: (N, A) 1 for a fracture, 0 for none, -1 where an annotator did not read the case.
        logits: (N,) of the detector, NaN for a case without a score.
        ties: images left out of the study because annotators tied.
        cases: N ids.
        overlaps: (metric, pair, threshold) → values of cases.
    """

    annotators: tuple[str, ...]
    patients: tuple[str, ...]
    calls: npt.NDArray[np.int8]
    logits: npt.NDArray[np.float64]
    ties: int
    cases: tuple[str, ...]
    overlaps: Mapping[tuple[str, str, str], Values]

    @classmethod
    def of(cls, rows: Sequence[ProbeRow], cases: Sequence[CaseRow]) -> Readings:
        """The rows of a probe as a table.

        Args:
            rows: of the readings.
            cases: of the audit.
        """
        said = [row for row in rows if row.metric == LABEL]
        names = tuple(dict.fromkeys(row.level for row in said))
        # Annotators of the first cases need not be the first of all.
        names = tuple(sorted(names, key=_number))
        read = {row.case_id for row in said}
        kept = [row for row in cases if row.case_id in read]
        place = {row.case_id: at for at, row in enumerate(kept)}
        calls = np.full((len(kept), len(names)), _NONE, dtype=np.int8)
        for row in said:
            if row.case_id in place:
                calls[place[row.case_id], names.index(row.level)] = int(row.value or 0)
        logits = [np.nan if row.logit is None else row.logit for row in kept]
        return cls(
            names,
            tuple(row.patient for row in kept),
            calls,
            np.array(logits, dtype=np.float64),
            int(max((row.value or 0 for row in rows if row.metric == LEFT_OUT), default=0)),
            tuple(place),
            _overlaps(rows),
        )

    @property
    def read(self) -> BoolArray:
        """(N, A), who read which case."""
        return np.asarray(self.calls != _NONE)

    @property
    def positive(self) -> npt.NDArray[np.intp]:
        """(N,), annotators who say fractured."""
        return np.asarray(np.sum(self.calls == 1, axis=1), dtype=np.intp)

    @property
    def pairs(self) -> list[tuple[int, int, str]]:
        """Columns of two annotators, and how the pair is called."""
        names = self.annotators
        return [
            (one, other, pair_name(names[one], names[other]))
            for one, other in combinations(range(len(names)), 2)
        ]

    def patients_of(self, rows: BoolArray) -> tuple[str, ...]:
        """The patients of some cases."""
        return tuple(self.patients[row] for row in np.flatnonzero(rows))


def _number(name: str) -> tuple[int, int, str]:
    last = name.rpartition(" ")[2]
    return (0, int(last), name) if last.isdecimal() else (1, 0, name)


def _overlaps(rows: Sequence[ProbeRow]) -> Mapping[tuple[str, str, str], Values]:
    found: dict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
    for row in rows:
        if row.metric in {DICE, DRAWN, MATCHED} and row.value is not None:
            found[row.metric, row.facet, row.level][row.case_id] = row.value
    return found
