"""Progress of a run: a bar with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from xaudit.audit.run.progress import Listener, Step
from xaudit.commands.terminal.console import err, say

_SECONDS_BETWEEN_LINES = 15.0
_SECONDS_TO_GO_BY = 2.0


class Clock:
    """Time left of a stage, from the work that this process has done in it.

    It has to be asked at every step: that tells where one stage ends and the next begins.
    """

    def __init__(self) -> None:
        self._began = self._last = time.monotonic()
        self._of_work = self._work = 0.0

    def left(self, step: Step) -> str:
        """Such as "3 min left", or nothing while there is too little to go by."""
        if step.of_work != self._of_work or step.work <= self._work:
            self._began = self._last
        self._of_work, self._work, self._last = step.of_work, step.work, time.monotonic()
        elapsed = self._last - self._began
        seconds = step.left(elapsed) if elapsed >= _SECONDS_TO_GO_BY else None
        return "" if seconds is None else f"{duration(seconds)} left"


def duration(seconds: float) -> str:
    """A duration for a reader: "40 s", "3 min", "2 h 10 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def progress_display() -> Iterator[Listener]:
    """A listener for a run that shows how far it is."""
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    clock = Clock()
    if not err.is_terminal:
        yield _lines(clock)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("reading the study", total=None, left="")

        def listen(step: Step) -> None:
            progress.update(
                task,
                description=f"{_cases(step)}{step.name:<20}",
                completed=step.share,
                total=1.0,
                left=clock.left(step),
            )

        yield listen


def _lines(clock: Clock) -> Listener:
    last = [time.monotonic() - _SECONDS_BETWEEN_LINES]

    def listen(step: Step) -> None:
        left = clock.left(step)
        now = time.monotonic()
        if now - last[0] < _SECONDS_BETWEEN_LINES:
            return
        last[0] = now
        rest = f", {left}" if left else ""
        say(f"{_cases(step)}{step.share:.0%} of the work ({step.name}){rest}")

    return listen


def _cases(step: Step) -> str:
    """How many cases are finished, where the stage goes case by case."""
    return f"{step.cases} of {step.of_cases} cases, " if step.cases else ""
