"""Interim analyses of an audit: when, against which boundary, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xaudit.core.message import Message

Spending = Literal["obrien_fleming", "pocock"]

SPENDING_NAMES = {"obrien_fleming": "O'Brien and Fleming", "pocock": "Pocock"}


@dataclass(frozen=True, slots=True)
class InterimPlan:
    """The interim analyses of a plan, and the last one, fixed before the first image is read.

    Attributes:
        spending: function that spends the error over the analyses.
        fractions: share of the patients up to each analysis; the last one is 1.
        limits: what Z must exceed at each analysis; a 95 % interval of a single analysis has 1.96.
        shards: shards up to each analysis.
        cases: cases up to each analysis.
    """

    spending: Spending
    fractions: tuple[float, ...]
    limits: tuple[float, ...]
    shards: tuple[int, ...]
    cases: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class InterimAnalysis:
    """What one analysis of the cases so far found.

    Attributes:
        number: from 1.
        cases: cases that were audited up to it.
        fraction: share of the patients.
        limit: boundary, in terms of Z.
        level: confidence level of the intervals that were read, two-sided.
        undecided: rules that made the audit go on; empty where it could stop.
        when: ISO 8601, UTC.
    """

    number: int
    cases: int
    fraction: float
    limit: float
    level: float
    undecided: tuple[str, ...]
    when: str


@dataclass(frozen=True, slots=True)
class InterimAnalyses:
    """The analyses that were made of an audit while it ran, and at its end.

    Attributes:
        spending: function that spends the error over the analyses.
        planned: analyses of the plan.
        of_cases: cases of the plan.
        made: in order; the last one is where the audit ended.
        baseline: audit that rules compared with at the analyses; empty for none.
    """

    spending: Spending
    planned: int
    of_cases: int
    made: tuple[InterimAnalysis, ...]
    baseline: str = ""

    @property
    def level(self) -> float:
        """Confidence level of every interval of the audit."""
        return self.made[-1].level

    @property
    def stopped(self) -> bool:
        """Whether the audit ended before its last analysis."""
        return self.made[-1].number < self.planned

    @property
    def fractions(self) -> tuple[float, ...]:
        """Share of the patients at each analysis that was made."""
        return tuple(one.fraction for one in self.made)

    @property
    def text(self) -> Message:
        """One sentence for every output."""
        last = self.made[-1]
        return Message(
            _STOPPED if self.stopped else _ENDED,
            n=last.cases,
            all=self.of_cases,
            number=last.number,
            planned=self.planned,
            spending=SPENDING_NAMES[self.spending],
            z=last.limit,
            level=level_text(last.level),
        )


_STOPPED = (
    "stopped after {n} of {all} cases at interim analysis {number} of {planned} (spending like "
    "{spending}, z = {z:.2f}); intervals are repeated confidence intervals at {level}"
)
_ENDED = (
    "ended after {n} of {all} cases at analysis {number} of {planned} (spending like {spending}, z "
    "= {z:.2f}); intervals are repeated confidence intervals at {level}"
)


def level_text(level: float) -> Message:
    """A confidence level in percent, with as many digits as tell it from 100 %."""
    for digits in range(1, 12):
        text = f"{100 * level:.{digits}f}"
        if float(text) < 100:
            return Message(f"{{n:.{digits}f}} %", n=100 * level)
    return Message("100 %")
