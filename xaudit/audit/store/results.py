"""All rows of an audit together, as its summaries need them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count, takewhile
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from xaudit.audit.store.case_columns import CaseColumns
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.store import CaseRow, MapRow, ScoreRow, Store, array_name

Key = TypeVar("Key", int, str)


@dataclass(frozen=True)
class Results:
    """The rows of every shard, in the order of the plan.

    Attributes:
        store: where the arrays still are.
        cases: one row for each case; patients are called by their first case and their code, so
            that no result depends on the key of the codes.
        scores: every score of every map.
        maps: one row for each map that was tried.
        places: case id → (shard, position in it); none of cases that never had an image.
    """

    store: Store
    cases: Sequence[CaseRow]
    scores: tuple[ScoreRow, ...]
    maps: tuple[MapRow, ...]
    places: Mapping[str, tuple[int, int]]

    @classmethod
    def load(cls, store: Store, record: PlanRecord) -> Results:
        """Read every shard of a plan that was carried out.

        Raises:
            AuditError: a shard is missing or damaged.
        """
        return cls.of(store, [number for number, ids in enumerate(record.shards) if ids])

    @classmethod
    def of(cls, store: Store, numbers: Iterable[int]) -> Results:
        """Read these shards.

        Raises:
            AuditError: a shard is missing or damaged.
        """
        read = {number: store.read(number) for number in numbers}
        shards = list(read.values())
        cases = shards[0].cases if len(shards) == 1 else None
        return cls(
            store,
            _named(cases if cases is not None else [row for one in shards for row in one.cases]),
            tuple(row for shard in shards for row in shard.scores),
            tuple(row for shard in shards for row in shard.maps),
            {
                row.case_id: (number, position)
                for number, shard in read.items()
                if not isinstance(shard.cases, CaseColumns)
                for position, row in enumerate(shard.cases)
            },
        )

    @classmethod
    def beyond(cls, store: Store, record: PlanRecord) -> Results | None:
        """Read the shards behind those of the plan: cases that are shown and were not sampled.

        Returns:
            None where there are none yet; one for each detector otherwise, read together.

        Raises:
            AuditError: a shard is damaged.
        """
        numbers = list(takewhile(store.done, count(len(record.shards))))
        return cls.of(store, numbers) if numbers else None

    @cached_property
    def by_id(self) -> Mapping[str, CaseRow]:
        """Case id → row."""
        return {row.case_id: row for row in self.cases}

    @cached_property
    def by_score(self) -> Mapping[tuple[str, str], Mapping[str, ScoreRow]]:
        """(method, metric) → case id → score of the whole image."""
        table: dict[tuple[str, str], dict[str, ScoreRow]] = {}
        for row in self.scores:
            if row.lesion is None and row.at is None:
                table.setdefault((row.method, row.metric), {})[row.case_id] = row
        return table

    def array(self, case_id: str, what: str) -> npt.NDArray[Any]:
        """One array of an explained case: "image", "lesions", "inside" or a method's map.

        Only where there may be a gallery is the image kept; see `pictured`.
        """
        number, position = self.places[case_id]
        return np.asarray(self.store.arrays(number)[array_name(position, what)])

    def pictured(self, case_id: str) -> bool:
        """Whether the image of a case is kept: it was explained, and may be shown."""
        number, position = self.places[case_id]
        return array_name(position, "image") in self.store.arrays(number)

    def numbers(self, shard: int, name: str) -> npt.NDArray[Any] | None:
        """An array with a row for each case of a shard; None where the run did not keep it."""
        arrays = self.store.arrays(shard)
        return np.asarray(arrays[name]) if name in arrays else None


def _named(rows: Sequence[CaseRow]) -> Sequence[CaseRow]:
    """Patients in an order that is the same under every key: what is drawn goes by their names."""
    if isinstance(rows, CaseColumns):
        # An array gives its numbers one by one: a million of them are no objects at once.
        codes = array("i", rows.patients.codes.tobytes())
        first = _first(zip(codes, rows.ids, strict=True))
        # The order of `_name` without its codes, which would be new texts for half a million.
        return rows.with_patients([first[place] for place in range(len(rows.patients))])
    by_code = _first((row.patient, row.case_id) for row in rows)
    return tuple(replace(row, patient=_name(by_code[row.patient], row.patient)) for row in rows)


def _first(cases: Iterable[tuple[Key, str]]) -> dict[Key, str]:
    """Patient → the id of a case that sorts before those of all others of the patient."""
    first: dict[Key, str] = {}
    for patient, case_id in cases:
        first[patient] = min(first.get(patient, case_id), case_id)
    return first


def _name(first: str, code: str) -> str:
    # Nothing sorts below NUL: an id that begins like another comes after it, whatever the code.
    return f"{first}\0{code}"
