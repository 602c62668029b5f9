"""Scores of degraded radiographs: each corruption at each of its severities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from xaudit.audit.plan.plan import Plan
from xaudit.audit.probes.port import Piece, Probe, as_probe
from xaudit.audit.run.named_errors import naming
from xaudit.audit.run.second_maps import check_row
from xaudit.audit.scores.probe_tables import ROBUSTNESS
from xaudit.audit.store.store import DEGRADED, ProbeRow
from xaudit.core.case import PreparedCase
from xaudit.core.message import Message
from xaudit.core.metric import Undefined
from xaudit.core.seeds import seed_for
from xaudit.data.transforms.corruption import CORRUPTIONS
from xaudit.data.transforms.degrade import degraded

STAGE = "degrade"
_POSITIVES = 0.5
_TOGETHER = 8


@as_probe(ROBUSTNESS)
class DegradedScores(Probe):
    """Logits of a sample of the scored cases at every severity of every corruption."""

    order = 10

    def pieces(self) -> Sequence[Piece]:
        """Eight cases each, which pass together at every severity."""
        plan, config = self.audited.plan, self.audited.plan.config.robustness
        ids = self.audited.sample(self.audited.scored, config.cases, _POSITIVES)
        sampled = {case.case_id for case in ids}
        cases = tuple(case for case in plan.study.cases if case.case_id in sampled)
        steps = severities(plan)
        parts = [cases[start : start + _TOGETHER] for start in range(0, len(cases), _TOGETHER)]
        return [Piece(STAGE, part, "", len(part), len(part) * steps) for part in parts if steps]

    def rows(self, piece: Piece, cases: Sequence[PreparedCase]) -> Iterator[ProbeRow]:
        """Logits of these cases as degraded radiographs."""
        names = self.audited.plan.config.robustness.corruptions if cases else ()
        for name in names:
            for severity in CORRUPTIONS[name].severities:
                yield from self._step(cases, name, severity)

    def _step(
        self, cases: Sequence[PreparedCase], name: str, severity: float
    ) -> Iterator[ProbeRow]:
        seed = partial(degradation_seed, self.audited.plan.config.seed, name)
        images = [degraded(case, CORRUPTIONS[name], severity, seed(case)).image for case in cases]
        called = [f"{case.case.case_id} ({name} {severity:g})" for case in cases]
        logits = naming(self.audited.engine.evaluator.logits, np.stack(images), called)
        for case, logit in zip(cases, logits, strict=True):
            known = bool(np.isfinite(logit))
            score = (
                float(logit)
                if known
                else Undefined(Message("the detector returned {logit}", logit=logit))
            )
            yield check_row(case, "", DEGRADED, score, name, f"{severity:g}")

    @classmethod
    def workload(cls, plan: Plan, layers: Sequence[str]) -> Mapping[str, float]:
        """Degraded images."""
        cases = min(plan.config.robustness.cases, len(plan.study.cases))
        return {STAGE: cases * severities(plan)}


def severities(plan: Plan) -> int:
    """How many degraded images are made of one."""
    return sum(len(CORRUPTIONS[name].severities) for name in plan.config.robustness.corruptions)


def degradation_seed(seed: int, corruption: str, case: PreparedCase) -> int:
    """What is random in a case under a corruption.

    It is the same at every severity, so that steps differ in strength alone, and the same
    degraded image gets its logit and its map.
    """
    return seed_for(seed, "degrade", corruption, case.case.case_id)
