"""Score some cases again in other batches and threads: by how much may another run differ?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from xaudit.audit.plan.plan import Plan
from xaudit.audit.plan.sample import draw_sample
from xaudit.audit.probes.credibility import stored_maps
from xaudit.audit.probes.degraded_maps import cheap
from xaudit.audit.probes.robustness import readable
from xaudit.audit.probes.workload import SCORED_AGAIN
from xaudit.audit.run.progress import Listener, Meter
from xaudit.audit.run.run import Engine
from xaudit.audit.run.second_maps import Maps, check_row, compared, maps_again
from xaudit.audit.scores.rescored import LOGIT, MAP, RESCORED, WAY
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, CheckRow, kept_table, write_table
from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.metric import Score, Undefined
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.models.device import threads

_EXPLAINED = 4
_POSITIVES = 0.5
_MOST = 2
"""Images at once that are tried where a run takes fewer: more might not fit into memory."""
_MISSING = Undefined("the map could not be made")


@dataclass(frozen=True, slots=True)
class Way:
    """How many images pass at once, and by how many threads of a processor."""

    images: int
    threads: int

    @property
    def name(self) -> str:
        """As it is stored."""
        return f"{self.images} at once, {self.threads} threads"


def other_ways(evaluator: Evaluator) -> tuple[Way, ...]:
    """Other ways than that of the run; on a GPU threads make no difference."""
    own, count = evaluator.sizes["forward"], torch.get_num_threads()
    sizes = sorted({1, _MOST, max(1, own // 2)} - {own})
    ways = tuple(Way(size, count) for size in sizes)
    if evaluator.device.type != "cpu":
        return ways
    return (*ways, Way(own, 1 if count > 1 else 2))


def rescore(
    plan: Plan, engine: Engine, results: Results, folder: Path, listen: Listener
) -> list[CheckRow]:
    """Logits of some scored cases and cheap maps of some explained ones, in every other way.

    Sums are made in another order where batches or threads are others, which changes the last
    digits. Kept in ``rescored.parquet``, which an audit that goes on takes up.

    Args:
        plan: of the audit.
        engine: detector and methods.
        results: of the run.
        folder: of the audit.
        listen: called as work proceeds.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    path = folder / RESCORED
    kept = kept_table(path, CheckRow)
    if kept is not None:
        return kept
    scored = [row for row in results.cases if row.logit is not None]
    cases = _drawn(plan, engine, scored, SCORED_AGAIN)
    if not cases:
        return []
    explained = _drawn(plan, engine, [row for row in scored if row.sampled], _EXPLAINED)
    again = _Again(engine, cases, explained, stored_maps(results, explained))
    ways = other_ways(engine.evaluator)
    meter = Meter(listen, len(cases), len(ways))
    rows: list[CheckRow] = []
    for way in ways:
        rows.extend(again.rows(way))
        meter.probed("score again", 0, 1)
    write_table(path, rows, CheckRow)
    return rows


def _drawn(
    plan: Plan, engine: Engine, rows: Sequence[CaseRow], count: int
) -> Sequence[PreparedCase]:
    ids = set(draw_sample(rows, count, _POSITIVES, plan.config.seed))
    return readable([case for case in plan.study.cases if case.case_id in ids], engine)


@dataclass(frozen=True, slots=True)
class _Again:
    """The cases that are taken once more, and the maps that the run stored of some of them."""

    engine: Engine
    scored: Sequence[PreparedCase]
    explained: Sequence[PreparedCase]
    maps: Maps

    def rows(self, way: Way) -> Iterator[CheckRow]:
        """What they are in another way."""
        evaluator, context = self.engine.evaluator, self.engine.context
        methods = cheap(self.engine.explainers)
        with ExitStack() as stack:
            stack.enter_context(evaluator.in_batches(way.images))
            stack.enter_context(threads(way.threads))
            logits = evaluator.logits(np.stack([case.image for case in self.scored]))
            maps = maps_again(methods, self.explained, context, evaluator)
        for case, logit in zip(self.scored, logits, strict=True):
            yield check_row(case, "", LOGIT, _finite(float(logit)), WAY, way.name)
        for case in self.explained:
            for method in methods:
                key = (case.case.case_id, method.name)
                score = compared(_moved, self.maps.get(key, _MISSING), maps[key])
                yield check_row(case, method.name, MAP, score, WAY, way.name)


def _finite(logit: float) -> Score:
    return (
        logit
        if np.isfinite(logit)
        else Undefined("the detector returned a logit that is not finite")
    )


def _moved(first: FloatArray, other: FloatArray) -> Score:
    """The largest difference of two maps, by the largest value of the first."""
    size = float(np.abs(first).max())
    return float(np.abs(first - other).max()) / size if size else Undefined("the map is constant")
