"""Pieces one after the other, here; the next one is read while one is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from xaudit.core.executor import Count, Crew, Executor, Piece

From = TypeVar("From")
To = TypeVar("To")


class Serial(Executor):
    """The worker that is here does all of it."""

    def open(self) -> None:
        """There is always this machine."""

    def carry_out(self, crew: Crew[Piece], pieces: Sequence[Piece], count: Count) -> None:
        """See `Executor`."""
        for ready in ahead(crew.own.read, pieces):
            ready(count)

    def close(self) -> None:
        """Nobody waits."""


def ahead(work: Callable[[From], To], pieces: Iterable[From]) -> Iterator[To]:
    """The results of ``map(work, pieces)``, each begun while its predecessor is still in use.

    Never more than one is waiting, so memory does not grow with the number of pieces. What the
    work raises is raised where its result would have come.

    Args:
        work: called in one other thread.
        pieces: of work, in order.
    """
    with ThreadPoolExecutor(1) as thread:
        following = None
        for piece in pieces:
            begun = thread.submit(work, piece)
            if following is not None:
                yield following.result()
            following = begun
        if following is not None:
            yield following.result()
