"""The one door through which an audit's folder is written: a file is there whole, or not at all.

Content goes under a draft's name into the same folder, is brought to the disk, renamed, and the
folder is brought to the disk too. A process that is killed leaves a draft; a machine that loses
power has the old file or the new one (Pillai et al. 2014, "All file systems are not created
equal", OSDI, on what goes wrong without one of the steps).
"""

from __future__ import annotations

import errno
import io
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from xaudit.errors import AuditError

_log = logging.getLogger(__name__)
_DRAFT = re.compile(r"\.(?P<name>.+)-(?P<pid>[0-9]+)")
_FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the quota of the disk is used up"}
_CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EACCES}
"""How file systems over a network, and folders that may not be listed, refuse to be synced."""


@contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """Turn a failure to write into a message that says what is kept.

    Raises:
        AuditError: instead of any `OSError`; names the place.
    """
    try:
        yield
    except OSError as error:
        what = _FULL.get(error.errno or 0, error.strerror or str(error))
        raise AuditError(
            f"{place}: {what}; complete shards are kept, run the same command again to go on"
        ) from error


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file, in place of one that may be there; the old one stays until all is written.

    Raises:
        AuditError: the disk is full or cannot be written, or there is something else (a device, a
            folder), which is not replaced.
    """
    if path.exists() and not path.is_file():
        raise AuditError(f"{path}: is no ordinary file and stays as it is; name another place")
    draft = _draft_of(path)
    with disk_errors(path), _cleared(draft):
        make_folder(path.parent)
        with lasting_file(draft) as file:
            yield file
        os.replace(draft, path)
        sync_folder(path.parent)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Write a folder, in place of one that may be there; it appears with all its files at once.

    Yields:
        Where its files go, by `lasting_file`.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    draft = _draft_of(path)
    with disk_errors(path), _cleared(draft):
        make_folder(path.parent)
        os.mkdir(draft)
        yield draft
        sync_folder(draft)
        discard(path)
        os.replace(draft, path)
        sync_folder(path.parent)


@contextmanager
def lasting_file(path: Path) -> Iterator[BinaryIO]:
    """A new file of a folder that nobody reads yet; on the disk when it is closed."""
    with open_new(path) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def open_new(path: Path) -> BinaryIO:
    """Open a file to write; a function of its own, so that tests can let it fail."""
    return path.open("wb")


def append(file: io.FileIO, content: bytes) -> None:
    """Write behind what a file holds: all of it is on the disk then, or nothing was written.

    Args:
        file: opened to append, without a buffer.
        content: of the new end.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    end, rest = file.seek(0, os.SEEK_END), memoryview(content)
    try:
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            file.truncate(end)
        raise


def make_folder(path: Path) -> None:
    """Make a folder with those above it; they are there after a loss of power too."""
    if path.is_dir():
        return
    make_folder(path.parent)
    with suppress(FileExistsError):
        os.mkdir(path)
    sync_folder(path.parent)


def discard(path: Path) -> None:
    """Take away a file or a folder, if it is there; a folder goes at once, never by halves.

    Raises:
        OSError: it cannot be removed.
    """
    if path.is_dir() and not path.is_symlink():
        _remove_tree(_renamed_to_draft(path))
    elif path.exists() or path.is_symlink():
        os.unlink(path)
    else:
        return
    sync_folder(path.parent)


def discard_damaged(path: Path, why: str) -> None:
    """Take away what is damaged, and say so: a run that goes on computes it again.

    Raises:
        AuditError: it cannot be removed.
    """
    _log.warning("%s: %s; it is recomputed", path, why)
    with disk_errors(path):
        discard(path)


def is_draft(path: Path) -> bool:
    """Whether this is, or lies in, what a process was writing when it ended."""
    return any(_DRAFT.fullmatch(part) for part in path.parts)


def drafts_in(folder: Path) -> Iterator[tuple[Path, str, int]]:
    """What processes were writing in a folder: where, instead of what, and which process."""
    for path in sorted(folder.glob(".*-*")):
        found = _DRAFT.fullmatch(path.name)
        if found:
            yield path, found["name"], int(found["pid"])


def runs(process: int) -> bool:
    """Whether another process of this number runs on this machine.

    Windows is not asked, where a signal would end the process; a file that is being written cannot
    be removed there anyway.
    """
    if process == os.getpid() or sys.platform == "win32":
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _draft_of(path: Path) -> Path:
    return path.with_name(f".{path.name}-{os.getpid()}")


@contextmanager
def _cleared(draft: Path) -> Iterator[None]:
    """Begin without a draft (of a killed process of the same number), and leave none behind."""
    try:
        discard(draft)
        yield
    except BaseException:
        with suppress(OSError):
            discard(draft)
        raise


def _renamed_to_draft(folder: Path) -> Path:
    """The folder under a name that nobody reads, whenever its removal is cut off."""
    if _DRAFT.fullmatch(folder.name):
        return folder
    draft = _draft_of(folder.with_name(f"{folder.name}.old"))
    os.replace(folder, draft)
    sync_folder(folder.parent)
    return draft


def _remove_tree(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            _remove_tree(path)
        else:
            os.unlink(path)
    os.rmdir(folder)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk; Windows does so by itself."""
    if sys.platform == "win32":
        return
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
        return
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(opened)
