"""``hashes.json``: the SHA-256 of every file that a run wrote, written after all of them.

It is what marks an audit as finished: a folder without it is one of a run that was cut off, and
`xaudit run` goes on in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from xaudit.audit.store.disk import is_draft
from xaudit.audit.store.files import read_json, to_json, write_text
from xaudit.data.file_hash import file_sha256
from xaudit.errors import ConfigError

HASHES = "hashes.json"
FINDINGS = ("plan.json", "findings.json", "interim.json", "looks.json")
"""What a verdict reads."""
PICTURES = (*FINDINGS, "evidence/*")
"""What a card reads besides what was made later."""
CASES = (*FINDINGS, "shards/*.parquet")
"""What a comparison case by case reads; `MAPS` one of maps."""
MAPS = (*FINDINGS, "shards/*")
_ROWS = ("suspicions.json", "*.parquet")
"""Of what findings were made: those of the run, where they are there. An audit that is handed on
may lack them, and maps may be gigabytes: `xaudit verify` looks for all of it."""

RUN_FILES = ("plan.json", "findings.json", "batches.json", "interim.json", "looks.json",
             "suspicions.json", "service.json", "checks.parquet", "robustness.parquet",
             "degraded_maps.parquet", "shortcuts.parquet", "rescored.parquet",
             "readings.parquet", "examinations.parquet", "boxes.parquet",
             "masks.parquet")  # fmt: skip
"""What a run writes into the folder itself; ``looks.json`` is the ``interim.json`` of before."""
LATE_FILES = ("verdict.json", "card.html", "card.md", "ledger.json", "README.md", "bom.cdx.json",
              "card.pdf", "labels.csv", "signatures.json")  # fmt: skip
"""What other commands write there afterwards, under its usual name."""
_ADDED = "probe-*.parquet"
"""What probes of packages write there."""
_FOLDERS = ("shards", "evidence")
_REMEDY = (
    "Copy the folder again from where the audit was run, or let `xaudit run` go on in it, which "
    "recomputes the findings; --unverified takes it as it is, and every output says so"
)


def write_hashes(folder: Path) -> None:
    """Keep the hash of each file of a finished run; verdicts and cards are recomputed instead.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    hashes = {name: file_sha256(folder / name) or "unreadable" for name in _names(folder)}
    write_text(folder / HASHES, to_json(hashes))


def refuse_changed(folder: Path, files: Sequence[str], unverified: bool = False) -> tuple[str, ...]:
    """Refuse a folder whose files are not those that the run wrote.

    A folder that was never a finished audit passes: its reader says what is missing. Rows and
    suspicions, of which findings were made, are compared too where they are there.

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
    changed = tuple(dict.fromkeys([*_unlike(folder, files), *_other_rows(folder)]))
    if changed and not unverified:
        raise ConfigError([*(f"{folder}: {one}" for one in changed), _REMEDY])
    return changed


def changed_files(folder: Path, files: Sequence[str] = ("*",)) -> Iterator[tuple[str, str]]:
    """Each file that is not the one that the run wrote, and in what.

    Args:
        folder: of the audit.
        files: which ones are compared, as patterns.

    Raises:
        ConfigError: there are no hashes, or they cannot be read.
    """
    written = hashed_files(folder)
    there = set(_names(folder))
    for name in sorted(written.keys() | there):
        if not any(fnmatchcase(name, file) for file in files):
            continue
        if name not in there:
            yield name, "the run wrote it, it is not there"
        elif name not in written:
            yield name, "the run did not write it"
        elif (found := file_sha256(folder / name)) != written[name]:
            yield name, f"SHA-256 {found}, {HASHES} says {written[name]}"


def hashed_files(folder: Path) -> dict[str, str]:
    """Name → SHA-256 of each file that the run wrote, as ``hashes.json`` says.

    Raises:
        ConfigError: it is not there or cannot be read.
    """
    if not (folder / HASHES).is_file():
        raise ConfigError(
            "not there, so nothing shows that the files are those of the run; it is written last: "
            "the run was cut off, or the file was taken away"
        )
    written: dict[str, str] = read_json(folder / HASHES, dict[str, str])
    return written


def unlike_written(folder: Path) -> Iterator[str]:
    """As `changed_files`, a line each, where a lack of hashes is one more."""
    yield from _unlike(folder, ("*",))


def _unlike(folder: Path, files: Sequence[str]) -> Iterator[str]:
    return (f"{name}: {why}" for name, why in _unlike_named(folder, files))


def _unlike_named(folder: Path, files: Sequence[str]) -> Iterator[tuple[str, str]]:
    try:
        yield from changed_files(folder, files)
    except ConfigError as error:
        yield HASHES, error.problems[0]


def _other_rows(folder: Path) -> Iterator[str]:
    """As `_unlike`, of rows that are there."""
    for name, why in _unlike_named(folder, _ROWS):
        if name == HASHES or (folder / name).is_file():
            yield f"{name}: {why}"


def _names(folder: Path) -> list[str]:
    """What a run wrote, without what a killed one was writing."""
    inside = (path for name in _FOLDERS for path in (folder / name).rglob("*"))
    paths = [*(folder / name for name in RUN_FILES), *folder.glob(_ADDED), *inside]
    names = (path.relative_to(folder) for path in paths if path.is_file())
    return sorted(name.as_posix() for name in names if not is_draft(name))
