"""``hashes.json``: the SHA-256 of every file that a run wrote, written after all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from xaudit.audit.files import read_json, to_json, write_text
from xaudit.data.file_hash import file_sha256
from xaudit.errors import ConfigError

HASHES = "hashes.json"
FINDINGS = ("plan.json", "findings.json", "looks.json")
"""What a verdict reads."""
PICTURES = (*FINDINGS, "evidence/*")
"""What a card reads besides what was made later."""
CASES = (*FINDINGS, "shards/*.parquet")
"""What a comparison case by case reads; `MAPS` one of maps."""
MAPS = (*FINDINGS, "shards/*")

_FILES = ("plan.json", "findings.json", "batches.json", "looks.json", "suspicions.json",
          "checks.parquet", "robustness.parquet", "degraded_maps.parquet",
          "shortcuts.parquet")  # fmt: skip
_FOLDERS = ("shards", "evidence")
_REMEDY = (
    "Copy the folder again from where the audit was run, or let `xaudit run` go on in it, which "
    "makes the findings anew; --unverified takes it as it is, and every output says so"
)


def write_hashes(folder: Path) -> None:
    """Keep the hash of each file of a finished run; verdicts and cards are made anew instead.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    hashes = {name: file_sha256(folder / name) or "unreadable" for name in _names(folder)}
    write_text(folder / HASHES, to_json(hashes))


def refuse_changed(folder: Path, files: Sequence[str], unverified: bool = False) -> tuple[str, ...]:
    """Refuse a folder whose files are not those that the run wrote.

    A folder that was never a finished audit passes: its reader says what is missing.

    Args:
        folder: of the audit.
        files: which ones will be read, as patterns.
        unverified: take them as they are.

    Returns:
        What does not fit, a line each, for every output to say; empty where all fits.

    Raises:
        ConfigError: a file does not fit and this was not asked for; names it, and both hashes.
    """
    if not (folder / "findings.json").is_file():
        return ()
    changed = tuple(_unlike(folder, files))
    if changed and not unverified:
        raise ConfigError([*(f"{folder}: {one}" for one in changed), _REMEDY])
    return changed


def fits(folder: Path, files: Sequence[str]) -> bool:
    """Whether these files are there and those that the run wrote."""
    return not any(_unlike(folder, files))


def changed_files(folder: Path, files: Sequence[str] = ("*",)) -> Iterator[str]:
    """One line for each file that is not the one that the run wrote.

    Args:
        folder: of the audit.
        files: which ones are compared, as patterns.

    Raises:
        ConfigError: there are no hashes, or they cannot be read.
    """
    written: dict[str, str] = read_json(folder / HASHES, dict[str, str])
    there = set(_names(folder))
    for name in sorted(written.keys() | there):
        if not any(fnmatchcase(name, one) for one in files):
            continue
        if name not in there:
            yield f"{name}: the run wrote it, it is not there"
        elif name not in written:
            yield f"{name}: the run did not write it"
        elif (found := file_sha256(folder / name)) != written[name]:
            yield f"{name}: SHA-256 {found}, {HASHES} says {written[name]}"


def _unlike(folder: Path, files: Sequence[str]) -> Iterator[str]:
    """As `changed_files`, where a lack of hashes is one more line."""
    if not (folder / HASHES).is_file():
        yield (
            f"{HASHES}: not there, so nothing shows that the files are those of the run; it is "
            "written last: the run was cut off, or the file was taken away"
        )
        return
    try:
        yield from changed_files(folder, files)
    except ConfigError as error:
        yield f"{HASHES}: {error.problems[0]}"


def _names(folder: Path) -> list[str]:
    inside = (path for name in _FOLDERS for path in (folder / name).rglob("*") if path.is_file())
    named = [folder / name for name in _FILES if (folder / name).is_file()]
    return sorted(path.relative_to(folder).as_posix() for path in (*named, *inside))
