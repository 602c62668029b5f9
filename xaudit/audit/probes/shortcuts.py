"""Take the lesion away, then everything else that might decide: what moves the logit?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xaudit.audit.maps.shortcuts import ELSEWHERE
from xaudit.audit.plan.plan import Plan
from xaudit.audit.plan.sample import draw_sample
from xaudit.audit.run.naming import naming
from xaudit.audit.run.progress import Listener, Meter
from xaudit.audit.run.run import Engine
from xaudit.audit.run.second_maps import check_row, compared
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CheckRow, kept_table, write_table
from xaudit.core.case import BoolArray, Case, FloatArray, PreparedCase
from xaudit.core.metric import Score, Undefined
from xaudit.core.seeds import generator_for
from xaudit.data.pixels.images import to_gray
from xaudit.data.prepare import prepare, read_pixels
from xaudit.data.transforms.artifacts import BORDER, artifacts_of
from xaudit.explain.checks.erasing import FILLINGS, elsewhere, erased, inserted
from xaudit.metrics.maps import shortcuts as metrics

_POSITIVES = 2 / 3
_PLACES = 3
_DONORS = 3
LESION = "lesion"

_Region = tuple[str, bool]
"""The name of a thing, and whether its shape lies at random places instead."""
_Donor = tuple[PreparedCase, BoolArray]
_Logits = npt.NDArray[np.float64]


def probe_shortcuts(
    plan: Plan, engine: Engine, results: Results, folder: Path, listen: Listener
) -> list[CheckRow]:
    """Logits and maps around lesions and artifacts, case by case.

    Of a declared part of the explained cases; kept in ``shortcuts.parquet``, which an audit that
    goes on takes up. Rows of interventions have no method.

    Args:
        plan: of the audit.
        engine: the detector.
        results: of the run, with its maps.
        folder: of the audit.
        listen: called as work proceeds.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    path = folder / "shortcuts.parquet"
    kept = kept_table(path, CheckRow)
    if kept is not None:
        return kept
    explained = [row for row in results.cases if row.sampled and row.logit is not None]
    ids = draw_sample(explained, plan.config.explain.shortcuts, _POSITIVES, plan.config.seed)
    if not ids:
        return []
    probe = _Probe(plan, engine, results)
    by_id = {case.case_id: case for case in plan.study.cases}
    rows = list(probe.rows([by_id[one] for one in ids], listen))
    write_table(path, rows, CheckRow)
    return rows


@dataclass(slots=True)
class _Probe:
    """Interventions on the cases of one audit."""

    plan: Plan
    engine: Engine
    results: Results
    donors: dict[str, list[_Donor]] = field(default_factory=lambda: defaultdict(list))

    def rows(self, cases: Sequence[Case], listen: Listener) -> Iterator[CheckRow]:
        meter = Meter(listen, len(cases), len(cases))
        seen: dict[str, Mapping[str, BoolArray]] = {}
        for case in cases:
            prepared = prepare(case, self.engine.detector.input)
            gray = to_gray(read_pixels(case, self.engine.detector.input))
            artifacts = artifacts_of(prepared, self.engine.detector.input, gray)
            seen[case.case_id] = artifacts
            for name, mask in artifacts.items():
                if name != BORDER and len(self.donors[name]) < _DONORS:
                    self.donors[name].append((prepared, mask))
            yield from self._erasures(prepared, artifacts)
            yield from self._enrichment(prepared, artifacts)
            meter.probed("shortcuts", 1, 1)
        for name, donors in self.donors.items():
            normal = [one for one in cases if not one.label and name not in seen[one.case_id]]
            for case in normal:
                yield self._insertion(case, name, donors)

    def _erasures(
        self, case: PreparedCase, artifacts: Mapping[str, BoolArray]
    ) -> Iterator[CheckRow]:
        rng = generator_for(self.plan.config.seed, "shortcuts", case.case.case_id)
        regions = _regions(case, artifacts, rng)
        images = [case.image] + [
            erased(case, mask, filling)
            for masks in regions.values()
            for mask in masks
            for filling in FILLINGS
        ]
        logits = self._logits(case, images)
        after, start = {}, 1
        for key, masks in regions.items():
            after[key] = logits[start : start + len(masks) * len(FILLINGS)]
            start += len(masks) * len(FILLINGS)
        yield from self._judged(case, float(logits[0]), after)

    def _judged(
        self, case: PreparedCase, before: float, after: Mapping[_Region, _Logits]
    ) -> Iterator[CheckRow]:
        threshold = self.plan.config.detector.operating_points[0].resolve().edge
        effects = {key: metrics.other_effect(before, logits) for key, logits in after.items()}
        if (LESION, False) in after:
            gone, control = after[LESION, False], after.get((LESION, True), np.empty(0))
            specific = metrics.lesion_specific_effect(before, gone, control)
            whole = metrics.lesion_effect(before, gone)
            yield check_row(case, "", "lesion_effect", whole)
            yield check_row(case, "", "lesion_specific_effect", specific)
            yield check_row(case, "", "lesion_flip", metrics.lesion_flip(before, gone, threshold))
            yield check_row(case, "", "lesion_first", _first(whole, effects))
        for (name, control_of), effect in effects.items():
            if control_of and name != LESION:
                more = _difference(metrics.artifact_excess, effects[name, False], effect)
                yield check_row(case, "", "artifact_excess", more, "removed", name)
            elif control_of or name != LESION:
                label = ELSEWHERE if control_of else name
                flip = metrics.other_flip(before, after[name, control_of], threshold)
                yield check_row(case, "", "other_effect", effect, "removed", label)
                yield check_row(case, "", "other_flip", flip, "removed", label)

    def _enrichment(
        self, case: PreparedCase, artifacts: Mapping[str, BoolArray]
    ) -> Iterator[CheckRow]:
        for explainer in self.engine.explainers:
            values = self._map(case.case.case_id, explainer.name)
            for name, mask in artifacts.items():
                score = compared(
                    metrics.artifact_enrichment, values, artifact=mask, inside=case.inside
                )
                row = check_row(case, explainer.name, "artifact_enrichment", score, "removed", name)
                yield row

    def _map(self, case_id: str, method: str) -> FloatArray | Undefined:
        rows = [one for one in self.results.maps if (one.case_id, one.method) == (case_id, method)]
        if not rows or rows[0].error is not None:
            return Undefined("the map could not be made")
        if rows[0].degenerate is not None:
            return Undefined(f"the map {rows[0].degenerate}")
        return self.results.array(case_id, method)

    def _logits(self, case: PreparedCase, images: Sequence[FloatArray]) -> _Logits:
        """Of a case as it is and as it was changed."""
        names = [case.case.case_id] + [f"{case.case.case_id} (changed)"] * (len(images) - 1)
        return naming(self.engine.evaluator.logits, np.stack(images), names)

    def _insertion(self, case: Case, name: str, donors: Sequence[_Donor]) -> CheckRow:
        prepared = prepare(case, self.engine.detector.input)
        images = [inserted(prepared, donor, mask) for donor, mask in donors]
        logits = self._logits(prepared, [prepared.image, *images])
        score = metrics.insertion_effect(float(logits[0]), logits[1:])
        return check_row(prepared, "", "insertion_effect", score, "inserted", name)


def _regions(
    case: PreparedCase, artifacts: Mapping[str, BoolArray], rng: np.random.Generator
) -> dict[_Region, list[BoolArray]]:
    """What is erased, and the same shapes at random places."""
    things = {LESION: case.lesion_mask} if case.lesion_mask.any() else {}
    regions: dict[_Region, list[BoolArray]] = {}
    for name, mask in {**things, **artifacts}.items():
        regions[name, False] = [mask]
        places = [] if name == BORDER else elsewhere(case, mask, _PLACES, rng)
        if places:
            regions[name, True] = places
    return regions


def _first(lesion: Score, effects: Mapping[_Region, Score]) -> Score:
    """The lesion against every other thing, and against its own shape elsewhere."""
    others = [one for (name, control), one in effects.items() if (name == LESION) == control]
    missing = next((one for one in (lesion, *others) if isinstance(one, Undefined)), None)
    if missing is not None or isinstance(lesion, Undefined):
        return missing or lesion
    return metrics.lesion_first(lesion, np.array(others, dtype=np.float64))


def _difference(score: Callable[[float, float], Score], one: Score, other: Score) -> Score:
    if isinstance(one, Undefined):
        return one
    return other if isinstance(other, Undefined) else score(one, other)
