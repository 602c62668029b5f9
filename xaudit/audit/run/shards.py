"""Shards of a plan, carried out: what is not done yet is scored and explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from xaudit.audit.run.parts import Part
from xaudit.audit.run.progress import Listener, Meter
from xaudit.audit.run.shard import Progressed
from xaudit.audit.store.files import kept_json, to_json, write_text
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.core.executor import Count, Crew, Executor, Ready
from xaudit.explain.engine.evaluator import Evaluator


@dataclass(frozen=True, slots=True)
class Run:
    """Where a run writes, whom it tells, and who does its work.

    Attributes:
        folder: of the audit.
        listen: called as work proceeds.
        executor: has pieces done.
        crew: does them; of `AuditWorker`.
    """

    folder: Path
    listen: Listener
    executor: Executor
    crew: Crew[Any]

    def carry_out(self, pieces: Sequence[object], count: Count) -> None:
        """Have pieces done; see `Executor.carry_out`."""
        self.executor.carry_out(self.crew, pieces, count)


@dataclass(frozen=True, slots=True)
class ShardPiece:
    """A shard that is to be computed.

    Attributes:
        part: number of the detector whose cases they are.
        number: of the shard.
    """

    part: int
    number: int


def run_shards(part: Part, run: Run) -> None:
    """Compute what is missing; complete shards are kept as they are.

    Args:
        part: a detector; shards of cases that are not in its study are left to others.
        run: of the audit.

    Raises:
        AuditError: the disk is full, or more cases failed than the configuration allows.
    """
    store, record, work = Store(run.folder), part.plan.record, part.engine.work_per_map
    keep_batches(part.engine.evaluator, run.folder)
    cases = {case.case_id for case in part.plan.study.cases}
    sample = set(record.sample) & cases
    meter, waiting = Meter(run.listen, len(cases), len(cases) + work * len(sample)), []
    for number, ids in enumerate(record.shards):
        # Empty behind the interim analysis at which the audit is; other detectors have other cases.
        if not ids or ids[0] not in cases:
            continue
        if store.kept(number):
            meter.keep(len(ids), len(ids) + work * len(sample & set(ids)))
        else:
            waiting.append(ShardPiece(part.number, number))
    run.carry_out(waiting, meter.count)


def read_shard(part: Part, number: int, folder: Path) -> Ready:
    """Read the cases of a shard; done, they are scored, those of the sample explained, and kept.

    Args:
        part: a detector and its cases.
        number: of the shard.
        folder: of the audit.
    """
    cases = {case.case_id: case for case in part.plan.study.cases}
    chosen = [cases[case_id] for case_id in part.plan.record.shards[number]]
    return partial(_compute, part, number, part.engine.prepared(chosen), folder)


def _compute(
    part: Part, number: int, items: Sequence[Progressed], folder: Path, count: Count
) -> None:
    worker = part.engine.worker(frozenset(part.plan.record.sample), count)
    Store(folder).write(number, worker.compute(items))


def keep_batches(evaluator: Evaluator, folder: Path) -> None:
    """Go on with the batches with which the audit began, to the last digit of its results."""
    path = folder / "batches.json"
    kept = kept_json(path, dict[str, int])
    if kept is not None:
        evaluator.sizes = kept
    else:
        write_text(path, to_json(evaluator.sizes))


def explain_shown(parts: Sequence[Part], chosen: Sequence[str], run: Run) -> Results:
    """Explain the cases that the card shows and that were not drawn, each by its detector.

    They enter no statistics.

    Args:
        parts: of the audit.
        chosen: ids of the cases that the card shows.
        run: of the audit.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    for part in parts:
        ids = {case.case_id for case in part.plan.study.cases}
        _explain_rest(part, [one for one in chosen if one in ids], run)
    store, first = Store(run.folder), len(parts[0].plan.record.shards)
    return Results.of(store, (first + part.number for part in parts))


def _explain_rest(part: Part, chosen: Sequence[str], run: Run) -> None:
    """A shard of its own behind those of the plan, one for each detector."""
    store, record, engine = Store(run.folder), part.plan.record, part.engine
    number = len(record.shards) + part.number
    if store.kept(number):
        return
    rest = [one for one in chosen if one not in set(record.sample)]
    cases = {case.case_id: case for case in part.plan.study.cases}
    meter = Meter(run.listen, len(rest), len(rest) * (1 + engine.work_per_map))
    worker = engine.worker(frozenset(rest), meter.count)
    store.write(number, worker.compute(engine.prepared([cases[one] for one in rest])))
