"""Pieces among processes of this machine; one that dies takes nothing with it but its piece."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any

from xaudit.core.executor import Count, Crew, Executor, Piece, Worker
from xaudit.errors import AuditError
from xaudit.executors.spawned import begin, safe_path

_LOST = 3
"""So often may workers die before it is given up: a machine without memory kills each of them."""
Counted = tuple[str, int, float]
Hire = Callable[[], Worker[Any]]


class Processes(Executor):
    """Workers in processes of their own, kept as long as the crew is the same.

    Args:
        workers: how many.
        threads: with which each of them computes.
    """

    def __init__(self, workers: int, threads: int) -> None:
        self._workers, self._threads = workers, threads
        self.threads = threads
        self._hire: Hire | None = None
        self._pool: ProcessPoolExecutor | None = None
        self._others: set[Any] = set()

    def open(self) -> None:
        """There is always this machine."""

    def carry_out(self, crew: Crew[Piece], pieces: Sequence[Piece], count: Count) -> None:
        """See `Executor`."""
        waiting, lost = dict(enumerate(pieces)), 0
        while waiting:
            try:
                self._try(crew, waiting, count)
            except BrokenProcessPool as error:
                self.close()
                lost += 1
                if lost > _LOST:
                    raise AuditError(
                        f"workers died {lost} times, for lack of memory most often; {len(waiting)} "
                        f"of {len(pieces)} pieces are left, and a run with fewer --workers goes on "
                        "with them"
                    ) from error

    def _try(self, crew: Crew[Piece], waiting: dict[int, Piece], count: Count) -> None:
        """Have all pieces done; what is finished is no longer waiting, whatever happens then."""
        pool = self._at_work(crew)
        try:
            with safe_path():
                begun = {pool.submit(_do, piece): number for number, piece in waiting.items()}
            for future in as_completed(begun):
                for counted in future.result():
                    count(*counted)
                del waiting[begun[future]]
        except KeyboardInterrupt:
            # A piece may take minutes, and the next run does it again.
            for process in set(multiprocessing.active_children()) - self._others:
                process.terminate()
            raise
        except Exception:
            # What has begun is waited for: it is kept.
            pool.shutdown(cancel_futures=True)
            self._pool = None
            raise

    def _at_work(self, crew: Crew[Any]) -> ProcessPoolExecutor:
        if self._pool is None or self._hire is not crew.hire:
            self.close()
            self._others = set(multiprocessing.active_children())
            self._hire, start = crew.hire, partial(_start, self._threads, crew.hire)
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._workers, spawn, initializer=start)
        return self._pool

    def close(self) -> None:
        """See `Executor`."""
        if self._pool is not None:
            self._pool.shutdown()
        self._pool = self._hire = None


_HIRED: list[Hire] = []
_WORKING: list[Worker[Any]] = []
"""Of this process, where it is one of the workers."""


def _start(threads: int, hire: Hire) -> None:
    begin(threads)
    _HIRED.append(hire)


def _do(piece: object) -> list[Counted]:
    """Do a piece with the worker of this process, made for the first one; what it counted."""
    if not _WORKING:
        # Not at the start: an error there would end the pool, and nobody would read it.
        _WORKING.append(_HIRED[0]())
    (worker,), counted = _WORKING, list[Counted]()
    worker.read(piece)(lambda *one: counted.append(one))
    return counted
