"""Hashes of files and of folders, as coreutils make them."""

import subprocess

import pytest

from xaudit.models.files.hashed import weights_sha256

LIST = "find . -type f | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum"


def test_files_and_folders(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "Z z").write_bytes(b"1")
    (tmp_path / "b-").write_bytes(b"2")
    (tmp_path / "a.bin").write_bytes(b"")
    (tmp_path / "\u00e4").write_bytes(b"3")
    made = subprocess.run(LIST, shell=True, cwd=tmp_path, capture_output=True, check=True)
    whole = weights_sha256(tmp_path)
    assert whole == made.stdout.decode().split()[0]
    one = subprocess.run(["sha256sum", tmp_path / "b-"], capture_output=True, check=True)
    assert weights_sha256(tmp_path / "b-") == one.stdout.decode().split()[0]
    (tmp_path / "b" / "Z z").rename(tmp_path / "b" / "Zz")
    assert weights_sha256(tmp_path) != whole


def test_links(tmp_path):
    (tmp_path / "weights").mkdir()
    (tmp_path / "blob").write_bytes(b"1")
    (tmp_path / "weights" / "file").symlink_to(tmp_path / "blob")
    before = weights_sha256(tmp_path / "weights")
    (tmp_path / "blob").write_bytes(b"2")
    assert weights_sha256(tmp_path / "weights") != before
    (tmp_path / "weights" / "folder").symlink_to(tmp_path)
    with pytest.raises(OSError, match="folder in it is a link"):
        weights_sha256(tmp_path / "weights")


def test_nothing_there(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        weights_sha256(tmp_path / "none")
