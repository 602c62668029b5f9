"""Do the next piece of work while the last one is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

From = TypeVar("From")
To = TypeVar("To")


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
