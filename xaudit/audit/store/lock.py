"""One run at a time in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from xaudit.audit.store.disk import disk_errors, make_folder
from xaudit.errors import ConfigError

LOCK = ".lock"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder while this one works in it.

    The system gives the lock back when the process ends, however it ends. A folder that holds
    nothing in the end goes with the lock, if it was made here.

    Args:
        folder: that is written to.

    Raises:
        ConfigError: another run works there.
        AuditError: the disk is full or cannot be written.
    """
    made = _missing(folder)
    lock = FileLock(folder / LOCK, timeout=0)
    with disk_errors(folder):
        make_folder(folder)
        try:
            lock.acquire()
        except Timeout:
            raise ConfigError(
                f"{folder}: another run works in this folder; wait for it, or choose another --out "
                f"(if none does, delete {folder / LOCK})"
            ) from None
    try:
        yield
    finally:
        # What cannot be taken away harms nobody.
        with suppress(OSError):
            _clear(folder, made)
        lock.release()


def _missing(folder: Path) -> list[Path]:
    """The folder and those above it that are not there yet, the innermost first."""
    return [one for one in (folder, *folder.parents) if not one.exists()]


def _clear(folder: Path, made: list[Path]) -> None:
    """Take away the lock where nothing else is left, and then the folders that were made for it."""
    if [one.name for one in folder.iterdir()] != [LOCK]:
        return
    (folder / LOCK).unlink()
    for one in made:
        if any(one.iterdir()):
            return
        one.rmdir()
