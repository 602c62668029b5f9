"""Files of an audit are whole or not there, and what ended processes left is told apart."""

import errno
import io
import os
import subprocess
import sys

import pytest

from xaudit.audit.store import disk
from xaudit.audit.store.disk import (
    append,
    discard,
    disk_errors,
    drafts_in,
    is_draft,
    lasting_file,
    make_folder,
    new_file,
    new_folder,
    runs,
)
from xaudit.errors import AuditError


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


class Calls:
    """The system, with a list of what was asked of it."""

    def __init__(self, fails=""):
        self.made, self.fails = [], fails

    def __getattr__(self, name):
        real = getattr(os, name)
        if not callable(real) or name in {"getpid", "close"}:
            return real

        def call(*arguments):
            self.made.append(name)
            if name == self.fails:
                raise OSError(errno.ENOSPC, "No space left on device", "elsewhere")
            return real(*arguments)

        return call


@pytest.fixture
def calls(monkeypatch):
    def watch(fails=""):
        found = Calls(fails)
        monkeypatch.setattr(disk, "os", found)
        return found

    return watch


def test_a_file_is_synced_before_it_has_its_name_and_its_folder_afterwards(tmp_path, calls):
    made = calls().made
    with new_file(tmp_path / "a.json") as file:
        file.write(b"new")
    assert made == ["fsync", "replace", "open", "fsync"]
    assert (tmp_path / "a.json").read_bytes() == b"new"


def test_folders_on_the_way_are_synced_too(tmp_path, calls):
    made = calls().made
    make_folder(tmp_path / "a" / "b")
    assert made == ["mkdir", "open", "fsync"] * 2
    make_folder(tmp_path / "a" / "b")
    assert len(made) == 6


def test_a_folder_appears_with_all_its_files_in_place_of_the_old_one(tmp_path):
    for text in (b"old", b"new"):
        with new_folder(tmp_path / "deep" / "00000") as folder:
            with lasting_file(folder / f"{text.decode()}.txt") as file:
                file.write(text)
            assert f"deep/00000/{text.decode()}.txt" not in names(tmp_path)
    assert names(tmp_path) == ["deep", "deep/00000", "deep/00000/new.txt"]


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_what_fails_leaves_the_old_file_and_no_draft(tmp_path, calls, fails):
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    calls(fails)
    with pytest.raises(AuditError) as raised, new_file(path) as file:
        file.write(b"new")
    assert str(raised.value) == (
        f"{path}: the disk is full; complete shards are kept, run the same command again to go on"
    )
    assert names(tmp_path) == ["a.json"]
    assert path.read_bytes() == b"old"


def test_who_stops_half_way_leaves_no_draft_either(tmp_path):
    def half():
        with new_folder(tmp_path / "b") as folder:
            (folder / "x").write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "said"), [(errno.EDQUOT, "the quota of the disk is used up"), (errno.EIO, "broken")]
)
def test_other_failures_are_told_in_a_sentence(tmp_path, number, said):
    with pytest.raises(AuditError, match=f"{said}; complete shards"), disk_errors(tmp_path):
        raise OSError(number, "broken")


def test_a_file_system_that_syncs_no_folders_is_written_all_the_same(tmp_path, monkeypatch):
    class Network(Calls):
        def fsync(self, opened):
            if os.path.isdir(f"/proc/self/fd/{opened}"):
                raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(disk, "os", Network())
    with new_file(tmp_path / "a") as file:
        file.write(b"a")
    assert names(tmp_path) == ["a"]


def test_a_line_is_appended_or_not(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"first\n")

    class Full(io.FileIO):
        def write(self, content):
            if len(content) < 5:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(content[: len(content) // 2])

    with Full(path, "ab") as file, pytest.raises(OSError, match="space"):
        append(file, b"second line\n")
    assert path.read_bytes() == b"first\n"
    with path.open("ab", buffering=0) as file:
        append(file, b"second line\n")
    assert path.read_bytes() == b"first\nsecond line\n"


def test_a_folder_is_taken_away_under_a_name_that_nobody_reads(tmp_path, calls):
    (tmp_path / "00000" / "deep").mkdir(parents=True)
    (tmp_path / "00000" / "deep" / "x").write_bytes(b"x")
    calls("rmdir")
    with pytest.raises(OSError, match="space"):
        discard(tmp_path / "00000")
    (left,) = tmp_path.iterdir()
    assert is_draft(left.relative_to(tmp_path))
    calls()
    discard(left)
    discard(tmp_path / "nothing")
    assert names(tmp_path) == []


def test_a_link_is_taken_away_and_not_what_it_leads_to(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "x").write_bytes(b"x")
    (tmp_path / "link").symlink_to("kept")
    discard(tmp_path / "link")
    assert names(tmp_path) == ["kept", "kept/x"]


def test_drafts_are_told_by_their_names(tmp_path):
    for name in (".findings.json-12", ".00000.old-7", ".notes", "a-1", ".b-", ".c-1x", ".-5"):
        (tmp_path / name).write_bytes(b"")
    found = [(path.name, name, process) for path, name, process in drafts_in(tmp_path)]
    assert found == [
        (".00000.old-7", "00000.old", 7), (".findings.json-12", "findings.json", 12),
    ]  # fmt: skip


def test_which_processes_run():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert runs(process.pid)
        process.communicate(b"\n")
    assert not runs(process.pid)
    assert not runs(os.getpid())
    assert not runs(10**30)
    assert runs(1)


def test_what_is_no_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", tmp_path):
        with (
            pytest.raises(AuditError, match="no ordinary file and stays as it is"),
            disk.new_file(place) as file,
        ):
            file.write(b"x")
    assert not (tmp_path / "pipe").is_file()
