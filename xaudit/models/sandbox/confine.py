"""Finds out which walls this system offers, and puts programs between them."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xaudit.core.text.printable import printable
from xaudit.errors import DetectorError
from xaudit.models.sandbox.walls import Seen, is_link

_ENTER = Path(__file__).with_name("enter.py")
_SYSTEM = (
    "/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin",
    "/etc/ld.so.cache", "/etc/alternatives", "/sys/devices/system/cpu",
)  # fmt: skip
"""What any program needs; no file of a user is in it."""
_PACKAGES = ("site-packages", "dist-packages")
"""Folders of installed packages, also those of a user: libraries lie beside modules in them."""
_PACKAGE = Path(__file__).parents[2]
_MEMORY = 16 * 2**30
_PROCESSES = 256
_TRIED = 60.0
_REMEDY = (
    "install bubblewrap, or let this system make user namespaces; or say --no-sandbox where you "
    "have read that code and trust it: it then runs with your rights"
)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Walls that hold on this system.

    Attributes:
        held: what they are made of, for readers: "bubblewrap 0.8.0, seccomp".
        bubblewrap: path of the program that makes them; None where the kernel is asked directly.
        memory: bytes of addresses that a program inside may have.
    """

    held: str
    bubblewrap: str | None
    memory: int

    def words(
        self, program: Sequence[str], shown: Iterable[Path], *, forks: bool = False
    ) -> list[str]:
        """The command that runs a program in the box.

        Args:
            program: absolute path and arguments.
            shown: files and folders that it may read, besides those of the system and of Python.
            forks: whether it may start processes.
        """
        seen = _outermost([*map(Path, _SYSTEM), *_of_python(), *shown])
        settings = {
            "shown": None if self.bubblewrap else seen,
            "memory": self.memory,
            "processes": _PROCESSES * forks,
        }
        enter = [sys.executable, "-I", "-S", str(_ENTER), json.dumps(settings), *program]
        return [*_bubblewrapped(self.bubblewrap, seen), *enter] if self.bubblewrap else enter


def find_sandbox() -> Sandbox:
    """The best walls that this system offers; each is tried before it is taken.

    Raises:
        DetectorError: it offers none; why, and what to do.
    """
    found, told = _tried()
    if found is None:
        raise DetectorError(
            f"code that is not part of xaudit runs in a sandbox, and none can be made here "
            f"({told}); {_REMEDY}"
        )
    return found


@functools.cache
def _tried() -> tuple[Sandbox | None, str]:
    """What holds here, or why nothing does."""
    if sys.platform != "linux":
        return None, "sandboxes are made on Linux only"
    memory = min(_MEMORY, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    bubblewrap, told = shutil.which("bwrap"), []
    options = [Sandbox("user namespaces, seccomp", None, memory)]
    if bubblewrap:
        options.insert(0, Sandbox(f"{_version(bubblewrap)}, seccomp", bubblewrap, memory))
    else:
        told.append("bubblewrap is not installed")
    for option in options:
        problem = _problem(option)
        if problem is None:
            return option, ""
        told.append(f"{option.held}: {problem}")
    return None, "; ".join(told)


def _problem(sandbox: Sandbox) -> str | None:
    """Why these walls do not hold; None where a program ran between them."""
    words = sandbox.words([sys.executable, "-I", "-S", "-c", "pass"], ())
    try:
        ran = subprocess.run(words, capture_output=True, timeout=_TRIED, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    said = printable(" ".join(ran.stderr.decode("utf-8", "replace").split()))[:300]
    return None if ran.returncode == 0 else said or f"exit status {ran.returncode}"


def _version(bubblewrap: str) -> str:
    try:
        said = subprocess.run([bubblewrap, "--version"], capture_output=True, text=True, timeout=10,
                              check=False).stdout  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    return printable(said.strip())[:40] or "bubblewrap"


def shown(words: Iterable[str]) -> list[Path]:
    """What a program needs to see of what its command names.

    Files and folders that are named by absolute paths; modules beside a file of Python; and the
    environment of Python that a program belongs to.
    """
    named = [path for path in map(Path, words) if path.is_absolute() and path.exists()]
    found = list(named)
    for path in {one for name in named for one in (name, name.resolve())}:
        if path.suffix == ".py":
            found += [one for one in path.parent.iterdir() if _is_code(one)]
        elif path.parent.name == "bin" and any(path.parent.parent.glob("lib/python3*")):
            found.append(path.parent.parent)
    return found


def _bubblewrapped(bubblewrap: str, seen: Sequence[Seen]) -> list[str]:
    words = [bubblewrap, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL"]
    words += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    for place, source in seen:
        words += ["--symlink" if is_link(place, source) else "--ro-bind-try", source, place]
    return [*words, "--chdir", "/tmp", "--"]


def _of_python() -> Iterator[Path]:
    """The interpreter, its packages, and modules that PYTHONPATH or an editable install names.

    Of folders outside of an environment only modules and packages are seen: beside them may lie
    anything.
    """
    homes = {Path(one) for one in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    homes |= {Path(path) for path in sysconfig.get_paths().values()}
    homes |= {Path(sys.executable).parent, Path(sys.executable).resolve().parent, _PACKAGE}
    yield from homes
    for entry in map(Path, filter(None, sys.path)):
        if entry.is_file() or entry.name in _PACKAGES:
            yield entry
        elif entry.is_dir() and not any(entry.is_relative_to(home) for home in homes):
            yield from (one for one in sorted(entry.iterdir()) if _is_code(one))


def _is_code(path: Path) -> bool:
    return path.suffix in {".py", ".so"} or (path / "__init__.py").is_file()


def _outermost(paths: Iterable[Path]) -> list[Seen]:
    """Where something is seen, and where it really lies; none that lies within another.

    Links of the root, such as ``/lib``, stay links.
    """
    every = {one for path in paths for one in (Path(os.path.abspath(path)), path.resolve())}
    kept: list[Path] = []
    links: list[Seen] = []
    for path in sorted(every - {Path("/")}, key=lambda one: (len(one.parts), one)):
        if path.is_symlink() and path.parent == Path("/"):
            links.append((str(path), str(path.readlink())))
        elif path.exists() and not any(path.is_relative_to(one) for one in kept):
            kept.append(path)
    return [*links, *((str(path), str(path.resolve())) for path in kept)]
