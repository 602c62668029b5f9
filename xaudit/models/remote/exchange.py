"""One question to a process and its answer, through pipes, with limits on time and length."""

from __future__ import annotations

import os
import selectors
import time
from dataclasses import dataclass
from typing import IO

PIECE = 64 * 1024
_KEPT = 64 * 1024
"""Bytes of what a program complains of that are kept, the last ones."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one question may take.

    Attributes:
        seconds: until the whole answer is there.
        most: bytes of the answer.
        lines: after which the answer is complete; None where it ends with the program.
    """

    seconds: float
    most: int
    lines: int | None = None


@dataclass(frozen=True, slots=True)
class Pipes:
    """To and from a process; none of them blocks.

    Attributes:
        to: its standard input.
        out: its standard output.
        complaints: its standard error.
    """

    to: IO[bytes]
    out: IO[bytes]
    complaints: IO[bytes]


class LateError(Exception):
    """The answer was not complete in time."""


class LongError(Exception):
    """The answer is longer than it may be."""


class Exchange:
    """A question on its way, and what came back so far.

    Args:
        pipes: of the process.
        question: for its standard input, which is closed behind it where the answer ends with the
            process.
        bounds: of the answer.
        complaints: what it complained of is appended, and kept to a length.
    """

    def __init__(
        self, pipes: Pipes, question: bytes, bounds: Bounds, complaints: bytearray
    ) -> None:
        self._pipes, self._bounds, self._complaints = pipes, bounds, complaints
        self._left = memoryview(question)
        self._ended = False
        self.until = time.monotonic() + bounds.seconds
        self.answer = bytearray()

    def run(self) -> bool:
        """Write and read until the answer is complete.

        Returns:
            Whether it is; False where the process closed its output before.

        Raises:
            LateError: it took too long.
            LongError: it said too much.
        """
        with selectors.DefaultSelector() as ready:
            ready.register(self._pipes.out, selectors.EVENT_READ, self._hear)
            ready.register(self._pipes.complaints, selectors.EVENT_READ, self._complain)
            if self._left:
                ready.register(self._pipes.to, selectors.EVENT_WRITE, self._write)
            elif self._bounds.lines is None:
                self._pipes.to.close()
            while not self._complete and not self._ended:
                events = ready.select(max(0.0, self.until - time.monotonic()))
                if not events and time.monotonic() >= self.until:
                    raise LateError
                for key, _ in events:
                    key.data(ready)
        return self._complete

    @property
    def _complete(self) -> bool:
        lines = self._bounds.lines
        return lines is not None and self.answer.count(b"\n") >= lines

    def _write(self, ready: selectors.BaseSelector) -> None:
        try:
            self._left = self._left[os.write(self._pipes.to.fileno(), self._left[:PIECE]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            # It reads no more; its answer, or its end, says why.
            self._left = self._left[:0]
        if not self._left:
            ready.unregister(self._pipes.to)

    def _hear(self, _ready: selectors.BaseSelector) -> None:
        piece = os.read(self._pipes.out.fileno(), PIECE)
        self.answer += piece
        self._ended = not piece
        if len(self.answer) > self._bounds.most:
            raise LongError

    def _complain(self, ready: selectors.BaseSelector) -> None:
        if not take(self._pipes.complaints, self._complaints):
            ready.unregister(self._pipes.complaints)


def take(pipe: IO[bytes], kept: bytearray) -> bool:
    """Read a piece of what may be there, of which the end is kept; whether there may be more."""
    try:
        piece = os.read(pipe.fileno(), PIECE)
    except BlockingIOError:
        return False
    kept += piece
    del kept[:-_KEPT]
    return bool(piece)
