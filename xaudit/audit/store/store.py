"""Results on disk, shard by shard: what is marked done survives whatever comes after.

A shard is a folder with ``cases.parquet``, ``scores.parquet``, ``maps.parquet`` and
``arrays.npz``. It is written under another name and renamed; the marker ``_DONE`` inside is
written last and holds the hashes of the others, so a folder without it is never read, and one
that was damaged since is recomputed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt

from xaudit.audit.store import case_row
from xaudit.audit.store.adapter import adapter
from xaudit.audit.store.case_columns import CaseColumns
from xaudit.audit.store.disk import discard_damaged, lasting_file, new_file, new_folder
from xaudit.core.attribution import Parameter, Residual
from xaudit.core.message import Message, Sentence, to_form
from xaudit.errors import AuditError

_DONE = "_DONE"
_TABLES = ("cases.parquet", "scores.parquet", "maps.parquet")
_ARRAYS = "arrays.npz"
CaseRow = case_row.CaseRow


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
    undefined: Sentence | None
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
class ProbeRow:
    """What one case showed a probe, or why it showed nothing.

    Attributes:
        method: whose map was asked; empty where the detector was.
        facet: what the probe varies ("baseline", "layers", "disturbance"); empty for nothing.
        level: which of them.
    """

    case_id: str
    method: str
    metric: str
    facet: str
    level: str
    value: float | None
    undefined: Sentence | None


DEGRADED = "degraded_logit"
"""Of a degraded radiograph: its facet is the corruption, its level the severity."""

Row = TypeVar("Row", CaseRow, ScoreRow, MapRow, ProbeRow)


@dataclass(slots=True)
class Shard:
    """The results of a handful of cases.

    Attributes:
        arrays: name → array; names are made by `array_name`.
    """

    cases: Sequence[CaseRow] = field(default_factory=list)
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
        """Whether the shard was completed."""
        return (self.path(number) / _DONE).is_file()

    def kept(self, number: int) -> bool:
        """Whether the shard is complete and as it was written; one that is damaged is taken away.

        Raises:
            AuditError: a damaged shard cannot be removed.
        """
        if not self.done(number):
            return False
        damaged = sorted(self._damaged(self.path(number)))
        if damaged:
            discard_damaged(self.path(number), f"{', '.join(damaged)}: empty, torn or changed")
        return not damaged

    def _damaged(self, path: Path) -> Iterator[str]:
        try:
            written = json.loads((path / _DONE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            written = None
        if not isinstance(written, dict):
            yield _DONE
            return
        for name in (*_TABLES, _ARRAYS):
            if _digest(path / name) != written.get(name):
                yield name

    def write(self, number: int, shard: Shard) -> None:
        """Write a shard; either all of it is there afterwards, or nothing.

        Raises:
            AuditError: the disk is full or cannot be written; earlier shards stay.
        """
        with new_folder(self.path(number)) as folder:
            with lasting_file(folder / _TABLES[0]) as file:
                _write_cases(file, shard.cases)
            with lasting_file(folder / _TABLES[1]) as file:
                _write_rows(file, shard.scores, ScoreRow)
            with lasting_file(folder / _TABLES[2]) as file:
                _write_rows(file, shard.maps, MapRow)
            with lasting_file(folder / _ARRAYS) as file:
                np.savez_compressed(file, allow_pickle=False, **shard.arrays)
            hashes = {name: _digest(folder / name) for name in (*_TABLES, _ARRAYS)}
            with lasting_file(folder / _DONE) as file:
                file.write(json.dumps(hashes, sort_keys=True, indent=1).encode() + b"\n")

    def read(self, number: int) -> Shard:
        """Read a complete shard; its arrays are left on disk.

        Raises:
            AuditError: the shard is not complete or cannot be read.
        """
        if not self.done(number):
            raise AuditError(f"{self.path(number)}: not complete; run the audit again to go on")
        path = self.path(number)
        return Shard(
            _read_cases(path / "cases.parquet"),
            _read_rows(path / "scores.parquet", ScoreRow),
            _read_rows(path / "maps.parquet", MapRow),
        )

    def arrays(self, number: int) -> Mapping[str, npt.NDArray[Any]]:
        """The arrays of a shard, read when they are asked for.

        Raises:
            AuditError: they cannot be read; also when one of them is asked for.
        """
        return _Arrays(self.path(number) / "arrays.npz")


class _Arrays(Mapping[str, npt.NDArray[Any]]):
    """The arrays of a file of NumPy, which may be damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _damage(path):
            self._loaded = np.load(path, allow_pickle=False)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        with _damage(self._path):
            return np.asarray(self._loaded[name])

    def __contains__(self, name: object) -> bool:
        return name in self._loaded

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded)

    def __len__(self) -> int:
        return len(self._loaded)


def write_table(path: Path, rows: Sequence[Row], kind: type[Row]) -> None:
    """Write rows beside the shards; all of them are there afterwards, or nothing.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    with new_file(path) as file:
        _write_rows(file, rows, kind)


def read_table(path: Path, kind: type[Row]) -> list[Row]:
    """Read what `write_table` wrote.

    Raises:
        AuditError: it cannot be read.
    """
    return _read_rows(path, kind)


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Whatever damaged bytes raise, which is nearly anything, becomes a message."""
    try:
        yield
    except Exception as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise AuditError(
            f"{path}: cannot be read ({said}); run the audit again in its folder, which "
            "recomputes it"
        ) from error


def kept_table(path: Path, kind: type[Row]) -> list[Row] | None:
    """What an earlier run wrote; None where it wrote nothing, or where that is damaged.

    A damaged table is taken away.

    Raises:
        AuditError: it cannot be removed.
    """
    if not path.exists():
        return None
    try:
        return _read_rows(path, kind)
    except AuditError:
        discard_damaged(path, "empty or torn")
        return None


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


# Nested values are JSON inside a column: a shard can be opened with any Parquet reader, and an
# empty list of rows still has every column.
_JSON = {"groups", "issues", "params", "residual", "pixel_mm"}
_SENTENCES = {"undefined"}
"""A message is JSON there too; what somebody else said is the text itself."""
_TYPES = {
    "label": "bool", "sampled": "bool", "logit": "float64", "value": "float64", "lesions": "int64",
    "lesion": "int64", "forward": "int64", "backward": "int64", "shared": "int64",
}  # fmt: skip


# Rows are named everywhere, and a verdict or a card reads none of them: pyarrow waits until then.
def _write_rows(file: BinaryIO, rows: Sequence[Row], kind: type[Row]) -> None:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    names = [column.name for column in fields(kind)]
    records = [asdict(row) for row in rows]
    kinds = {name: pa.type_for_alias(_TYPES.get(name, "string")) for name in names}
    columns = {
        # Not by `pa.array` where there is nothing: it imports pandas.
        name: pa.array([_packed(name, record[name]) for record in records], kind)
        if records
        else pa.nulls(0, kind)
        for name, kind in kinds.items()
    }
    pq.write_table(pa.table(columns), file, write_page_checksum=True)


def _write_cases(file: BinaryIO, rows: Sequence[CaseRow]) -> None:
    if isinstance(rows, CaseColumns):
        from xaudit.audit.store.case_files import write_columns  # noqa: PLC0415

        write_columns(file, rows)
    else:
        _write_rows(file, rows, CaseRow)


def _read_cases(path: Path) -> Sequence[CaseRow]:
    from xaudit.audit.store.case_files import read_columns  # noqa: PLC0415

    with _damage(path):
        columns = read_columns(path)
    return _read_rows(path, CaseRow) if columns is None else columns


def _renamed(record: dict[str, Any]) -> dict[str, Any]:
    """A row of a probe, also of an audit whose degraded scores still had columns of their own."""
    if "ladder" not in record:
        return record
    step = {"facet": record["ladder"], "level": f"{record['severity']:g}"}
    said = {"value": record["logit"], "undefined": record["undefined"]}
    return {"case_id": record["case_id"], "method": "", "metric": DEGRADED, **step, **said}


def _packed(name: str, value: Any) -> Any:  # noqa: ANN401 (a cell)
    if name in _JSON or isinstance(value, Message):
        return json.dumps(to_form(value), allow_nan=False, sort_keys=True)
    return value


def _sentence(cell: str | None) -> object:
    return json.loads(cell) if cell is not None and cell.startswith(_MESSAGE) else cell


_MESSAGE = '{"id": '


def _read_rows(path: Path, kind: type[Row]) -> list[Row]:
    import pyarrow.parquet as pq  # noqa: PLC0415

    with _damage(path):
        # `pq.read_table` imports pandas where it is installed.
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            records = file.read().to_pylist()
        for record in records:
            for name in _JSON & record.keys():
                record[name] = json.loads(record[name])
            for name in _SENTENCES & record.keys():
                record[name] = _sentence(record[name])
        if kind is ProbeRow:
            records = [_renamed(record) for record in records]
        rows: list[Row] = adapter(list[kind]).validate_python(records)  # type: ignore[valid-type]
    return rows
