"""One shard: a handful of cases scored and explained; whatever goes wrong with one is a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from xaudit.audit.run.named_errors import naming
from xaudit.audit.scores.agreement import agreement_rows
from xaudit.audit.scores.case_features import DETECTOR, IMAGE
from xaudit.audit.scores.score import reference_scores, score_rows
from xaudit.audit.store.store import CaseRow, MapRow, Shard, array_name
from xaudit.core.attribution import AttributionMap
from xaudit.core.case import Case, CaseIssue, Effect, FloatArray, PreparedCase
from xaudit.core.detector import InputSpec
from xaudit.core.executor import Count
from xaudit.core.message import Message
from xaudit.data.pixels.image_statistics import IMAGE_STATISTICS, image_statistics
from xaudit.data.prepare import prepare
from xaudit.errors import DataError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.port import Context, Explainer
from xaudit.explain.schedule import Job, JobResult, explain_all


@dataclass(slots=True)
class Progressed:
    """A case on its way through the audit.

    Attributes:
        case: of the study.
        prepared: as the detector sees it; None if it could not be read.
        logit: of the positive class; None as long as there is none.
        statistics: of the image, see `image_statistics`; None as long as there are none.
        features: what the detector's last layer read; None where that cannot be said.
        issues: what went wrong with it.
    """

    case: Case
    prepared: PreparedCase | None = None
    logit: float | None = None
    statistics: FloatArray | None = None
    features: FloatArray | None = None
    issues: list[CaseIssue] = field(default_factory=list)

    def note(self, kind: str, detail: str, *, scored: bool) -> None:
        """Keep what went wrong, and whether the case has a score all the same."""
        effect: Effect = "unexplained" if scored else "unreadable"
        self.issues.append(CaseIssue(self.case.case_id, kind, detail, effect))


def read_cases(cases: Sequence[Case], seen: InputSpec) -> list[Progressed]:
    """Read these cases; may run while others are computed."""
    return [_read(case, seen) for case in cases]


def _read(case: Case, seen: InputSpec) -> Progressed:
    item = Progressed(case)
    try:
        item.prepared = prepare(case, seen)
    except DataError as error:
        item.note("unreadable", str(error), scored=False)
    else:
        item.issues.extend(item.prepared.issues)
        item.statistics = image_statistics(item.prepared)
    return item


@dataclass(frozen=True, slots=True)
class ShardWorker:
    """Computes shards; the same cases give the same shard, in any order and company.

    Attributes:
        evaluator: the door to the detector.
        explainers: the methods of the plan.
        sample: ids of the cases to explain.
        context: seeds and background.
        count: told about every step.
        tolerance: how far from a lesion a peak may lie; see `reach_of`.
        fold: of the cases, where each fold of a cross-validation has a detector of its own.
        films: keep the images of explained cases; ``explain.gallery: false`` promises not to.
    """

    evaluator: Evaluator
    explainers: Sequence[Explainer]
    sample: frozenset[str]
    context: Context
    count: Count
    tolerance: str = "0 px"
    fold: str | None = None
    films: bool = True

    def compute(self, items: Sequence[Progressed]) -> Shard:
        """Score these cases and explain those of the sample."""
        shard = Shard()
        self._score(items)
        self._explain(shard, items)
        shard.arrays[IMAGE] = _stacked([item.statistics for item in items], len(IMAGE_STATISTICS))
        shard.arrays[DETECTOR] = _stacked([item.features for item in items], 0)
        shard.cases = [self._row(item) for item in items]
        return shard

    def _score(self, items: Sequence[Progressed]) -> None:
        ready = [item for item in items if item.prepared is not None]
        if ready:
            images = np.stack([item.prepared.image for item in ready if item.prepared])
            names = [item.case.case_id for item in ready]
            scores = naming(self.evaluator.scores, images, names)
            for place, (item, logit) in enumerate(zip(ready, scores.logits, strict=True)):
                if scores.features is not None:
                    item.features = scores.features[place]
                if np.isfinite(logit):
                    item.logit = float(logit)
                else:
                    detail = Message(
                        "the detector returned {logit}; expected a finite logit", logit=logit
                    )
                    item.note("score_not_finite", detail, scored=False)
        self.count("score", len(items), float(len(items)))

    def _explain(self, shard: Shard, items: Sequence[Progressed]) -> None:
        """Explain all of them together, so that their passes share batches."""
        ready = {item.case.case_id: item.prepared for item in items if item.prepared}
        jobs = [Job(case, explainer) for case in ready.values() for explainer in self.explainers]
        by_id = {item.case.case_id: item for item in items}
        places = {item.case.case_id: position for position, item in enumerate(items)}
        sampled = [job for job in jobs if job.case.case.case_id in self.sample]
        readable: dict[str, dict[str, FloatArray]] = {}
        for outcome in explain_all(self.evaluator, sampled, self.context):
            case_id = outcome.job.case.case.case_id
            self._keep(shard, places[case_id], by_id[case_id], outcome)
            made = outcome.attribution
            if made is not None and made.degenerate_on(ready[case_id].inside) is None:
                readable.setdefault(case_id, {})[made.method] = made.values
        for case_id in (one for one in ready if one in self.sample):
            self._keep_case(shard, places[case_id], ready[case_id])
            maps = readable.get(case_id, {})
            ordered = {one.name: maps[one.name] for one in self.explainers if one.name in maps}
            shard.scores.extend(agreement_rows(ordered, ready[case_id], self.tolerance))

    def _keep(self, shard: Shard, position: int, item: Progressed, outcome: JobResult) -> None:
        """A map with its scores, or the words of the library that failed."""
        explainer, attribution = outcome.job.explainer, outcome.attribution
        if attribution is None:
            text = f"{type(outcome.error).__name__}: {outcome.error}"
            case_id = item.case.case_id
            shard.maps.append(MapRow(case_id, explainer.name, explainer.params, error=text))
            item.note(f"{explainer.name}_failed", text, scored=True)
        else:
            shard.maps.append(_map_row(attribution, outcome.job.case))
            shard.scores.extend(score_rows(attribution, outcome.job.case, self.tolerance))
            shard.arrays[array_name(position, explainer.name)] = attribution.values
        self.count(explainer.name, 0, work_of(explainer))

    def _keep_case(self, shard: Shard, position: int, prepared: PreparedCase) -> None:
        if self.films:
            image = np.round(prepared.image * 255).astype(np.uint8)
            shard.arrays[array_name(position, "image")] = image
        shard.arrays[array_name(position, "lesions")] = prepared.lesions
        shard.arrays[array_name(position, "inside")] = prepared.inside
        shard.scores.extend(reference_scores(prepared, self.evaluator.feature_grid, self.tolerance))

    def _row(self, item: Progressed) -> CaseRow:
        case = item.case
        return CaseRow(
            case_id=case.case_id,
            patient=case.patient,
            label=case.label,
            groups=case.groups,
            logit=item.logit,
            lesions=len(case.lesions),
            form=case.form,
            sampled=case.case_id in self.sample,
            issues=tuple(item.issues),
            image_sha256=case.image.fingerprint(),
            fold=self.fold,
            pixel_mm=item.prepared.grid.spacing if item.prepared else None,
        )


def _stacked(rows: Sequence[FloatArray | None], width: int) -> FloatArray:
    """(N, D), NaN where a case has none; D is the width where no case has any."""
    width = next((len(row) for row in rows if row is not None), width)
    blank = np.full(width, np.nan, dtype=np.float32)
    kept = [blank if row is None else row for row in rows]
    return np.stack(kept) if kept else np.empty((0, width), dtype=np.float32)


def work_of(explainer: Explainer) -> float:
    """Work for one map, in images passed forward; a backward pass counts as two."""
    forward, backward = explainer.cost()
    return forward + 2.0 * backward


def _map_row(attribution: AttributionMap, case: PreparedCase) -> MapRow:
    return MapRow(
        case_id=attribution.case_id,
        method=attribution.method,
        params=attribution.params,
        forward=attribution.forward,
        backward=attribution.backward,
        shared=attribution.shared,
        residual=attribution.residual,
        degenerate=attribution.degenerate_on(case.inside),
    )
