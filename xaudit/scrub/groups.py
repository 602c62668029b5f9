"""Subgroups that may be shown, so that no small one can be told or worked out.

A group may be shown where at least k of its patients have a fracture and k have none. Groups that
are left out are put together, and what is left over when all groups that are shown are taken from
another one that is shown, or from the study, must again hold k of either kind (complementary
suppression, as statistical offices do it). Whatever lies within a group that is left out is left
out with it: its parts would add up to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from xaudit.audit.store.store import CaseRow
from xaudit.core.case import NOT_RECORDED, BoolArray
from xaudit.core.record.finding import CROSS
from xaudit.core.record.scrubbed import WITHHELD
from xaudit.data.tables.levels import UNKNOWN
from xaudit.scrub.levels import is_place, says_too_much
from xaudit.stats.weights import IntArray, numbered

Group = tuple[str, str]
"""A column and one of its levels."""
_EVERYONE: Group = ("", "")
_NOBODYS = {NOT_RECORDED, UNKNOWN}


@dataclass(frozen=True, slots=True)
class ShownNames:
    """What groups are called in a scrubbed copy.

    Attributes:
        names: column → level → its name there; `WITHHELD` for one that is left out.
        told: levels left out because their name says too much, not because they are small.
    """

    names: Mapping[str, Mapping[str, str]]
    told: frozenset[Group] = frozenset()

    def name(self, column: str, level: str) -> str:
        """Of a level; one that no case is in keeps its own, unless its column is of places."""
        known = self.names.get(column, {})
        if level in known:
            return known[level]
        return _withheld(column) if is_place(column) else level

    @property
    def withheld(self) -> tuple[Group, ...]:
        """Groups that are left out."""
        return tuple(one for one, name in self._all() if is_withheld(name))

    @property
    def renamed(self) -> tuple[Group, ...]:
        """Groups that are shown under another name."""
        return tuple(
            one
            for one, name in self._all()
            if name != (one[1] or NOT_RECORDED) and not is_withheld(name)
        )

    def _all(self) -> Iterator[tuple[Group, str]]:
        for column, levels in self.names.items():
            yield from (((column, level), name) for level, name in levels.items() if level)


def shown_groups(rows: Sequence[CaseRow], k: int, year: int) -> ShownNames:
    """Decide which groups may be shown.

    Args:
        rows: every case.
        k: patients of a kind that a group has to have.
        year: in which the audit was made; from it follows who was born too long ago.
    """
    study = _Study.of(rows, k)
    told = frozenset(
        group for group in study.groups if any(says_too_much(*part, year) for part in _parts(group))
    )
    small = {group for group in study.groups if study.small(study.member(group))}
    withheld = _with_what_lies_within(study, {*told, *small})
    while (more := _to_withhold(study, withheld)) is not None:
        withheld = _with_what_lies_within(study, {*withheld, more})
    return ShownNames(_named(study.groups, withheld), told)


def is_withheld(level: str) -> bool:
    """Whether this level of a copy stands for those that are left out."""
    return set(level.split(CROSS)) == {WITHHELD}


def _withheld(column: str) -> str:
    """An intersection is left out in all of its columns."""
    return CROSS.join(WITHHELD for _ in column.split(CROSS))


@dataclass(frozen=True, slots=True)
class _Study:
    """Groups as numbers: which level each case has in each column.

    Attributes:
        columns: column → its levels, and (N,) the number of each case's level.
        kinds: (N,) bool for fractured cases and for others, as far as the study has any.
        patients: (N,) numbers.
    """

    columns: Mapping[str, tuple[Sequence[str], IntArray]]
    kinds: Sequence[BoolArray]
    patients: IntArray
    k: int
    within: dict[Group, dict[str, list[Group]]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Sequence[CaseRow], k: int) -> _Study:
        labels = np.array([row.label for row in rows], dtype=bool)
        names = dict.fromkeys(name for row in rows for name in row.groups)
        columns = {
            name: _as_numbers([row.groups.get(name) or "" for row in rows]) for name in names
        }
        kinds = [one for one in (labels, ~labels) if one.any()]
        study = cls(columns, kinds, numbered([row.patient for row in rows])[1], k)
        for group in (_EVERYONE, *study.groups):
            study.within[group] = dict(study._lying_within(group))
        return study

    @property
    def groups(self) -> list[Group]:
        return [(name, level) for name, (levels, _) in self.columns.items() for level in levels]

    def member(self, group: Group) -> BoolArray:
        if group == _EVERYONE:
            return np.ones(len(self.patients), dtype=bool)
        levels, numbers = self.columns[group[0]]
        return np.asarray(numbers == levels.index(group[1]), dtype=bool)

    def size(self, group: Group) -> int:
        return int(self.member(group).sum())

    def small(self, chosen: BoolArray) -> bool:
        """Whether these cases are of somebody, and of too few."""
        return bool(chosen.any()) and any(
            len(np.unique(self.patients[chosen & kind])) < self.k for kind in self.kinds
        )

    def _lying_within(self, group: Group) -> Iterator[tuple[str, list[Group]]]:
        """Column → levels of which every case is in the group."""
        chosen = self.member(group)
        for name, (levels, numbers) in self.columns.items():
            if name != group[0]:
                outside = set(np.unique(numbers[~chosen]).tolist())
                yield name, [(name, one) for i, one in enumerate(levels) if i not in outside]


def _with_what_lies_within(study: _Study, withheld: set[Group]) -> set[Group]:
    return withheld | {
        part for one in withheld for parts in study.within[one].values() for part in parts
    }


def _to_withhold(study: _Study, withheld: set[Group]) -> Group | None:
    """The smallest group without which too few are left over somewhere; None if that is nowhere."""
    for whole, by_column in study.within.items():
        if whole in withheld:
            continue
        for parts in by_column.values():
            seen = [part for part in parts if part not in withheld]
            rest = study.member(whole)
            for one in seen:
                rest = rest & ~study.member(one)
            if seen and study.small(rest):
                return min(seen, key=lambda one: (study.size(one), one))
    return None


def _named(groups: Sequence[Group], withheld: set[Group]) -> dict[str, dict[str, str]]:
    names: dict[str, dict[str, str]] = defaultdict(dict)
    places: dict[Group, str] = {}
    for group in groups:
        for column, level in _parts(group):
            if is_place(column) and level not in _NOBODYS:
                count = sum(1 for other, _ in places if other == column)
                places.setdefault((column, level), f"no. {count + 1}")
    for group in groups:
        name = CROSS.join(places.get(part, part[1]) for part in _parts(group))
        column, level = group
        names[column][level] = _withheld(column) if group in withheld else name
        if level == NOT_RECORDED:
            names[column][""] = names[column][level]
    return dict(names)


def _parts(group: Group) -> list[Group]:
    """The columns and levels that meet in an intersection; the group itself where it is none."""
    columns, levels = group[0].split(CROSS), group[1].split(CROSS)
    if len(columns) != len(levels):
        return [group]
    return list(zip(columns, levels, strict=True))


def _as_numbers(values: Sequence[str]) -> tuple[list[str], npt.NDArray[np.intp]]:
    """Levels in the order in which they come, and the number of each value's."""
    named = [value or NOT_RECORDED for value in values]
    levels = list(dict.fromkeys(named))
    at = {level: number for number, level in enumerate(levels)}
    return levels, np.array([at[one] for one in named], dtype=np.intp)
