"""Pieces among the machines of a Ray cluster, or among processes that Ray starts here."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from tempfile import TemporaryDirectory
from typing import Any

from xaudit.core.executor import Count, Crew, Executor, Piece, Worker
from xaudit.errors import AuditError, ConfigError, InstallError

_LOST = 3
"""So often a worker that died is started again, and its piece done again."""
_SECONDS = 5.0
"""To wait for an answer."""
Counted = tuple[str, int, float]
Hire = Callable[[], Worker[Any]]


class RayCluster(Executor):
    """Workers that Ray starts, kept as long as the crew is the same.

    All machines see the study, the weights and the folder of the audit under the same paths.

    Args:
        workers: how many; None for as many as the cluster has room for.
        threads: with which each of them computes; so many CPUs it takes of the cluster.
        address: of a cluster that runs; None starts one here, which ends with the run.

    Raises:
        InstallError: Ray is not installed.
    """

    def __init__(self, workers: int | None, threads: int, address: str | None = None) -> None:
        # A run tells nobody about itself.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray  # noqa: PLC0415
        except ImportError as error:
            raise InstallError(
                "--executor ray: Ray is not installed; pip install 'xaudit[ray]'"
            ) from error
        self._ray: Any = ray
        self._workers, self.threads, self._address = workers, threads, address
        self._hire: Hire | None = None
        self._actors: list[Any] = []
        self._nowhere: TemporaryDirectory[str] | None = None

    def open(self) -> None:
        """See `Executor`."""
        self._connect()
        self._count()

    def carry_out(self, crew: Crew[Piece], pieces: Sequence[Piece], count: Count) -> None:
        """See `Executor`."""
        waiting, begun = deque(pieces), dict[Any, Any]()
        free = self._at_work(crew.hire) if pieces else []
        while waiting or begun:
            while waiting and free:
                actor = free.pop()
                begun[actor.do.remote(waiting.popleft())] = actor
            (done,), _ = self._ray.wait(list(begun), num_returns=1)
            free.append(begun.pop(done))
            for counted in self._got(done):
                count(*counted)

    def _got(self, done: Any) -> list[Counted]:  # noqa: ANN401  a reference of Ray
        errors = self._ray.exceptions
        try:
            return list(self._ray.get(done))
        except errors.RayTaskError as error:
            raise error.cause from None
        except errors.RayActorError as error:
            raise AuditError(
                f"a worker of Ray died {_LOST + 1} times, for lack of memory most often; what is "
                "finished is kept, and a run with fewer --workers goes on with the rest"
            ) from error

    def _at_work(self, hire: Hire) -> list[Any]:
        """All actors, of this crew."""
        if self._hire is not hire:
            self._dismiss()
            kind = self._ray.remote(
                num_cpus=self.threads, max_restarts=_LOST, max_task_retries=_LOST
            )(_Actor)
            self._hire = hire
            self._actors = [kind.remote(self.threads, hire) for _ in range(self._count())]
        return list(self._actors)

    def _connect(self) -> None:
        if self._ray.is_initialized():
            return
        cpus = None if self._address else (self._workers or 1) * (self.threads or 1)
        if self._address:
            _refuse_unreachable(self._address)
        self._nowhere = TemporaryDirectory(prefix="xaudit-ray-")
        try:
            # Ray has workers look for modules in the current folder first: in an empty one here.
            with contextlib.chdir(self._nowhere.name):
                self._ray.init(
                    self._address or "local",
                    num_cpus=cpus,
                    include_dashboard=None if self._address else False,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                )
        except (ConnectionError, ValueError, RuntimeError) as error:
            said = str(error).splitlines()[0]
            raise ConfigError(f"--address {self._address}: {said}") from error

    def _count(self) -> int:
        """As many workers as are wanted.

        Raises:
            ConfigError: the cluster is too small, and they would wait for ever.
        """
        cpus = int(self._ray.cluster_resources().get("CPU", 0))
        room = cpus // (self.threads or 1)
        if room < (self._workers or 1):
            raise ConfigError(
                f"--workers: the cluster has {cpus} CPUs, which is room for {room} workers of "
                f"{self.threads} threads, got {self._workers or 1}"
            )
        return self._workers or room

    def _dismiss(self) -> None:
        for actor in self._actors:
            self._ray.kill(actor)
        self._actors, self._hire = [], None

    def close(self) -> None:
        """See `Executor`."""
        if self._ray.is_initialized():
            self._dismiss()
            self._ray.shutdown()
        if self._nowhere is not None:
            self._nowhere.cleanup()


def _refuse_unreachable(address: str) -> None:
    """Ask at the door: Ray itself knocks for minutes.

    Raises:
        ConfigError: nobody answers there, or it is no address of this kind.
    """
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise ConfigError(
            f"--address: expected HOST:PORT of the head of a Ray cluster, or auto on one of its "
            f"machines, got {address!r}"
        )
    try:
        socket.create_connection((host, int(port)), _SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"--address {address}: no Ray cluster answers ({error}); start one with `ray start "
            "--head`, or leave the option out"
        ) from error


class _Actor:
    """A worker of another process; its detector is loaded with its first piece."""

    def __init__(self, threads: int, hire: Hire) -> None:
        import torch  # noqa: PLC0415

        torch.set_num_threads(threads)
        self._hire = hire
        self._worker: Worker[Any] | None = None

    def do(self, piece: object) -> list[Counted]:
        """Do a piece; what it counted."""
        if self._worker is None:
            self._worker = self._hire()
        counted: list[Counted] = []
        self._worker.read(piece)(lambda *one: counted.append(one))
        return counted
