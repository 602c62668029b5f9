"""What worse radiographs do to the detector: scored once more, degraded step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from xaudit.audit.plan.plan import Plan
from xaudit.audit.plan.sample import draw_sample
from xaudit.audit.run.naming import naming
from xaudit.audit.run.prefetch import ahead
from xaudit.audit.run.progress import Listener, Meter
from xaudit.audit.run.run import Engine
from xaudit.audit.store.store import CaseRow, DegradedRow, kept_table, write_table
from xaudit.core.case import Case, PreparedCase
from xaudit.core.seeds import seed_for
from xaudit.data.prepare import prepare
from xaudit.data.transforms.degrade import LADDERS, degraded
from xaudit.errors import DataError

_POSITIVES = 0.5
_TOGETHER = 8


def degrade_scores(
    plan: Plan, engine: Engine, rows: Sequence[CaseRow], folder: Path, listen: Listener
) -> list[DegradedRow]:
    """Logits of a sample of the scored cases at every severity of every ladder.

    Kept in ``robustness.parquet``: an audit that goes on reads it.

    Args:
        plan: of the audit.
        engine: detector and methods.
        rows: every case of the audit.
        folder: of the audit.
        listen: called as work proceeds.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    path, config = folder / "robustness.parquet", plan.config.robustness
    kept = kept_table(path, DegradedRow)
    if kept is not None:
        return kept
    scored = [row for row in rows if row.logit is not None]
    drawn = set(draw_sample(scored, config.cases, _POSITIVES, plan.config.seed))
    if not drawn or not config.ladders:
        return []
    cases = [case for case in plan.study.cases if case.case_id in drawn]
    steps = sum(len(LADDERS[name].severities) for name in config.ladders)
    meter = Meter(listen, len(cases), float(len(cases) * steps))
    found: list[DegradedRow] = []
    parts = [cases[start : start + _TOGETHER] for start in range(0, len(cases), _TOGETHER)]
    for part in ahead(lambda some: readable(some, engine), parts):
        found.extend(_degrade(part, engine, config.ladders, plan.config.seed))
        meter.probed("degrade", len(part), len(part) * steps)
    write_table(path, found, DegradedRow)
    return found


def readable(cases: Sequence[Case], engine: Engine) -> list[PreparedCase]:
    """Those of these cases that can still be read, as the detector sees them."""
    ready = []
    for case in cases:
        try:
            ready.append(prepare(case, engine.detector.input))
        except DataError:
            # It could be read when it was scored; its absence here shows in the counts.
            continue
    return ready


def _degrade(
    cases: Sequence[PreparedCase], engine: Engine, ladders: Sequence[str], seed: int
) -> Iterator[DegradedRow]:
    if not cases:
        return
    for name in ladders:
        for severity in LADDERS[name].severities:
            images = [
                degraded(case, LADDERS[name], severity, _seed(seed, case, name)).image
                for case in cases
            ]
            names = [f"{case.case.case_id} ({name} {severity:g})" for case in cases]
            logits = naming(engine.evaluator.logits, np.stack(images), names)
            for case, logit in zip(cases, logits, strict=True):
                yield _row(case.case.case_id, name, severity, float(logit))


def _seed(seed: int, case: PreparedCase, ladder: str) -> int:
    # The same draw at every severity: steps of a ladder differ in strength alone.
    return seed_for(seed, "degrade", ladder, case.case.case_id)


def _row(case_id: str, ladder: str, severity: float, logit: float) -> DegradedRow:
    if np.isfinite(logit):
        return DegradedRow(case_id, ladder, severity, logit, None)
    return DegradedRow(case_id, ladder, severity, None, f"the detector returned {logit}")
