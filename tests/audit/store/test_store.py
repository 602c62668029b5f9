import errno
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xaudit.audit.store.store import (
    CaseRow,
    MapRow,
    ScoreRow,
    Shard,
    Store,
    array_name,
    kept_table,
    write_table,
)
from xaudit.core.attribution import Residual
from xaudit.core.case import CaseIssue
from xaudit.errors import AuditError


@pytest.fixture
def shard():
    issue = CaseIssue("a/../b\n", "truncated", "12 of 40 rows", "unreadable")
    return Shard(
        [CaseRow("a/../b\n", "p", True, {"sex": "F"}, None, 1, "mask", True, (issue,))],
        [
            ScoreRow("a", "gradcam", "mass", 0.25, None),
            ScoreRow("a", "lime", "mass", None, "the map is constant"),
            ScoreRow("a", "gradcam", "lesion_hit", 1.0, None, 0),
        ],
        [
            MapRow("a", "gradcam", {"layer": "x", "n": 3, "b": None}, 1, 1),
            MapRow("a", "lime", {}, 9, 0, Residual("1 - R²", 0.1, 0.5), "is constant"),
        ],
        {array_name(0, "gradcam"): np.arange(6, dtype=np.float32).reshape(2, 3)},
    )


def test_shard_comes_back_as_it_was(tmp_path, shard):
    store = Store(tmp_path)
    store.write(7, shard)
    back = store.read(7)
    assert (back.cases, back.scores, back.maps) == (shard.cases, shard.scores, shard.maps)
    np.testing.assert_array_equal(
        store.arrays(7)[array_name(0, "gradcam")], shard.arrays[array_name(0, "gradcam")]
    )


def test_empty_shard_comes_back(tmp_path):
    store = Store(tmp_path)
    store.write(0, Shard())
    assert store.read(0).cases == []


def test_shard_without_its_marker_is_not_read(tmp_path, shard):
    store = Store(tmp_path)
    store.write(0, shard)
    (store.path(0) / "_DONE").unlink()
    assert not store.done(0)
    with pytest.raises(AuditError, match="not complete"):
        store.read(0)


def test_full_disk_leaves_no_half_shard(tmp_path, shard, monkeypatch):
    store = Store(tmp_path)
    store.write(0, shard)

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("xaudit.audit.store.store.np.savez_compressed", full)
    with pytest.raises(AuditError, match=r"disk is full.*complete shards are kept"):
        store.write(1, shard)
    assert store.done(0)
    assert [path.name for path in (tmp_path / "shards").iterdir()] == ["00000"]


def test_damaged_shard_says_what_to_do(tmp_path, shard):
    store = Store(tmp_path)
    store.write(0, shard)
    (store.path(0) / "scores.parquet").write_bytes(b"garbage")
    with pytest.raises(AuditError, match=r"scores.parquet.*recomputes it"):
        store.read(0)


def test_text_that_is_no_utf8_is_a_message(tmp_path, shard):
    store = Store(tmp_path)
    store.write(0, shard)
    path = store.path(0) / "cases.parquet"
    table = pq.read_table(path)
    wrong = pa.Array.from_buffers(
        pa.string(),
        1,
        [None, pa.py_buffer(np.array([0, 2], "<i4").tobytes()), pa.py_buffer(b"\xff\xfe")],
    )
    at = table.column_names.index("patient")
    pq.write_table(table.set_column(at, "patient", wrong), path)
    with pytest.raises(AuditError, match=r"cases.parquet: cannot be read .*recomputes it"):
        store.read(0)


@pytest.mark.parametrize("content", [b"", b"PK", b"[]", b"{"])
def test_rows_and_arrays_that_are_damaged_are_a_message(tmp_path, shard, content):
    store = Store(tmp_path)
    store.write(0, shard)
    for name, read in (("scores.parquet", store.read), ("arrays.npz", store.arrays)):
        (store.path(0) / name).write_bytes(content)
        with pytest.raises(AuditError, match=f"{name}: cannot be read"):
            read(0)


def test_an_array_that_is_damaged_inside_is_a_message(tmp_path, shard):
    store = Store(tmp_path)
    store.write(0, shard)
    path = store.path(0) / "arrays.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00\x06\x00{}   \n")
    with pytest.raises(AuditError, match=r"arrays.npz: cannot be read"):
        store.arrays(0)["a"]
    assert "b" not in store.arrays(0)


@pytest.mark.parametrize("name", ["scores.parquet", "arrays.npz", "_DONE"])
@pytest.mark.parametrize("damage", [b"", b"half", None])
def test_a_damaged_shard_is_computed_anew_and_said(tmp_path, shard, caplog, name, damage):
    store = Store(tmp_path)
    store.write(7, shard)
    assert store.kept(7)
    assert not store.kept(8)
    assert caplog.records == []
    path = store.path(7) / name
    if damage is None:
        # As long as it was, with a block that never reached the disk.
        content = path.read_bytes()
        damage = content[: len(content) // 2].ljust(len(content), b"\0")
    path.write_bytes(damage)
    assert not store.kept(7)
    assert not store.path(7).exists()
    (said,) = caplog.messages
    assert said == f"{store.path(7)}: {name}: empty, torn or changed; it is recomputed"


def test_a_shard_that_lacks_a_file_is_computed_anew(tmp_path, shard):
    store = Store(tmp_path)
    store.write(0, shard)
    (store.path(0) / "arrays.npz").unlink()
    assert not store.kept(0)


def test_a_table_is_kept_or_made_anew(tmp_path, shard, caplog):
    path = tmp_path / "checks.parquet"
    assert kept_table(path, ScoreRow) is None
    rows = shard.scores * 500
    write_table(path, rows, ScoreRow)
    assert kept_table(path, ScoreRow) == rows
    content = bytearray(path.read_bytes())
    # Inside of a page, where only its checksum tells.
    place = content.index(b"lesion_hit")
    content[place : place + 6] = b"\0" * 6
    path.write_bytes(bytes(content))
    assert kept_table(path, ScoreRow) is None
    assert not path.exists()
    assert "checks.parquet: empty or torn; it is recomputed" in caplog.text
