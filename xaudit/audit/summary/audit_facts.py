"""Facts of an audit that hold for networks and for tables of predictions alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from xaudit.audit.store.case_columns import CaseColumns
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.store import CaseRow
from xaudit.core.case import BoolArray
from xaudit.core.cut import Cut
from xaudit.core.message import Message, one_after_another
from xaudit.core.record.finding import AuditFacts, CorruptionFacts
from xaudit.data.transforms.corruption import CORRUPTIONS


def audit_facts(record: PlanRecord, name: str, seed: int) -> AuditFacts:
    """Which audit this is.

    Args:
        record: of the plan.
        name: of the audit.
        seed: of the plan.
    """
    return AuditFacts(
        name=name,
        created=record.created,
        plan_sha256=record.identity,
        policy_sha256=record.policy.sha256 if record.policy else None,
        xaudit_version=record.xaudit_version,
        seed=seed,
    )


def corruption_facts(names: Iterable[str]) -> tuple[CorruptionFacts, ...]:
    """How corruptions are called; nothing of one whose package is not here."""
    known = ((name, CORRUPTIONS[name]) for name in names if name in CORRUPTIONS)
    return tuple(CorruptionFacts(name, one.title, one.unit) for name, one in known)


def group_levels(rows: Sequence[CaseRow]) -> dict[str, dict[str, tuple[int, int]]]:
    """Column → level → (cases, positives)."""
    if isinstance(rows, CaseColumns):
        return {column: _counted(cut, rows.labels) for column, cut in rows.groups.items()}
    levels: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for row in rows:
        for column, level in row.groups.items():
            cases, positives = levels[column].get(level, (0, 0))
            levels[column][level] = (cases + 1, positives + row.label)
    return levels


def _counted(cut: Cut, labels: BoolArray) -> dict[str, tuple[int, int]]:
    cases, positives = cut.counts(np.ones(len(labels), dtype=bool)), cut.counts(labels)
    return {level: (int(cases[cut.place(level)]), int(positives[cut.place(level)]))
            for level in cut.there}  # fmt: skip


def limit_why(record: PlanRecord, cases: int) -> str:
    """A sentence about `--limit` or a profile; empty without one."""
    planned = record.interim.cases[-1] if record.interim else cases
    limited = Message(
        "The audit was limited to {n} cases, sampled by label before any image was read.", n=planned
    )
    return one_after_another((*([limited] if record.limit is not None else []), *record.notes))
