"""Subgroups that fare worst, in decisions and in maps: the gallery shows what went wrong there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import fmean

from xaudit.audit.store.store import CaseRow
from xaudit.core.record.finding import CROSS

ENOUGH = 10
"""Of smaller levels the least share is chance; the default of ``statistics.minimum``."""


@dataclass(frozen=True, slots=True)
class WorstServed:
    """One level of a group column, and how many cases of one label were decided right in it.

    Attributes:
        label: True: fractures and how many were found; False: normal cases left alone.
        right: decided right, of ``cases``.
    """

    column: str
    level: str
    label: bool
    right: int
    cases: int

    @property
    def share(self) -> float:
        """Decided right, 0 to 1."""
        return self.right / self.cases


@dataclass(frozen=True, slots=True)
class Seen:
    """One level of a group column, and how much of the maps lies in its fractures.

    Attributes:
        mass: mean over the explained fractures, 0 to 1.
        cases: explained fractures.
    """

    column: str
    level: str
    mass: float
    cases: int


def least_seen(explained: Iterable[tuple[CaseRow, float]]) -> list[Seen]:
    """For each column the level whose maps rest least on the fractures, least first.

    Columns of one level, levels of fewer than 10 cases and intersections are left out.

    Args:
        explained: fractures with the share of positive attribution in them, 0 to 1.
    """
    masses: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row, mass in explained:
        for column, level in _single(row):
            masses[column][level].append(mass)
    least = []
    for column, levels in masses.items():
        known = [
            Seen(column, level, fmean(ones), len(ones))
            for level, ones in levels.items()
            if len(ones) >= ENOUGH
        ]
        if len(known) > 1:
            least.append(min(known, key=lambda one: (one.mass, one.level)))
    return sorted(least, key=lambda one: (one.mass, one.column))


def worst_served(scored: Iterable[tuple[CaseRow, float]], threshold: float) -> list[WorstServed]:
    """For each column and label the level with the least share decided right, worst first.

    Columns of one level, levels of fewer than 10 cases and intersections are left out, and so is
    a level without a wrong decision.

    Args:
        scored: cases with their logit.
        threshold: logit above which a case is called fractured.
    """
    right: dict[tuple[str, bool], dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for row, logit in scored:
        for column, level in _single(row):
            right[column, row.label][level].append((logit > threshold) == row.label)
    worst = []
    for (column, label), levels in right.items():
        known = [
            WorstServed(column, level, label, sum(ones), len(ones))
            for level, ones in levels.items()
            if len(ones) >= ENOUGH
        ]
        if len(known) > 1:
            worst.append(min(known, key=lambda one: (one.share, one.level)))
    failed = (one for one in worst if one.right < one.cases)
    return sorted(failed, key=lambda one: (one.share, one.column, one.label))


def _single(row: CaseRow) -> Iterator[tuple[str, str]]:
    return ((column, level) for column, level in row.groups.items() if CROSS not in column)
