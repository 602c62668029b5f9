"""How the study of an audit differs from that of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from xaudit.audit.store import CaseRow
from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.finding import Finding
from xaudit.fairness.groups import levels
from xaudit.stats.auc import auc
from xaudit.stats.difference import independent_difference
from xaudit.stats.proportions import clustered_proportion


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
    return (*_shares(new, old), _scores(new, old))


def _shares(new: Sequence[CaseRow], old: Sequence[CaseRow]) -> Iterator[Finding]:
    labels = [np.array([row.label for row in rows], dtype=bool) for rows in (new, old)]
    yield Finding("prevalence_drift", {}, _difference(new, old, labels[0], labels[1]))
    mine, theirs = (levels([row.groups for row in rows]) for rows in (new, old))
    for column in sorted(mine.keys() | theirs.keys()):
        here, there = mine.get(column, {}), theirs.get(column, {})
        for level in sorted(here.keys() | there.keys()):
            found = _difference(new, old, _of(here, level, new), _of(there, level, old))
            yield Finding("share_drift", {"group": column, "level": level}, found)


def _of(by_level: Mapping[str, BoolArray], level: str, rows: Sequence[CaseRow]) -> BoolArray:
    return by_level.get(level, np.zeros(len(rows), dtype=bool))


def _difference(
    new: Sequence[CaseRow], old: Sequence[CaseRow], mine: BoolArray, theirs: BoolArray
) -> Estimate:
    facts = [
        {row.case_id: bool(one) for row, one in zip(rows, some, strict=True)}
        for rows, some in ((new, mine), (old, theirs))
    ]
    if facts[0] == facts[1]:
        return Estimate(0.0, 0.0, 0.0, "the same cases", n=len(new))
    shares = [
        clustered_proportion(some, [row.patient for row in rows])
        for rows, some in ((new, mine), (old, theirs))
    ]
    return independent_difference(shares[0], shares[1])


def _scores(new: Sequence[CaseRow], old: Sequence[CaseRow]) -> Finding:
    scored = [(row, here) for rows, here in ((new, True), (old, False)) for row in rows]
    scored = [(row, here) for row, here in scored if row.logit is not None]
    area = auc(
        np.array([row.logit for row, _ in scored], dtype=np.float64),
        np.array([here for _, here in scored], dtype=bool),
        [row.patient for row, _ in scored],
    )
    return Finding("score_drift", {}, _shifted(area))


def _shifted(area: Estimate) -> Estimate:
    if area.value is None or area.low is None or area.high is None:
        return area
    return replace(area, value=area.value - 0.5, low=area.low - 0.5, high=area.high - 0.5)
