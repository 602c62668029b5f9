"""One run at a time in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from xaudit.audit.disk import disk_errors
from xaudit.errors import ConfigError

LOCK = ".lock"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder while this one works in it.

    The system gives the lock back when the process ends, however it ends.

    Args:
        folder: that is written to.

    Raises:
        ConfigError: another run works there.
        AuditError: the disk is full or cannot be written.
    """
    lock = FileLock(folder / LOCK, timeout=0)
    with disk_errors(folder):
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
        lock.release()
