"""Cases without images in a Parquet file, written and read some at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xaudit.audit.store.case_columns import CaseColumns
from xaudit.core.case import BoolArray, CaseIssue
from xaudit.core.cut import Cut
from xaudit.core.message import from_form, to_form
from xaudit.core.text.packed_texts import PackedTexts
from xaudit.data.tables.texts import Coder

_MARK = {b"xaudit": b"columns"}
_CHUNK, _ROWS = 1 << 16, 1 << 12


def write_columns(file: BinaryIO, cases: CaseColumns) -> None:
    """Write cases as rows are written: any reader of Parquet shows one line for each.

    Args:
        file: a Parquet file to write.
        cases: to be written, some at a time.
    """
    schema = pa.schema([(name, kind) for name, kind in _SCHEMA.items()], metadata=_MARK)
    levels = {
        name: _texts([f"{_json(name)}: {_json(level)}" for level in cut.names])
        for name, cut in sorted(cases.groups.items())
    }
    patients = _texts(cases.patients.names)
    with pq.ParquetWriter(file, schema, write_page_checksum=True) as writer:
        for start in range(0, max(len(cases), 1), _CHUNK):
            part = slice(start, min(start + _CHUNK, len(cases)))
            groups = [own.take(_values(cases.groups[n].codes[part])) for n, own in levels.items()]
            columns = _chunk(cases, part) | {
                "patient": patients.take(_values(cases.patients.codes[part])),
                "groups": _objects(groups, part.stop - part.start),
            }
            arrays = [columns[name] for name in _SCHEMA]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


_SCHEMA = {
    "case_id": pa.string(), "patient": pa.string(), "label": pa.bool_(), "groups": pa.string(),
    "logit": pa.float64(), "lesions": pa.int64(), "form": pa.string(), "sampled": pa.bool_(),
    "issues": pa.string(), "image_sha256": pa.string(), "fold": pa.string(),
    "pixel_mm": pa.string(),
}  # fmt: skip


def _chunk(cases: CaseColumns, part: slice) -> dict[str, pa.Array]:
    """What is the same for all cases without an image, and what is said of each."""
    n, folds = part.stop - part.start, cases.folds
    noted = [cases.noted.get(row, ()) for row in range(part.start, part.stop)]
    nothing = pa.nulls(n, pa.string())
    return {
        "case_id": _texts(cases.ids[part]),
        "label": _bools(cases.labels[part]),
        "logit": _values(cases.logits[part], cases.scored[part]),
        "lesions": _values(np.zeros(n, dtype=np.int64)),
        "form": _texts(["none"] * n),
        "sampled": _bools(np.zeros(n, dtype=bool)),
        "issues": _texts(
            [_json(to_form([asdict(one) for one in own])) if own else "[]" for own in noted]
        ),
        "image_sha256": nothing,
        "fold": nothing
        if folds is None
        else _texts([folds.names[code] for code in folds.codes[part]]),
        "pixel_mm": _texts(["null"] * n),
    }


def _objects(members: Sequence[pa.Array], n: int) -> pa.Array:
    """JSON objects of members that are written already."""
    opening, comma, closing, nothing = (_texts([text] * n) for text in ("{", ", ", "}", ""))
    if not members:
        return _texts(["{}"] * n)
    inner = members[0] if len(members) == 1 else pc.binary_join_element_wise(*members, comma)
    return pc.binary_join_element_wise(opening, inner, closing, nothing)


# `pa.array` imports pandas where it is installed, which takes longer than a table of 20,000 rows.
def _texts(texts: Sequence[str]) -> pa.StringArray:
    parts = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, parts)], dtype=np.int32)
    return pa.StringArray.from_buffers(
        len(parts), pa.py_buffer(ends), pa.py_buffer(b"".join(parts))
    )


def _values(values: npt.NDArray[Any], there: BoolArray | None = None) -> pa.Array:
    """Numbers, some of which may be missing."""
    bits = None if there is None else _bits(there)
    buffers = [bits, pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)


def _bools(values: BoolArray) -> pa.Array:
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, _bits(values)])


def _bits(values: BoolArray) -> pa.Buffer:
    return pa.py_buffer(np.packbits(values, bitorder="little"))


def _json(value: object) -> str:
    return json.dumps(value, allow_nan=False, sort_keys=True)


def read_columns(path: Path) -> CaseColumns | None:
    """Read what `write_columns` wrote; None where rows were written one by one.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds what was never written, or pyarrow cannot read it.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        if (file.schema_arrow.metadata or {}).get(b"xaudit") != _MARK[b"xaudit"]:
            return None
        parts = _Parts()
        for batch in file.iter_batches(_ROWS, columns=list(_READ)):
            parts.add(batch.to_pydict())
    return parts.cases()


_READ = ("case_id", "patient", "label", "groups", "logit", "issues", "fold")


class _Parts:
    """Columns that grow."""

    def __init__(self) -> None:
        self._ids = PackedTexts()
        self._labels: list[BoolArray] = []
        self._logits: list[npt.NDArray[np.float64]] = []
        self._noted: dict[int, tuple[CaseIssue, ...]] = {}
        self._patients, self._folds = Coder(), Coder()
        self._groups: dict[str, Coder] = {}

    def add(self, batch: Mapping[str, list[str]]) -> None:
        start = len(self._ids)
        self._ids.extend(batch["case_id"])
        self._labels.append(np.array(batch["label"], dtype=bool))
        self._logits.append(np.array(batch["logit"], dtype=np.float64))
        self._patients.extend(batch["patient"])
        self._folds.extend(fold for fold in batch["fold"] if fold is not None)
        groups = list(map(json.loads, batch["groups"]))
        names = groups[0] if groups else {}
        if any(len(group) != len(names) for group in groups) or (
            start and names.keys() != self._groups.keys()
        ):
            raise ValueError("expected the same columns of groups for every case")
        for name in names:
            self._groups.setdefault(name, Coder()).extend(map(itemgetter(name), groups))
        for place, issues in enumerate(batch["issues"], start):
            if issues != "[]":
                self._noted[place] = tuple(map(_issue, json.loads(issues)))

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


def _issue(form: Mapping[str, Any]) -> CaseIssue:
    return CaseIssue(**{name: from_form(one) for name, one in form.items()})


def _cut(coder: Coder) -> Cut:
    texts = coder.texts()
    return Cut.coded(texts.texts, texts.codes)
