"""The options that say who does the pieces of an audit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from xaudit.errors import ConfigError

if TYPE_CHECKING:
    from xaudit.core.executor import Executor

Name = Literal["serial", "processes", "ray"]
ExecutorName = Annotated[
    Name,
    typer.Option("--executor", help="Who scores and explains: one process, several, or Ray."),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="With --executor processes or ray: how many; by default one a core."),
]
Address = Annotated[
    str | None,
    typer.Option(help="With --executor ray: of a cluster that runs; without it one starts here."),
]


@dataclass(frozen=True, slots=True)
class ChosenExecutor:
    """An executor that is made when it is needed: it takes libraries that are slow to start.

    Attributes:
        name: of the executor.
        workers: how many; None for as many as there is room for.
        address: of a Ray cluster.
    """

    name: Name
    workers: int | None
    address: str | None

    @classmethod
    def of(cls, name: Name, workers: int | None, address: str | None) -> ChosenExecutor:
        """The executor that the command line names.

        Raises:
            ConfigError: one process has no workers, or it is no cluster.
        """
        if name == "serial" and workers is not None:
            raise ConfigError("--workers goes with --executor processes or ray, not with serial")
        if name != "ray" and address is not None:
            raise ConfigError(f"--address is that of a Ray cluster, not of --executor {name}")
        return cls(name, workers, address)

    def refuse_several(self, what: str) -> None:
        """Raise ConfigError where several workers were asked for and none has anything to do."""
        if self.name != "serial":
            raise ConfigError(
                f"--executor {self.name}: {what} is no work for several; leave it out"
            )

    def made(self) -> Executor:
        """It, with the cores of this machine shared out."""
        if self.name == "serial":
            from xaudit.executors.serial import Serial

            return Serial()
        if self.address is not None:
            from xaudit.executors.ray_cluster import RayCluster

            # How many cores its machines have is not known here.
            return RayCluster(self.workers, 1, self.address)
        workers = self.workers or _cores()
        threads = max(1, _cores() // workers)
        if self.name == "ray":
            from xaudit.executors.ray_cluster import RayCluster

            return RayCluster(workers, threads)
        from xaudit.executors.processes import Processes

        return Processes(workers, threads)


def _cores() -> int:
    """Of those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
