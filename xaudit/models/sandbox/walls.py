"""Namespaces and a root of its own: no network, no other process, a few files that are read."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

from xaudit.models.sandbox.kernel import call

_NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000
"""Users, mounts, processes, network, System V objects, and the name of the host."""
_BIND, _NO_SUID, _NO_DEVICES, _RECURSIVE, _PRIVATE = 0x1000, 2, 4, 0x4000, 0x40000
_DETACH = 2
_MOUNT_SETATTR = 442
"""The same number on every architecture: calls that are newer than 2019 share theirs."""
_AT_CURRENT, _AT_RECURSIVE = ctypes.c_long(-100), 0x8000
_READ_ONLY_ATTRIBUTES = 0x1 | 0x2
"""Read only, and no programs with the rights of their owner."""
_DEVICES = ("null", "zero", "full", "random", "urandom")
_SHARE_OF_TMP = "size=25%"


Seen = tuple[str, str]
"""Where a file or a folder is seen, and where it lies; of a link, what it says."""


class _Attributes(ctypes.Structure):
    """What of a mount changes; `struct mount_attr` of the kernel."""

    _fields_ = (
        ("set", ctypes.c_uint64), ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64), ("users", ctypes.c_uint64),
    )  # fmt: skip


def separate() -> None:
    """Leave the namespaces of this machine; processes started from here on see none of outside.

    Raises:
        OSError: this system does not allow it.
    """
    user, group = os.getuid(), os.getgid()
    call("unshare", _NAMESPACES)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")


def is_link(place: str, source: str) -> bool:
    """Whether something seen is a link of the root, which stays one: ``/lib`` to ``usr/lib``."""
    return not source.startswith("/") and place.count("/") == 1


def enclose(shown: Sequence[Seen]) -> None:
    """Make a new root in which only these files and folders are, and cannot be written.

    The process has to be the first one of its namespace.

    Args:
        shown: what is in it.

    Raises:
        OSError: this system does not allow it.
    """
    call("mount", "none", "/", None, _RECURSIVE | _PRIVATE, None)
    call("mount", "tmpfs", "/tmp", "tmpfs", _NO_SUID | _NO_DEVICES, _SHARE_OF_TMP)
    old, new = Path("/tmp/old"), Path("/tmp/new")
    old.mkdir()
    new.mkdir()
    call("pivot_root", "/tmp", str(old))
    os.chdir("/")
    old, new = Path("/old"), Path("/new")
    # A mount of its own, so that it can become the root.
    call("mount", "tmpfs", str(new), "tmpfs", _NO_SUID | _NO_DEVICES, _SHARE_OF_TMP)
    for place, source in shown:
        if is_link(place, source):
            (new / place.lstrip("/")).symlink_to(source)
        else:
            _show(old / source.lstrip("/"), new / place.lstrip("/"), writable=False)
    _devices(old, new)
    (new / "tmp").mkdir(exist_ok=True)
    (new / "proc").mkdir(exist_ok=True)
    _own_processes(new / "proc")
    call("umount2", str(old), _DETACH)
    os.chdir(new)
    call("pivot_root", ".", ".")
    call("umount2", ".", _DETACH)
    os.chdir("/tmp")


def _show(source: Path, place: Path, *, writable: bool) -> None:
    if not source.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        place.mkdir(exist_ok=True)
    else:
        place.touch()
    call("mount", str(source), str(place), None, _BIND | _RECURSIVE, None)
    if not writable:
        change = _Attributes(_READ_ONLY_ATTRIBUTES, 0, 0, 0)
        call(
            "syscall", _MOUNT_SETATTR, _AT_CURRENT, str(place), _AT_RECURSIVE,
            ctypes.byref(change), ctypes.sizeof(change),
        )  # fmt: skip


def _devices(old: Path, new: Path) -> None:
    """Devices that hold nothing, and a place for memory that processes share."""
    for name in _DEVICES:
        _show(old / "dev" / name, new / "dev" / name, writable=True)
    shared = new / "dev" / "shm"
    shared.mkdir()
    call("mount", "tmpfs", str(shared), "tmpfs", _NO_SUID | _NO_DEVICES, _SHARE_OF_TMP)


def _own_processes(place: Path) -> None:
    """The processes of this namespace; within some containers nobody may see even these."""
    try:
        call("mount", "proc", str(place), "proc", _NO_SUID | _NO_DEVICES, None)
    except PermissionError:
        return
