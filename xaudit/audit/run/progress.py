"""Progress of a run, for whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_ENOUGH = 0.01
"""Share of a stage's work that tells its speed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step that has been finished.

    Attributes:
        name: "score", the name of a method, or what is done afterwards.
        cases: cases finished; 0 in a stage that does not go case by case.
        of_cases: cases of the stage.
        work: evaluations finished, a backward pass counted as two.
        of_work: evaluations planned: what a remaining time is made from.
        kept: work that an earlier run had done, which says nothing about speed.
    """

    name: str
    cases: int
    of_cases: int
    work: float
    of_work: float
    kept: float = 0.0

    @property
    def share(self) -> float:
        """Of the planned work that is finished, 0 to 1; all of it where none was planned."""
        return min(self.work / self.of_work, 1.0) if self.of_work > 0 else 1.0

    def left(self, seconds: float) -> float | None:
        """Seconds for the rest of the stage, 0 or more; None as long as its speed is not known.

        Args:
            seconds: that the work which was not kept has taken.
        """
        done, rest = self.work - self.kept, max(self.of_work - self.work, 0.0)
        if done <= 0 or done < _ENOUGH * self.of_work:
            return None
        return seconds * (rest / done)


Listener = Callable[[Step], None]


class Meter:
    """Counts what is finished and tells the listener.

    Args:
        listen: called after every step.
        of_cases: cases of the stage.
        of_work: evaluations planned.
    """

    def __init__(self, listen: Listener, of_cases: int, of_work: float) -> None:
        self._listen = listen
        self._of_cases, self._of_work = of_cases, of_work
        self._cases, self._work, self._kept = 0, 0.0, 0.0

    def keep(self, cases: int, work: float) -> None:
        """Count what an earlier run had finished."""
        self._kept += work
        self.count("kept", cases, work)

    def count(self, name: str, cases: int, work: float) -> None:
        """Count what was finished: "score", a map by its method, or a piece by its stage.

        Args:
            name: of what was done.
            cases: that are through with the stage; 0 where it goes otherwise.
            work: evaluations, or units of the stage.
        """
        self._cases += cases
        self._work += work
        self._listen(Step(name, self._cases, self._of_cases, self._work, self._of_work, self._kept))
