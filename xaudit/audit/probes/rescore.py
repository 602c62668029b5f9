"""Scores in other batches and threads: by how much may another run differ?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch

from xaudit.audit.plan.plan import Plan
from xaudit.audit.probes.degraded_maps import cheap
from xaudit.audit.probes.port import Audited, Piece, Probe, as_probe
from xaudit.audit.run.second_maps import MISSING, check_row, compared, maps_again, stored_maps
from xaudit.audit.scores.probe_tables import RESCORED
from xaudit.audit.scores.rescored import LOGIT, MAP, WAY
from xaudit.audit.store.store import CaseRow, ProbeRow
from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.message import Message
from xaudit.core.metric import Score, Undefined
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.models.device import threads

STAGE, MAPS = "score again", "explain again"
_SCORED, _EXPLAINED = 32, 4
_POSITIVES = 0.5
_MOST = 2
"""Images at once that are tried where a run takes fewer: more might not fit into memory."""


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


@as_probe(RESCORED)
class ScoredAgain(Probe):
    """Logits of some scored cases and cheap maps of some explained ones, in every other way.

    Sums are made in another order where batches or threads are others, which changes the last
    digits.
    """

    order = 50

    def __init__(self, audited: Audited) -> None:
        super().__init__(audited)
        self._scored = self._ids(audited.scored, _SCORED)
        self._explained = self._ids(audited.explained, _EXPLAINED)
        self._ways = {way.name: way for way in other_ways(audited.engine.evaluator)}

    def pieces(self) -> Sequence[Piece]:
        """Logits in each way, and maps in it."""
        cases = self.audited.plan.study.cases
        stages = {STAGE: self._scored, MAPS: self._explained}
        return [
            Piece(
                stage,
                tuple(case for case in cases if case.case_id in ids),
                way,
                work=len(ids) / len(self._ways),
            )
            for way in self._ways
            for stage, ids in stages.items()
            if ids
        ]

    def rows(self, piece: Piece, cases: Sequence[PreparedCase]) -> Iterator[ProbeRow]:
        """Logits, or differences of maps, in one way."""
        if not cases:
            return
        way = self._ways[piece.key]
        with ExitStack() as stack:
            stack.enter_context(self.audited.engine.evaluator.in_batches(way.images))
            stack.enter_context(threads(way.threads))
            yield from (self._logits if piece.stage == STAGE else self._moves)(cases, way.name)

    def _logits(self, cases: Sequence[PreparedCase], way: str) -> list[ProbeRow]:
        logits = self.audited.engine.evaluator.logits(np.stack([case.image for case in cases]))
        return [
            check_row(case, "", LOGIT, _finite(float(logit)), WAY, way)
            for case, logit in zip(cases, logits, strict=True)
        ]

    def _moves(self, cases: Sequence[PreparedCase], way: str) -> list[ProbeRow]:
        engine, results = self.audited.engine, self.audited.results
        methods, before = cheap(engine.explainers), stored_maps(results, self._explained)
        maps = maps_again(methods, cases, engine.context, engine.evaluator)
        rows = []
        for case in cases:
            for method in methods:
                key = (case.case.case_id, method.name)
                score = compared(_moved, before.get(key, MISSING), maps[key])
                rows.append(check_row(case, method.name, MAP, score, WAY, way))
        return rows

    def _ids(self, rows: Sequence[CaseRow], count: int) -> frozenset[str]:
        return frozenset(case.case_id for case in self.audited.sample(rows, count, _POSITIVES))

    @classmethod
    def workload(cls, plan: Plan, layers: Sequence[str]) -> Mapping[str, float]:
        """Cases in one way, over all ways."""
        scored, explained = len(plan.study.cases), len(plan.record.sample)
        return {STAGE: min(_SCORED, scored), MAPS: min(_EXPLAINED, explained)}


def _finite(logit: float) -> Score:
    return (
        logit
        if np.isfinite(logit)
        else Undefined(Message("the detector returned a logit that is not finite"))
    )


def _moved(first: FloatArray, other: FloatArray) -> Score:
    """The largest difference of two maps, by the largest value of the first."""
    size = float(np.abs(first).max())
    return (
        float(np.abs(first - other).max()) / size
        if size
        else Undefined(Message("the map is constant"))
    )
