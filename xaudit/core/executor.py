"""Work in pieces that stand alone, and who carries it out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Piece = TypeVar("Piece")

Count = Callable[[str, int, float], None]
"""Told what was finished: the stage, cases that are through with it, and work in its units."""


Ready = Callable[[Count], None]
"""A piece of which everything is read: called, it is done, and tells what was finished."""


class Worker(ABC, Generic[Piece]):
    """Does pieces, each by itself: in any order, and twice if what the first time gave was lost.

    What a piece gives is kept in files. So nothing is lost with a worker, and nothing large has to
    travel.
    """

    @abstractmethod
    def read(self, piece: Piece) -> Ready:
        """Read what a piece needs; may run in another thread while the one before is done."""


class Executor(ABC):
    """Has pieces done: here, by processes of this machine, or by other machines.

    Attributes:
        threads: with which whoever does them computes, and who plans them too: last digits may
            hang on it. None for as many as there are.
    """

    threads: int | None = None

    @abstractmethod
    def open(self) -> None:
        """Refuse what can have nothing done, before a run writes anything.

        Raises:
            ConfigError: nobody answers, or there is no room for so many workers.
        """

    @abstractmethod
    def carry_out(self, crew: Crew[Piece], pieces: Sequence[Piece], count: Count) -> None:
        """Have pieces done; what was finished before an error is kept.

        Args:
            crew: who does them.
            pieces: in order; can be pickled.
            count: told what was finished, in this thread.

        Raises:
            XauditError: what a worker raised, or workers were lost again and again.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of whoever still waits for pieces."""


@dataclass(frozen=True, slots=True, eq=False)
class Crew(Generic[Piece]):
    """Workers of one kind.

    Attributes:
        own: one that is here already.
        hire: makes another one like it elsewhere; can be pickled.
    """

    own: Worker[Piece]
    hire: Callable[[], Worker[Piece]]
