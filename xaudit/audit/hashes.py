"""``hashes.json``: the SHA-256 of every file that a run wrote, written after all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xaudit.audit.files import read_json, to_json, write_text
from xaudit.data.prepare import file_sha256

HASHES = "hashes.json"
_FILES = ("plan.json", "findings.json", "batches.json", "looks.json", "suspicions.json",
          "checks.parquet", "robustness.parquet", "degraded_maps.parquet",
          "shortcuts.parquet")  # fmt: skip
_FOLDERS = ("shards", "evidence")


def write_hashes(folder: Path) -> None:
    """Keep the hash of each file of a finished run; verdicts and cards are made anew instead.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    hashes = {name: file_sha256(folder / name) or "unreadable" for name in _names(folder)}
    write_text(folder / HASHES, to_json(hashes))


def changed_files(folder: Path) -> Iterator[str]:
    """One line for each file that is not the one that the run wrote.

    Raises:
        ConfigError: there are no hashes, or they cannot be read.
    """
    written: dict[str, str] = read_json(folder / HASHES, dict[str, str])
    there = set(_names(folder))
    for name in sorted(written.keys() | there):
        if name not in there:
            yield f"{name}: the run wrote it, it is not there"
        elif name not in written:
            yield f"{name}: the run did not write it"
        elif (found := file_sha256(folder / name)) != written[name]:
            yield f"{name}: SHA-256 {found}, {HASHES} says {written[name]}"


def _names(folder: Path) -> list[str]:
    inside = (path for name in _FOLDERS for path in (folder / name).rglob("*") if path.is_file())
    named = [folder / name for name in _FILES if (folder / name).is_file()]
    return sorted(path.relative_to(folder).as_posix() for path in (*named, *inside))
