"""Clocks: time that went by, and what of it this process could use."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Clock = Callable[[], float]
_QUEUED = Path("/proc/thread-self/schedstat")


def queued_seconds() -> float:
    """Seconds that this thread was ready and had no processor; 0 where the system tells none.

    Linux tells it; see ``Documentation/scheduler/sched-stats``.
    """
    try:
        return int(_QUEUED.read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


@dataclass(frozen=True, slots=True)
class Clocks:
    """Clocks in seconds, from wherever they begin.

    Attributes:
        wall: of the wall.
        processor: that all threads of this process spent on a processor.
        queued: that this thread waited for a processor.
    """

    wall: Clock = time.perf_counter
    processor: Clock = time.process_time
    queued: Clock = queued_seconds

    def now(self) -> Moment:
        """What all of them show."""
        return Moment(self.wall(), self.processor(), self.queued())


@dataclass(frozen=True, slots=True)
class Moment:
    """What the clocks show at one time; see `Clocks`."""

    wall: float
    processor: float
    queued: float

    def at_rest(self, end: Moment, *, computes: bool) -> float:
        """The most that the time to another moment would be on a machine with nothing else to do.

        Where this process computes, one of its threads is always at work if nothing keeps it from
        it: it needs no longer than its threads together were on a processor, however many of them
        waited for each other meanwhile. Waiting for a disk counts as being kept from it.

        Args:
            end: the later moment.
            computes: whether the processor does the work, and not a GPU on which it waits.
        """
        wall = end.wall - self.wall
        free = wall - (end.queued - self.queued)
        return max(0.0, min(wall, free, end.processor - self.processor if computes else wall))
