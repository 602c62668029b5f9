"""The checks of explanations: what each stage of them does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy.special import expit

from xaudit.audit.config.explain_config import ChecksConfig
from xaudit.audit.probes.other_detectors import RETRAINED, SHUFFLED, counterpart
from xaudit.audit.run.engine import Engine
from xaudit.audit.run.named_errors import naming
from xaudit.audit.run.second_maps import MISSING, Maps, check_row, compared, maps_again
from xaudit.audit.store.store import ProbeRow
from xaudit.core.case import BoolArray, FloatArray, PreparedCase
from xaudit.core.metric import Score, Undefined
from xaudit.core.seeds import seed_for
from xaudit.data.disturb import (
    DISTURBANCES,
    disturbed,
    in_both,
    mapped_back,
    noisy_copies,
)
from xaudit.explain.checks.faithfulness import SHARES, Removal, removal
from xaudit.explain.checks.randomize import layers_from_top, randomized
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.methods.reference_maps import edge_map
from xaudit.explain.port import Context
from xaudit.explain.schedule import Work, carry_out
from xaudit.metrics.maps import faithfulness
from xaudit.metrics.maps.randomization import (
    complexity_rise,
    edge_similarity,
    label_randomization_similarity,
    randomization_hog,
    randomization_similarity,
    randomization_ssim,
    randomized_auprc_gap,
    randomized_hit_gap,
    randomized_mass_gap,
    smooth_randomization_similarity,
    smoothed,
)
from xaudit.metrics.maps.readability import readable_map
from xaudit.metrics.maps.stability import repeatability, reproducibility, stability
from xaudit.models.spec import DetectorSpec

MAPS, FAITHFULNESS, RANDOMIZATION = "check maps", "check faithfulness", "check randomization"
SMOOTH, OTHERS = "check smooth randomization", "check other detectors"
STABILITY, REPEATABILITY = "check stability", "check repeatability"
"""Names of the stages, for progress and cost."""
ALL_LAYERS = "all"
_SIMILARITIES = {
    "randomization_similarity": randomization_similarity,
    "randomization_ssim": randomization_ssim,
    "randomization_hog": randomization_hog,
    "complexity_rise": complexity_rise,
}
_GAPS = (randomized_mass_gap, randomized_auprc_gap, randomized_hit_gap)
_COUNTERPARTS: Mapping[str, Callable[..., Score]] = {
    SHUFFLED: label_randomization_similarity,
    RETRAINED: reproducibility,
}


@dataclass(frozen=True, slots=True)
class Checks:
    """All checks of the maps of some cases.

    Attributes:
        engine: the detector and the methods.
        spec: how the detector was loaded, for others that differ in their weights alone.
        config: how far is checked.
        cases: that are checked.
        maps: theirs, as the audit stored them.
    """

    engine: Engine
    spec: DetectorSpec
    config: ChecksConfig
    cases: Sequence[PreparedCase]
    maps: Maps

    def rows(self, stage: str, key: str = "") -> Iterator[ProbeRow]:
        """Every score of one stage of checks.

        Args:
            stage: one of those above.
            key: layers that are randomized, path of other weights, or a disturbance.
        """
        if not self.cases:
            return iter(())
        stages: Mapping[str, Callable[[], Iterator[ProbeRow]]] = {
            MAPS: self._maps_themselves,
            FAITHFULNESS: self._faithfulness,
            RANDOMIZATION: partial(self._randomization, key),
            SMOOTH: self._smooth,
            OTHERS: partial(self._other_detector, Path(key)),
            STABILITY: partial(self._stability, key),
            REPEATABILITY: self._repeatability,
        }
        return stages[stage]()

    def _maps_themselves(self) -> Iterator[ProbeRow]:
        for case, method, values in self._pairs():
            seen = None if isinstance(values, Undefined) else values
            yield check_row(case, method, "readable_map", readable_map(seen, case.inside))
            edges = case.grid.by_view(edge_map, case.image, case.shown)
            score = compared(edge_similarity, values, edges, inside=case.inside)
            yield check_row(case, method, "edge_similarity", score)

    def _faithfulness(self) -> Iterator[ProbeRow]:
        context = self._context()
        readable = [pair for pair in self._pairs() if not isinstance(pair[2], Undefined)]
        works = [
            Work(case, removal(case, values, context, self.config.subsets))
            for case, _, values in readable
            if not isinstance(values, Undefined)
        ]
        found = carry_out(self.engine.evaluator, works, context)
        for (case, method, _), done in zip(readable, found, strict=True):
            if done.result is None:
                undefined = Undefined(f"{type(done.error).__name__}: {done.error}")
                yield check_row(case, method, "symmetric_relevance_gain", undefined)
            else:
                for metric, level, score in _removal_scores(done.result):
                    yield check_row(case, method, metric, score, "baseline", level)

    def _randomization(self, level: str) -> Iterator[ProbeRow]:
        layers = randomizations(layers_from_top(self.engine.detector), self.config)[level]
        for case in self.cases:
            maps = self._explained([case], self._context(), self._random(case, layers))
            yield from self._randomized_rows(case, maps, level)

    def _random(self, case: PreparedCase, layers: Collection[str]) -> Evaluator:
        """A copy for this case alone: shared, its luck would not show in an interval."""
        seed = self._seed("randomized", case.case.case_id)
        return self.engine.evaluator.like(randomized(self.engine.detector, layers, seed))

    def _randomized_rows(self, case: PreparedCase, maps: Maps, level: str) -> Iterator[ProbeRow]:
        for _, method, values in self._pairs([case]):
            other = maps[case.case.case_id, method]
            if level == ALL_LAYERS:
                for gap in _GAPS:
                    score = compared(gap, values, other, lesions=case.lesions, inside=case.inside)
                    yield check_row(case, method, gap.facts.name, score)
            for metric, compare in _SIMILARITIES.items():
                if metric != "complexity_rise" or level == ALL_LAYERS:
                    score = compared(compare, values, other, inside=case.inside)
                    yield check_row(case, method, metric, score, "layers", level)

    def _stability(self, name: str) -> Iterator[ProbeRow]:
        change = DISTURBANCES[name]
        changed = [disturbed(case, change, self._seed("disturbance", name)) for case in self.cases]
        before, after = self._probabilities(self.cases), self._probabilities(changed)
        maps = self._explained(changed, self._context(), self.engine.evaluator)
        for case, method, values in self._pairs():
            case_id = case.case.case_id
            other = maps[case_id, method]
            score = compared(
                stability,
                values,
                other if isinstance(other, Undefined) else mapped_back(other, change, case.grid),
                inside=in_both(case.inside, change, case.grid),
                scores=(before[case_id], after[case_id]),
            )
            yield check_row(case, method, "stability", score, "disturbance", name)

    def _other_detector(self, weights: Path) -> Iterator[ProbeRow]:
        other = counterpart(self.spec, self.config, self.engine.evaluator, weights)
        maps = self._explained(self.cases, self._context(), other.evaluator)
        for case, method, values in self._pairs():
            again = maps[case.case.case_id, method]
            score = compared(_COUNTERPARTS[other.metric], values, again, inside=case.inside)
            yield check_row(case, method, other.metric, score, "detector", other.name)

    def _smooth(self) -> Iterator[ProbeRow]:
        layers = layers_from_top(self.engine.detector)
        for case in self.cases:
            evaluators = self.engine.evaluator, self._random(case, layers)
            copies = noisy_copies(case, self.config.smooth, self._seed("smooth"))
            own, random = (
                self._explained(copies, self._context(), evaluator) for evaluator in evaluators
            )
            for _, method, _ in self._pairs([case]):
                means = [_mean(maps, copies, method) for maps in (own, random)]
                score = compared(smooth_randomization_similarity, *means, inside=case.inside)
                yield check_row(case, method, "smooth_randomization_similarity", score)

    def _repeatability(self) -> Iterator[ProbeRow]:
        seeds = [self._seed("repeat", str(number)) for number in range(self.config.repeats)]
        runs = [
            self._explained(self.cases, self._context(seed), self.engine.evaluator)
            for seed in seeds
        ]
        for case, method, values in self._pairs():
            others = [run[case.case.case_id, method] for run in runs]
            score = compared(_repeated, values, *others, inside=case.inside)
            yield check_row(case, method, "repeatability", score)

    def _pairs(
        self, cases: Sequence[PreparedCase] | None = None
    ) -> Iterator[tuple[PreparedCase, str, FloatArray | Undefined]]:
        for case in self.cases if cases is None else cases:
            for explainer in self.engine.explainers:
                values = self.maps.get((case.case.case_id, explainer.name), MISSING)
                yield case, explainer.name, values

    def _explained(
        self, cases: Sequence[PreparedCase], context: Context, evaluator: Evaluator
    ) -> Maps:
        return maps_again(self.engine.explainers, cases, context, evaluator)

    def _probabilities(self, cases: Sequence[PreparedCase]) -> Mapping[str, float]:
        names = [case.case.case_id for case in cases]
        images = np.stack([case.image for case in cases])
        shares = expit(naming(self.engine.evaluator.logits, images, names))
        return {name: float(p) for name, p in zip(names, shares, strict=True)}

    def _context(self, seed: int | None = None) -> Context:
        own = self.engine.context
        return Context(own.seed if seed is None else seed, own.background)

    def _seed(self, *purpose: str) -> int:
        return seed_for(self.engine.context.seed, "checks", *purpose)


def randomizations(names: Sequence[str], config: ChecksConfig) -> Mapping[str, Sequence[str]]:
    """Which layers are randomized together, by a name for the scope of findings.

    Args:
        names: of all layers, from the top.
        config: in how many steps, and how many layers alone.
    """
    steps = range(1, config.cascade)
    stages = {
        f"top {step}/{config.cascade}": names[: -(-len(names) * step // config.cascade)]
        for step in steps
    }
    places = np.linspace(0, len(names) - 1, min(config.independent, len(names)))
    alone = {f"only {names[int(place)]}": (names[int(place)],) for place in places}
    return {**stages, **alone, ALL_LAYERS: names}


def _removal_scores(found: Removal) -> Iterator[tuple[str, str, Score]]:
    """(metric, baseline, score); a baseline of "" stands for all of them together."""
    gains: list[float] = []
    for name, curve in found.curves.items():
        most, least = expit(curve.most_first), expit(curve.least_first)
        gain = faithfulness.symmetric_relevance_gain(SHARES, most, least)
        yield "symmetric_relevance_gain", name, gain
        yield "deletion", name, faithfulness.deletion(SHARES, most)
        yield "insertion", name, faithfulness.insertion(SHARES, least)
        yield "comprehensiveness", name, faithfulness.comprehensiveness(SHARES, most)
        yield "sufficiency", name, faithfulness.sufficiency(SHARES, least)
        if not isinstance(gain, Undefined):
            gains.append(gain)
    for name, sets in found.subsets.items():
        yield "infidelity", name, faithfulness.infidelity(sets.marked, sets.falls)
        correlation = faithfulness.faithfulness_correlation(sets.marked, sets.falls, sets.areas)
        yield "faithfulness_correlation", name, correlation
    yield "baseline_spread", "", faithfulness.baseline_spread(gains)


def _mean(maps: Maps, copies: Sequence[PreparedCase], method: str) -> FloatArray | Undefined:
    """The mean of the maps of noisy copies, or why one of them is missing."""
    made = [maps[copy_.case.case_id, method] for copy_ in copies]
    missing = next((one for one in made if isinstance(one, Undefined)), None)
    if missing is not None:
        return missing
    means = smoothed(np.stack([one for one in made if not isinstance(one, Undefined)]))
    return means.astype(np.float32)


def _repeated(*maps: FloatArray, inside: BoolArray) -> Score:
    return repeatability(np.stack(maps), inside)
