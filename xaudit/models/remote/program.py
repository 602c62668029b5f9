"""A program of strangers as a process: what it may see, how long it may take, and how it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from xaudit.core.text.printable import printable
from xaudit.errors import DetectorError, DetectorLostError
from xaudit.models.remote.exchange import Bounds, Exchange, LateError, LongError, Pipes, take
from xaudit.models.remote.table import beginning

_LINES, _WIDTH = 5, 300
_GOING = 5.0
"""Seconds that the supervisor may take to end the program."""
_LATE = "raise detector.arguments.timeout, or lower batch so that a question is smaller"
_SUPERVISOR = Path(__file__).with_name("supervisor.py")


def resolved(words: list[str]) -> list[str]:
    """The program with its absolute path, found as a shell finds it.

    Raises:
        DetectorError: there is none.
    """
    key = "detector.arguments.command"
    if os.name != "posix":
        raise DetectorError(f"{key}: programs are run on Linux and macOS only")
    if not words:
        raise DetectorError(f"{key}: is empty; expected a program and its arguments")
    found = shutil.which(words[0])
    if found is None:
        raise DetectorError(
            f"{key}: no program {printable(words[0])!r}; expected one of PATH, or an absolute "
            "path: it does not run in the folder of the audit file"
        )
    return [os.path.abspath(found), *words[1:]]


class Program:
    """One process, in a session of its own and an empty folder, with pipes to and from it.

    Of the environment it sees PATH and LANG. It is ended, with all that it started in its group,
    when it is closed or forgotten and when this process ends, however it does.

    Args:
        words: absolute path and arguments.
        called: how messages name it.
        shared: descriptors that it has too, besides pipes.
        late: what to do where it takes too long.
    """

    def __init__(
        self, words: list[str], called: str, shared: Sequence[int] = (), late: str = _LATE
    ) -> None:
        self._called, self._late, self._complaints = called, late, bytearray()
        folder = mkdtemp(prefix="xaudit-program-")
        watched, lifeline = os.pipe()
        supervisor = [sys.executable, "-I", "-S", str(_SUPERVISOR), str(watched)]
        try:
            self._process = subprocess.Popen(
                [*supervisor, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=_environment(),
                pass_fds=(watched, *shared),
                start_new_session=True,
                bufsize=0,
            )
        finally:
            os.close(watched)
        self._end = weakref.finalize(self, _ended, self._process, lifeline, folder)
        one = self._process
        assert one.stdin is not None
        assert one.stdout is not None
        assert one.stderr is not None
        self._pipes = Pipes(one.stdin, one.stdout, one.stderr)
        for pipe in (one.stdin, one.stdout, one.stderr):
            os.set_blocking(pipe.fileno(), False)

    @property
    def runs(self) -> bool:
        """Whether it can be asked: neither closed nor ended by itself."""
        return self._end.alive and self._process.poll() is None

    def close(self) -> None:
        """End it."""
        self._end()

    def asked(self, question: bytes, bounds: Bounds) -> bytes:
        """Write a question and read what it prints.

        Args:
            question: to its standard input, which is closed where the answer ends with it.
            bounds: of the answer.

        Returns:
            What it printed, so many lines or all.

        Raises:
            DetectorLostError: it ended too early or with an error, took too long or printed too
                much; with its last complaints. It is closed then.
        """
        exchange = Exchange(self._pipes, question, bounds, self._complaints)
        try:
            return self._answer(exchange, bounds)
        except LateError:
            raise self._lost(f"no answer within {bounds.seconds:g} s; {self._late}") from None
        except LongError:
            raise self._lost(
                f"printed more than {bounds.most} bytes, which is more than scores of so many "
                f"images take; it begins {beginning(bytes(exchange.answer[:1000]))}"
            ) from None
        except BaseException:
            self.close()
            raise

    def _answer(self, exchange: Exchange, bounds: Bounds) -> bytes:
        complete = exchange.run()
        if not complete:
            left = max(0.1, exchange.until - time.monotonic())
            try:
                code = self._process.wait(left)
            except subprocess.TimeoutExpired:
                raise LateError from None
            if code or bounds.lines is not None:
                how = f"signal {code - 128}" if code > 128 else f"exit status {code}"
                raise self._lost(f"ended with {how} before it answered")
        return bytes(exchange.answer)

    def _lost(self, what: str) -> DetectorLostError:
        """The error, with the last lines that the program complained of; it is closed."""
        # A pipe holds a megabyte at most; a program that goes on complaining is not heard out.
        for _ in range(64):
            if not take(self._pipes.complaints, self._complaints):
                break
        self.close()
        text = bytes(self._complaints).decode("utf-8", "replace")
        lines = [printable(line.strip())[:_WIDTH] for line in text.splitlines() if line.strip()]
        said = f"; its last words: {' / '.join(lines[-_LINES:])}" if lines else ""
        return DetectorLostError(f"the program {self._called}: {what}{said}")


def _environment() -> dict[str, str]:
    """What it sees; Python leaves no files beside its modules, whose folder may be hashed."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"}


def _ended(process: subprocess.Popen[bytes], lifeline: int, folder: str) -> None:
    """End the program through its supervisor, and take its folder away."""
    os.close(lifeline)
    try:
        process.wait(_GOING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    shutil.rmtree(folder, ignore_errors=True)
