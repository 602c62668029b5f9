"""Results on disk, shard by shard: what is marked done survives whatever comes after.

A shard is a folder with ``cases.parquet``, ``scores.parquet``, ``maps.parquet`` and
``arrays.npz``. It is written under another name and renamed; the marker ``_DONE`` inside is
written last, so a folder without it is never read.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from xaudit.audit.adapter import adapter
from xaudit.core.attribution import Parameter, Residual
from xaudit.core.case import CaseIssue
from xaudit.errors import AuditError

_DONE = "_DONE"


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case after scoring; ``logit`` is None where it could not be read.

    Attributes:
        patient: a hash that tells patients apart and names none.
        lesions: lesions on the input grid.
        sampled: drawn to be explained.
        image_sha256: of the image file; None where there is none or it cannot be read.
        fold: of a cross-validation, in which the detector had not seen the case.
        pixel_mm: height and width of a pixel of the input grid; None if not known.
    """

    case_id: str
    patient: str
    label: bool
    groups: Mapping[str, str]
    logit: float | None
    lesions: int
    form: str
    sampled: bool
    issues: tuple[CaseIssue, ...] = ()
    image_sha256: str | None = None
    fold: str | None = None
    pixel_mm: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One score of one map, or why there is none.

    Attributes:
        lesion: the lesion that it is about; None for the image.
        at: what else it depends on: a threshold, a criterion, another method.
    """

    case_id: str
    method: str
    metric: str
    value: float | None
    undefined: str | None
    lesion: int | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class MapRow:
    """How one map was made, or why it was not.

    Attributes:
        error: why there is no map; None if there is one.
        degenerate: why nothing can be read from it; None if it can be scored.
        shared: of the images passed forward, those that another method paid for.
    """

    case_id: str
    method: str
    params: Mapping[str, Parameter]
    forward: int = 0
    backward: int = 0
    residual: Residual | None = None
    degenerate: str | None = None
    error: str | None = None
    shared: int = 0


@dataclass(frozen=True, slots=True)
class DegradedRow:
    """The logit of one case as a worse radiograph, or why there is none.

    Attributes:
        ladder: in which way it is worse; see `xaudit.data.degrade.LADDERS`.
        severity: by how much, in the ladder's unit.
    """

    case_id: str
    ladder: str
    severity: float
    logit: float | None
    undefined: str | None


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One score of one check of a method on one case, or why there is none.

    Attributes:
        facet: what the check varies ("baseline", "layers", "disturbance"); empty for nothing.
        level: which of them.
    """

    case_id: str
    method: str
    metric: str
    facet: str
    level: str
    value: float | None
    undefined: str | None


Row = TypeVar("Row", CaseRow, ScoreRow, MapRow, CheckRow, DegradedRow)


@dataclass(slots=True)
class Shard:
    """The results of a handful of cases.

    Attributes:
        arrays: name → array; names are made by `array_name`.
    """

    cases: list[CaseRow] = field(default_factory=list)
    scores: list[ScoreRow] = field(default_factory=list)
    maps: list[MapRow] = field(default_factory=list)
    arrays: dict[str, npt.NDArray[Any]] = field(default_factory=dict)


def array_name(position: int, what: str) -> str:
    """Name of an array inside a shard: the case by its position, as ids may hold anything."""
    return f"{position:05d}-{what}"


class Store:
    """The shards of one audit.

    Args:
        folder: the audit's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._shards = folder / "shards"

    def path(self, number: int) -> Path:
        """Folder of a shard."""
        return self._shards / f"{number:05d}"

    def done(self, number: int) -> bool:
        """Whether the shard is complete."""
        return (self.path(number) / _DONE).is_file()

    def write(self, number: int, shard: Shard) -> None:
        """Write a shard; either all of it is there afterwards, or nothing.

        Raises:
            AuditError: the disk is full or cannot be written; earlier shards stay.
        """
        final = self.path(number)
        draft = final.with_name(f".{final.name}-{os.getpid()}")
        with disk_errors(self._shards):
            try:
                shutil.rmtree(final, ignore_errors=True)
                draft.mkdir(parents=True)
                _write_rows(draft / "cases.parquet", shard.cases, CaseRow)
                _write_rows(draft / "scores.parquet", shard.scores, ScoreRow)
                _write_rows(draft / "maps.parquet", shard.maps, MapRow)
                np.savez_compressed(draft / "arrays.npz", allow_pickle=False, **shard.arrays)
                draft.rename(final)
                (final / _DONE).write_text("", encoding="utf-8")
            finally:
                shutil.rmtree(draft, ignore_errors=True)

    def read(self, number: int) -> Shard:
        """Read a complete shard; its arrays are left on disk.

        Raises:
            AuditError: the shard is not complete or cannot be read.
        """
        if not self.done(number):
            raise AuditError(f"{self.path(number)}: not complete; run the audit again to go on")
        path = self.path(number)
        return Shard(
            _read_rows(path / "cases.parquet", CaseRow),
            _read_rows(path / "scores.parquet", ScoreRow),
            _read_rows(path / "maps.parquet", MapRow),
        )

    def arrays(self, number: int) -> Mapping[str, npt.NDArray[Any]]:
        """The arrays of a shard, read when they are asked for."""
        loaded: Mapping[str, npt.NDArray[Any]] = np.load(
            self.path(number) / "arrays.npz", allow_pickle=False
        )
        return loaded


def write_table(path: Path, rows: Sequence[Row], kind: type[Row]) -> None:
    """Write rows beside the shards; all of them are there afterwards, or nothing.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    with disk_errors(path.parent):
        try:
            _write_rows(draft, rows, kind)
            draft.rename(path)
        finally:
            draft.unlink(missing_ok=True)


def read_table(path: Path, kind: type[Row]) -> list[Row]:
    """Read what `write_table` wrote.

    Raises:
        AuditError: it cannot be read.
    """
    return _read_rows(path, kind)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn a failure to write into a message that says what is kept."""
    try:
        yield
    except OSError as error:
        what = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise AuditError(
            f"{error.filename or folder}: {what}; complete shards are kept, "
            "run the same command again to go on"
        ) from error


# Nested values are JSON inside a column: a shard can be opened with any Parquet reader, and an
# empty list of rows still has every column.
_JSON = {"groups", "issues", "params", "residual", "pixel_mm"}
_TYPES = {
    "label": "bool", "sampled": "bool", "logit": "float64", "value": "float64", "lesions": "int64",
    "lesion": "int64", "forward": "int64", "backward": "int64", "shared": "int64",
    "severity": "float64",
}  # fmt: skip


# Rows are named everywhere, and a verdict or a card reads none of them: pyarrow waits until then.
def _write_rows(path: Path, rows: Sequence[Row], kind: type[Row]) -> None:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    names = [column.name for column in fields(kind)]
    records = [asdict(row) for row in rows]
    columns = {
        name: pa.array(
            [_pack(record[name]) if name in _JSON else record[name] for record in records],
            _TYPES.get(name, "string"),
        )
        for name in names
    }
    pq.write_table(pa.table(columns), path)


def _pack(value: object) -> str:
    return json.dumps(value, allow_nan=False, sort_keys=True)


def _read_rows(path: Path, kind: type[Row]) -> list[Row]:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        records = pq.read_table(path).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise AuditError(
            f"{path}: cannot be read ({error}); delete its folder and run the audit again"
        ) from error
    for record in records:
        for name in _JSON & record.keys():
            record[name] = json.loads(record[name])
    rows: list[Row] = adapter(list[kind]).validate_python(records)  # type: ignore[valid-type]
    return rows
