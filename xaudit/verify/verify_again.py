"""Verification against another run of the same plan, as far as the audit promises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xaudit.audit.scores.rescored import in_unit
from xaudit.audit.store.files import read_findings
from xaudit.audit.store.record import PlanRecord, read_record
from xaudit.compare.paired_audits import read_cases
from xaudit.core.record.finding import Unit
from xaudit.verify.verify import Check
from xaudit.verify.verify_tree import differences

_OF_THE_MACHINE = {"micro_batch", "device"}
"""Of ``explain``: they change how sums are made, and with it the last digits alone."""


def another_run(folder: Path, other: Path) -> Check:
    """In what another run of the same plan is not this one.

    Scores may differ by the wider tolerance that the two audits state; where none does, not at all.
    The name of the check says it.

    Args:
        folder: of the audit.
        other: of the other run.

    Raises:
        ConfigError: one of them is not a finished audit.
        AuditError: a shard is missing or damaged.
    """
    stated = [read_findings(one).rescored for one in (folder, other)]
    known = [one for one in stated if one is not None]
    unit: Unit = known[0].unit if known else "logit"
    tolerance = max((one.tolerance for one in known), default=0.0)
    mine, theirs = (_decisive(read_record(one)) for one in (folder, other))
    lines = [*differences(mine, theirs, "the plan of the other run")]
    scores = [_scores(one, unit) for one in (folder, other)]
    for case_id in dict.fromkeys([*scores[0], *scores[1]]):
        lines.extend(_apart(case_id, scores, unit, tolerance))
    within = f"within {tolerance:.2g} on the {unit}" if tolerance else "to the last digit"
    return Check(f"scores of another run, {within}", tuple(lines))


def _decisive(record: PlanRecord) -> Mapping[str, Any]:
    """What decides the scores: not when it was planned, nor on which machine it runs."""
    config: dict[str, Any] = dict(record.config)
    if "explain" in config:
        config["explain"] = {
            name: one for name, one in config["explain"].items() if name not in _OF_THE_MACHINE
        }
    return {"config": config, "files": dict(record.files)}


def _scores(folder: Path, unit: Unit) -> dict[str, float | None]:
    return {
        case_id: None if row.logit is None else float(in_unit(row.logit, unit))
        for case_id, row in read_cases(folder).items()
    }


def _apart(
    case_id: str, scores: list[dict[str, float | None]], unit: Unit, tolerance: float
) -> Iterator[str]:
    if not all(case_id in score for score in scores):
        yield f"{case_id}: only in {'this' if case_id in scores[0] else 'the other'} run"
        return
    mine, theirs = (score[case_id] for score in scores)
    if mine is None or theirs is None:
        if mine is not theirs:
            yield f"{case_id}: only {'the other' if mine is None else 'this'} run has a score"
    # A table says 0 or 1 by an infinite logit, whose difference from itself is no number.
    elif mine != theirs and not abs(mine - theirs) <= tolerance:
        yield (
            f"{case_id}: {unit} {mine:.9g}, the other run {theirs:.9g}: "
            f"{abs(mine - theirs):.2g} apart, the audits state {tolerance:.2g}"
        )
