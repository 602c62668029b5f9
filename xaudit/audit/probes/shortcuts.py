"""Interventions: the lesion is erased, then all else that might decide: what moves the logit?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from xaudit.audit.maps.shortcuts import ELSEWHERE
from xaudit.audit.plan.plan import Plan
from xaudit.audit.probes.port import Audited, Piece, Probe, as_probe
from xaudit.audit.run.engine import readable
from xaudit.audit.run.named_errors import naming
from xaudit.audit.run.second_maps import MISSING, check_row, compared, stored_maps
from xaudit.audit.scores.probe_tables import SHORTCUTS
from xaudit.audit.store.store import ProbeRow
from xaudit.core.case import BoolArray, Case, FloatArray, PreparedCase
from xaudit.core.detector import InputSpec
from xaudit.core.grid import Grid
from xaudit.core.metric import Score, Undefined
from xaudit.core.seeds import generator_for
from xaudit.data.pixels.images import to_gray
from xaudit.data.prepare import read_pixels
from xaudit.data.transforms.artifacts import BORDER, artifacts_of
from xaudit.data.views import each_view
from xaudit.explain.checks.erasing import FILLINGS, elsewhere, erased, inserted
from xaudit.metrics.maps import shortcuts as metrics

STAGE = "shortcuts"
_INSERTING = "inserting"
_POSITIVES = 2 / 3
_PLACES = 3
_DONORS = 3
LESION = "lesion"

_Region = tuple[str, bool]
"""The name of a thing, and whether its shape lies at random places instead."""
_Donor = tuple[PreparedCase, BoolArray]
_Logits = npt.NDArray[np.float64]


@as_probe(SHORTCUTS)
class Interventions(Probe):
    """Logits and maps around lesions and artifacts, case by case.

    Of a declared part of the explained cases. Rows of interventions have no method.
    """

    order = 40

    def __init__(self, audited: Audited) -> None:
        super().__init__(audited)
        count = audited.plan.config.explain.shortcuts
        self._cases = audited.sample(audited.explained, count, _POSITIVES)
        self._found = _Artifacts(audited.engine.detector.input)

    def pieces(self) -> Sequence[Piece]:
        """A case each, and insertions behind them."""
        # An insertion needs all cases: which of them have a thing, and which could be given it.
        inserting = [Piece(STAGE, (), _INSERTING, 0, 0)] if self._cases else []
        return [*(Piece(STAGE, (case,), "", 1) for case in self._cases), *inserting]

    def rows(self, piece: Piece, cases: Sequence[PreparedCase]) -> Iterator[ProbeRow]:
        """What one case shows, or what insertions do."""
        if piece.key == _INSERTING:
            yield from self._insertions()
        for case in cases:
            artifacts = self._found.on(case)
            yield from self._erasures(case, artifacts)
            yield from self._enrichment(case, artifacts)

    def _insertions(self) -> Iterator[ProbeRow]:
        """What others have, put into the cases without a fracture that have no such thing."""
        donors: dict[str, list[_Donor]] = defaultdict(list)
        having: dict[str, set[str]] = defaultdict(set)
        for case in self._each(self._cases):
            for name, mask in self._found.on(case).items():
                having[name].add(case.case.case_id)
                if name != BORDER and len(donors[name]) < _DONORS:
                    donors[name].append((case, mask))
        for name, given in donors.items():
            without = [one for one in self._cases if one.case_id not in having[name]]
            for case in self._each([one for one in without if not one.label]):
                yield self._insertion(case, name, given)

    def _each(self, cases: Sequence[Case]) -> Iterator[PreparedCase]:
        for case in cases:
            yield from readable([case], self.audited.engine.detector.input)

    def _erasures(
        self, case: PreparedCase, artifacts: Mapping[str, BoolArray]
    ) -> Iterator[ProbeRow]:
        rng = generator_for(self.audited.plan.config.seed, "shortcuts", case.case.case_id)
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
    ) -> Iterator[ProbeRow]:
        threshold = self.audited.plan.config.detector.operating_points[0].resolve().edge
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
    ) -> Iterator[ProbeRow]:
        maps = stored_maps(self.audited.results, {case.case.case_id})
        for explainer in self.audited.engine.explainers:
            values = maps.get((case.case.case_id, explainer.name), MISSING)
            for name, mask in artifacts.items():
                score = compared(
                    metrics.artifact_enrichment, values, artifact=mask, inside=case.inside
                )
                row = check_row(case, explainer.name, "artifact_enrichment", score, "removed", name)
                yield row

    def _logits(self, case: PreparedCase, images: Sequence[FloatArray]) -> _Logits:
        """Of a case as it is and as it was changed."""
        names = [case.case.case_id] + [f"{case.case.case_id} (changed)"] * (len(images) - 1)
        return naming(self.audited.engine.evaluator.logits, np.stack(images), names)

    def _insertion(self, case: PreparedCase, name: str, donors: Sequence[_Donor]) -> ProbeRow:
        images = [inserted(case, donor, mask) for donor, mask in donors]
        logits = self._logits(case, [case.image, *images])
        score = metrics.insertion_effect(float(logits[0]), logits[1:])
        return check_row(case, "", "insertion_effect", score, "inserted", name)

    @classmethod
    def workload(cls, plan: Plan, layers: Sequence[str]) -> Mapping[str, float]:
        """Cases."""
        return {STAGE: min(plan.config.explain.shortcuts, len(plan.record.sample))}


class _Artifacts:
    """What is found on cases, kept as bits: finding it takes longer than a pass of the image."""

    def __init__(self, spec: InputSpec) -> None:
        self._spec = spec
        self._kept: dict[str, dict[str, npt.NDArray[np.uint8]]] = {}

    def on(self, case: PreparedCase) -> Mapping[str, BoolArray]:
        """Name → (H, W) mask."""
        name, shape = case.case.case_id, case.inside.shape
        if name not in self._kept:
            found = self._found(case)
            self._kept[name] = {one: np.packbits(mask) for one, mask in found.items()}
        return {
            one: np.unpackbits(bits, count=shape[0] * shape[1]).reshape(shape).astype(bool)
            for one, bits in self._kept[name].items()
        }

    def _found(self, case: PreparedCase) -> Mapping[str, BoolArray]:
        """Of an examination, what is found on each view, one under another."""
        found = [self._on_view(one) for one in each_view(case)]
        names = dict.fromkeys(name for one in found for name in one)
        nothing = np.zeros(case.grid.view, dtype=bool)
        return {name: np.concatenate([one.get(name, nothing) for one in found]) for name in names}

    def _on_view(self, view: PreparedCase | None) -> Mapping[str, BoolArray]:
        if view is None:
            return {}
        gray = to_gray(read_pixels(view.case, self._spec))
        placed = replace(view, source=Grid((gray.shape[0], gray.shape[1])))
        return artifacts_of(placed, self._spec, gray)


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
