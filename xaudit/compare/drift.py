"""Drift: how the study of an audit differs from that of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xaudit.audit.store.store import CaseRow
from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.record.finding import Finding
from xaudit.fairness.groups import levels
from xaudit.stats.difference import independent_difference
from xaudit.stats.proportions import clustered_proportion
from xaudit.stats.roc.auc import auc
from xaudit.stats.weights import IntArray, numbered


def drift_findings(new: Sequence[CaseRow], old: Sequence[CaseRow]) -> tuple[Finding, ...]:
    """Prevalence, share of every level, and scores: this study minus the baseline's.

    Shares by two Wilson intervals on effective samples (Newcombe 1998; Rao and Scott 1992), as if
    no patient were in both, which makes intervals too long rather than too short; where both
    audits hold the same cases with the same labels and groups, the difference is 0. Scores by the
    chance that a case of this study scores above one of the other, minus one half (DeLong,
    clustered by patient).

    Args:
        new: cases of the audit that is judged.
        old: cases of the baseline.
    """
    drift = Finding("score_drift", {}, score_drift(new, old))
    return (*_shares(_Side.of(new), _Side.of(old)), drift)


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """The cases of one audit, sorted by id."""

    rows: tuple[CaseRow, ...]
    patients: IntArray
    levels: Mapping[str, Mapping[str, BoolArray]]

    @classmethod
    def of(cls, rows: Sequence[CaseRow]) -> _Side:
        ordered = tuple(sorted(rows, key=lambda row: row.case_id))
        patients = numbered([row.patient for row in ordered])[1]
        return cls(ordered, patients, levels([row.groups for row in ordered]))

    @property
    def ids(self) -> list[str]:
        return [row.case_id for row in self.rows]

    @property
    def labels(self) -> BoolArray:
        return np.array([row.label for row in self.rows], dtype=bool)

    def members(self, column: str, level: str) -> BoolArray:
        nobody = np.zeros(len(self.rows), dtype=bool)
        return self.levels.get(column, {}).get(level, nobody)


def _shares(new: _Side, old: _Side) -> Iterator[Finding]:
    same = new.ids == old.ids

    def difference(mine: BoolArray, theirs: BoolArray) -> Estimate:
        if same and np.array_equal(mine, theirs):
            return Estimate(0.0, 0.0, 0.0, "the same cases", n=len(mine))
        return independent_difference(
            clustered_proportion(mine, new.patients), clustered_proportion(theirs, old.patients)
        )

    yield Finding("prevalence_drift", {}, difference(new.labels, old.labels))
    for column in sorted(new.levels.keys() | old.levels.keys()):
        for level in sorted({*new.levels.get(column, {}), *old.levels.get(column, {})}):
            found = difference(new.members(column, level), old.members(column, level))
            yield Finding("share_drift", {"group": column, "level": level}, found)


def score_drift(new: Sequence[CaseRow], old: Sequence[CaseRow]) -> Estimate:
    """How much more often than in one of two does a case of this study score above one of another?

    Args:
        new: cases of this study; those without a score are left out.
        old: cases of the other one.
    """
    scored = [(row, here) for rows, here in ((new, True), (old, False)) for row in rows]
    scored = [(row, here) for row, here in scored if row.logit is not None]
    area = auc(
        np.array([row.logit for row, _ in scored], dtype=np.float64),
        np.array([here for _, here in scored], dtype=bool),
        [row.patient for row, _ in scored],
    )
    return _shifted(area)


def _shifted(area: Estimate) -> Estimate:
    if area.value is None or area.low is None or area.high is None:
        return area
    method = Message("{method}, less one half", method=area.method)
    return replace(area, value=area.value - 0.5, low=area.low - 0.5, high=area.high - 0.5,
                   method=method)  # fmt: skip
