"""Cases without images, column by column: a million of them fit where a row each would not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
import numpy.typing as npt

from xaudit.audit.case_row import CaseRow
from xaudit.core.case import NOT_RECORDED, BoolArray, CaseIssue
from xaudit.core.cut import Cut
from xaudit.data.texts import Coder

if TYPE_CHECKING:
    import pyarrow as pa

IntArray = npt.NDArray[np.intp]
_MARK = {b"xaudit": b"columns"}
_CHUNK = 1 << 16


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
        return cls(
            [row.case_id for row in rows],
            Cut.of([row.patient for row in rows]),
            np.array([row.label for row in rows], dtype=bool),
            np.array([row.logit for row in rows], dtype=np.float64),
            {n: Cut.of([row.groups.get(n) or NOT_RECORDED for row in rows]) for n in names},
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

    def at(self, ids: Sequence[str]) -> CaseColumns:
        """The cases of these names, in the order in which they are here."""
        wanted = set(ids)
        rows = np.flatnonzero([one in wanted for one in self.ids])
        return CaseColumns(
            [self.ids[row] for row in rows.tolist()],
            self.patients.at(rows).used(),
            self.labels[rows],
            self.logits[rows],
            {name: cut.at(rows).used() for name, cut in self.groups.items()},
            None if self.folds is None else self.folds.at(rows).used(),
            {at: self.noted[row] for at, row in enumerate(rows.tolist()) if row in self.noted},
        )


def write_columns(path: Path, cases: CaseColumns) -> None:
    """Write cases as rows are written: any reader of Parquet shows one line for each.

    Args:
        path: of a Parquet file.
        cases: to be written, some at a time.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    schema = _schema()
    levels = {
        name: pa.array([f"{_json(name)}: {_json(level)}" for level in cut.names], pa.string())
        for name, cut in sorted(cases.groups.items())
    }
    patients = pa.array(cases.patients.names, pa.string())
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, max(len(cases), 1), _CHUNK):
            part = slice(start, min(start + _CHUNK, len(cases)))
            groups = [own.take(pa.array(cases.groups[n].codes[part])) for n, own in levels.items()]
            columns = _chunk(cases, part) | {
                "patient": patients.take(pa.array(cases.patients.codes[part])),
                "groups": _objects(groups, part.stop - part.start),
            }
            arrays = [pa.array(columns[one.name], one.type) for one in schema]
            writer.write_table(pa.table(arrays, schema=schema))


def _schema() -> pa.Schema:
    """That of rows which are written one by one, and a mark."""
    import pyarrow as pa  # noqa: PLC0415

    text = pa.string()
    return pa.schema(
        {
            "case_id": text, "patient": text, "label": pa.bool_(), "groups": text,
            "logit": pa.float64(), "lesions": pa.int64(), "form": text, "sampled": pa.bool_(),
            "issues": text, "image_sha256": text, "fold": text, "pixel_mm": text,
        },
        metadata=_MARK,
    )  # fmt: skip


def _chunk(cases: CaseColumns, part: slice) -> dict[str, object]:
    """What is the same for all cases without an image, and what is said of each."""
    import pyarrow as pa  # noqa: PLC0415

    n, folds = part.stop - part.start, cases.folds
    noted = [cases.noted.get(row, ()) for row in range(part.start, part.stop)]
    return {
        "case_id": list(cases.ids[part]),
        "label": cases.labels[part],
        "logit": pa.array(cases.logits[part], mask=~cases.scored[part]),
        "lesions": [0] * n,
        "form": ["none"] * n,
        "sampled": [False] * n,
        "issues": [_json([asdict(one) for one in own]) if own else "[]" for own in noted],
        "image_sha256": [None] * n,
        "fold": [None] * n if folds is None else [folds.names[one] for one in folds.codes[part]],
        "pixel_mm": ["null"] * n,
    }


def _objects(members: Sequence[pa.Array], n: int) -> pa.Array:
    """JSON objects of members that are written already."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if not members:
        return pa.array(["{}"] * n, pa.string())
    inner = members[0] if len(members) == 1 else pc.binary_join_element_wise(*members, ", ")
    return pc.binary_join_element_wise("{", inner, "}", "")


def _json(value: object) -> str:
    return json.dumps(value, allow_nan=False, sort_keys=True)


def read_columns(path: Path) -> CaseColumns | None:
    """Read what `write_columns` wrote; None where rows were written one by one.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds what was never written, or pyarrow cannot read it.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415

    with pq.ParquetFile(path) as file:
        if (file.schema_arrow.metadata or {}).get(b"xaudit") != _MARK[b"xaudit"]:
            return None
        parts = _Parts()
        for batch in file.iter_batches(_CHUNK, columns=list(_READ)):
            parts.add(batch.to_pydict())
    return parts.cases()


_READ = ("case_id", "patient", "label", "groups", "logit", "issues", "fold")


class _Parts:
    """Columns that grow."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._labels: list[BoolArray] = []
        self._logits: list[npt.NDArray[np.float64]] = []
        self._noted: dict[int, tuple[CaseIssue, ...]] = {}
        self._patients, self._folds = Coder(), Coder()
        self._groups: dict[str, Coder] = {}

    def add(self, batch: Mapping[str, list[str]]) -> None:
        start = len(self._ids)
        self._ids += batch["case_id"]
        self._labels.append(np.array(batch["label"], dtype=bool))
        self._logits.append(np.array(batch["logit"], dtype=np.float64))
        for place, (patient, fold, groups, issues) in enumerate(
            zip(*(batch[name] for name in ("patient", "fold", "groups", "issues")), strict=True)
        ):
            self._patients.add(patient)
            if fold is not None:
                self._folds.add(fold)
            for name, level in json.loads(groups).items():
                self._groups.setdefault(name, Coder()).add(level)
            if issues != "[]":
                noted = tuple(CaseIssue(**one) for one in json.loads(issues))
                self._noted[start + place] = noted

    def cases(self) -> CaseColumns:
        folds = _cut(self._folds)
        return CaseColumns(
            self._ids,
            _cut(self._patients),
            np.concatenate([np.empty(0, dtype=bool), *self._labels]),
            np.concatenate([np.empty(0), *self._logits]),
            {name: _cut(coder) for name, coder in self._groups.items()},
            folds if len(folds.codes) else None,
            self._noted,
        )


def _cut(coder: Coder) -> Cut:
    texts = coder.texts()
    return Cut.coded(texts.texts, texts.codes)
