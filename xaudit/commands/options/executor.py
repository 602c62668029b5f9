"""The options that say who does the pieces of an audit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from xaudit.errors import ConfigError

if TYPE_CHECKING:
    from xaudit.core.executor import Executor

Name = Literal["serial", "processes"]
ExecutorName = Annotated[
    Name, typer.Option("--executor", help="Who scores and explains: this process, or several.")
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="With --executor processes: how many; by default one a core."),
]


@dataclass(frozen=True, slots=True)
class ChosenExecutor:
    """An executor that is made when it is needed: it takes libraries that are slow to start.

    Attributes:
        name: of the executor.
        workers: how many.
    """

    name: Name
    workers: int

    @classmethod
    def of(cls, name: Name, workers: int | None) -> ChosenExecutor:
        """The executor that the command line names.

        Raises:
            ConfigError: one process has no workers.
        """
        if name == "serial" and workers is not None:
            raise ConfigError("--workers goes with --executor processes: serial is one process")
        return cls(name, workers or _cores())

    def made(self) -> Executor:
        """It, with the cores of this machine shared out."""
        if self.name == "serial":
            from xaudit.executors.serial import Serial

            return Serial()
        from xaudit.executors.processes import Processes

        return Processes(self.workers, max(1, _cores() // self.workers))


def _cores() -> int:
    """Of those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
