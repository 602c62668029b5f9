"""A disk that fails at a chosen operation: as a kill, as a loss of power, or because it is full.

It stands under `xaudit.audit.store.disk`, through which all of an audit is written, and keeps
beside the real folder a model of what has reached the disk: of a file what was there when it was
synced, of a folder the names that were in it when that was synced. After a loss of power the folder
is made what the model holds, or, torn, every name is there and what was not synced is half of it
and zeros.
"""

import errno
import io
import os
import shutil
from contextlib import contextmanager

from xaudit.audit.store import disk

FILLS = {"open", "write", "make folder", "fsync", "rename"}
"""What a full disk can refuse."""


class Crash(BaseException):
    """The end of a process, which nothing in it can catch."""


class _File:
    def __init__(self):
        self.durable = b""


class _Folder:
    def __init__(self):
        self.live, self.durable = {}, {}


class FaultyDisk:
    """Counts operations beneath a folder, and fails at one of them.

    Args:
        root: an empty folder, which is on the disk.
        at: number of the operation that fails, from 1; 0 for none.
        how: "kill", "power", "torn" or "full".
    """

    def __init__(self, root, at=0, how="kill"):
        self.root, self.at, self.how = root, at, how
        self.count, self.failed, self.operations = 0, False, []
        self.tree, self.open_folders = _Folder(), {}

    @contextmanager
    def beneath(self, monkeypatch):
        """Let everything that writes an audit write here."""
        with monkeypatch.context() as patch:
            patch.setattr(disk, "os", self)
            patch.setattr(disk, "open_new", self.open_new)
            yield self
        if self.failed and self.how in {"power", "torn"}:
            if self.how == "torn":
                _tear(self.tree, self.root)
            shutil.rmtree(self.root)
            self._restore(self.tree, self.root)

    def __getattr__(self, name):
        return getattr(os, name)

    def open_new(self, path):
        self._step("open")
        raw = _Raw(self, path)
        self._parent(path)[path.name] = _File()
        return io.BufferedWriter(raw)

    def open(self, path, flags):
        self._step("open folder")
        opened = os.open(path, flags)
        self.open_folders[opened] = self._node(path)
        return opened

    def close(self, opened):
        self.open_folders.pop(opened, None)
        os.close(opened)

    def fsync(self, opened):
        self._step("fsync")
        if opened in self.open_folders:
            folder = self.open_folders[opened]
            folder.durable = dict(folder.live)
        else:
            path = os.readlink(f"/proc/self/fd/{opened}")
            with open(path, "rb") as file:
                self._node(type(self.root)(path)).durable = file.read()

    def replace(self, old, new):
        self._step("rename")
        os.replace(old, new)
        self._parent(new)[new.name] = self._parent(old).pop(old.name)

    def unlink(self, path):
        self._step("remove")
        os.unlink(path)
        self._parent(path).pop(path.name)

    def rmdir(self, path):
        self._step("remove")
        os.rmdir(path)
        self._parent(path).pop(path.name)

    def mkdir(self, path):
        self._step("make folder")
        os.mkdir(path)
        self._parent(path)[path.name] = _Folder()

    def _step(self, what, torn=lambda: None):
        if self.failed and self.how != "full":
            raise Crash
        self.count += 1
        self.operations.append(what)
        now = self.count == self.at
        self.failed = self.failed or now
        if now:
            torn()
        if now and self.how != "full":
            raise Crash
        # A full disk takes no new content; what is there can be synced, renamed and removed.
        if now or (self.failed and what in {"open", "write", "make folder"}):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _node(self, path):
        node = self.tree
        for part in path.relative_to(self.root).parts:
            node = node.live[part]
        return node

    def _parent(self, path):
        return self._node(path.parent).live

    def _restore(self, folder, place):
        place.mkdir()
        for name, node in (folder.durable if self.how == "power" else folder.live).items():
            if isinstance(node, _Folder):
                self._restore(node, place / name)
            else:
                (place / name).write_bytes(node.durable)

    def remember(self):
        """Take what lies in the folder now for what is on the disk."""
        self.tree = _remembered(self.root)


def _remembered(folder):
    found = _Folder()
    for path in folder.iterdir():
        if path.is_dir():
            found.live[path.name] = _remembered(path)
        else:
            found.live[path.name] = _File()
            found.live[path.name].durable = path.read_bytes()
    found.durable = dict(found.live)
    return found


def _tear(folder, place):
    for name, node in folder.live.items():
        if isinstance(node, _Folder):
            _tear(node, place / name)
            continue
        written = (place / name).read_bytes()
        if written != node.durable:
            node.durable = written[: len(written) // 2].ljust(len(written), b"\0")


class _Raw(io.FileIO):
    def __init__(self, owner, path):
        super().__init__(path, "w")
        self._owner = owner

    def write(self, content):
        write = super().write
        half = memoryview(content)[: len(content) // 2]
        self._owner._step("write", torn=lambda: write(half))
        return write(content)
