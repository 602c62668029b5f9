"""Score and explain a handful of cases; whatever goes wrong with one of them is a row."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from xaudit.audit.progress import Meter
from xaudit.audit.score import reference_scores, score_rows
from xaudit.audit.store import CaseRow, MapRow, Shard, array_name
from xaudit.core.attribution import AttributionMap
from xaudit.core.case import Case, CaseIssue, Effect, PreparedCase
from xaudit.core.detector import InputSpec
from xaudit.core.seeds import seed_for
from xaudit.data.prepare import prepare, without_folder
from xaudit.errors import DataError
from xaudit.explain.evaluator import Evaluator
from xaudit.explain.port import Explainer


@dataclass(slots=True)
class _Progressed:
    """A case on its way through the audit."""

    case: Case
    prepared: PreparedCase | None = None
    logit: float | None = None
    issues: list[CaseIssue] = field(default_factory=list)

    def note(self, kind: str, detail: str, *, scored: bool) -> None:
        effect: Effect = "unexplained" if scored else "unreadable"
        self.issues.append(CaseIssue(self.case.case_id, kind, detail, effect))


@dataclass(frozen=True, slots=True)
class ShardWorker:
    """Computes shards; the same cases give the same shard, in any order and company.

    Attributes:
        evaluator: the door to the detector.
        input: what the detector expects to see.
        explainers: the methods of the plan.
        sample: ids of the cases to explain.
        seed: of the plan.
        meter: told about every step.
    """

    evaluator: Evaluator
    input: InputSpec
    explainers: Sequence[Explainer]
    sample: frozenset[str]
    seed: int
    meter: Meter

    def compute(self, cases: Sequence[Case]) -> Shard:
        """Score these cases and explain those of the sample."""
        shard = Shard()
        items = [self._prepare(case) for case in cases]
        self._score(items)
        for position, item in enumerate(items):
            if item.prepared is not None and item.case.case_id in self.sample:
                self._explain(shard, position, item, item.prepared)
            shard.cases.append(self._row(item))
        return shard

    def _prepare(self, case: Case) -> _Progressed:
        item = _Progressed(case)
        try:
            item.prepared = prepare(case, self.input)
        except DataError as error:
            # Where the study lies on this machine is nobody else's business.
            detail = without_folder(error, case.image)
            item.note("unreadable", detail, scored=False)
        else:
            item.issues.extend(item.prepared.issues)
        return item

    def _score(self, items: Sequence[_Progressed]) -> None:
        ready = [item for item in items if item.prepared is not None]
        if ready:
            images = np.stack([item.prepared.image for item in ready if item.prepared])
            for item, logit in zip(ready, self.evaluator.logits(images), strict=True):
                if np.isfinite(logit):
                    item.logit = float(logit)
                else:
                    detail = f"the detector returned {logit}; expected a finite logit"
                    item.note("score_not_finite", detail, scored=False)
        self.meter.scored(len(items))

    def _explain(
        self, shard: Shard, position: int, item: _Progressed, prepared: PreparedCase
    ) -> None:
        image = np.round(prepared.image * 255).astype(np.uint8)
        shard.arrays[array_name(position, "image")] = image
        shard.arrays[array_name(position, "lesions")] = prepared.lesions
        shard.arrays[array_name(position, "inside")] = prepared.inside
        for explainer in self.explainers:
            attribution = self._attribution(shard, item, prepared, explainer)
            if attribution is not None:
                shard.scores.extend(score_rows(attribution, prepared))
                shard.arrays[array_name(position, explainer.name)] = attribution.values
            self.meter.explained(explainer.name, work_of(explainer))
        shard.scores.extend(reference_scores(prepared, self.evaluator.feature_grid))

    def _attribution(
        self, shard: Shard, item: _Progressed, prepared: PreparedCase, explainer: Explainer
    ) -> AttributionMap | None:
        case_id, name = item.case.case_id, explainer.name
        try:
            attribution = explainer.explain(
                self.evaluator, prepared, seed_for(self.seed, case_id, name)
            )
        # Whatever a library raises is a row with its words; one case never ends the run.
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            shard.maps.append(MapRow(case_id, name, explainer.params, error=text))
            item.note(f"{name}_failed", text, scored=True)
            return None
        shard.maps.append(_map_row(attribution))
        return attribution

    def _row(self, item: _Progressed) -> CaseRow:
        case = item.case
        return CaseRow(
            case_id=case.case_id,
            patient=hashlib.sha256(case.patient.encode()).hexdigest()[:16],
            label=case.label,
            groups=case.groups,
            logit=item.logit,
            lesions=len(case.lesions),
            form=case.form,
            sampled=case.case_id in self.sample,
            issues=tuple(item.issues),
        )


def work_of(explainer: Explainer) -> float:
    """Work for one map, in images passed forward; a backward pass counts as two."""
    forward, backward = explainer.cost()
    return forward + 2.0 * backward


def _map_row(attribution: AttributionMap) -> MapRow:
    return MapRow(
        case_id=attribution.case_id,
        method=attribution.method,
        params=attribution.params,
        forward=attribution.forward,
        backward=attribution.backward,
        residual=attribution.residual,
        degenerate=attribution.degenerate,
    )
