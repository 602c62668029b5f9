"""Check the explanations themselves, on a declared part of the explained cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import expit

from xaudit.audit.config import ChecksConfig
from xaudit.audit.plan import Plan
from xaudit.audit.progress import Listener, Meter
from xaudit.audit.results import Results
from xaudit.audit.run import Engine
from xaudit.audit.sample import draw_sample
from xaudit.audit.store import CheckRow, read_table, write_table
from xaudit.core.case import BoolArray, FloatArray, PreparedCase
from xaudit.core.metric import Score, Undefined
from xaudit.core.seeds import seed_for
from xaudit.data.prepare import prepare
from xaudit.explain.disturb import DISTURBANCES, disturbed, in_both, mapped_back
from xaudit.explain.evaluator import Evaluator
from xaudit.explain.faithfulness import SHARES, Removal, removal
from xaudit.explain.port import Context
from xaudit.explain.randomize import layers_from_top, randomized
from xaudit.explain.reference_maps import edge_map
from xaudit.explain.schedule import Job, Work, carry_out, explain_all
from xaudit.metrics import faithfulness
from xaudit.metrics.randomization import (
    complexity_rise,
    edge_similarity,
    randomization_hog,
    randomization_similarity,
    randomization_ssim,
)
from xaudit.metrics.readability import readable_map
from xaudit.metrics.stability import repeatability, stability

ALL_LAYERS = "all"
_RANDOMIZATION = {
    "randomization_similarity": randomization_similarity,
    "randomization_ssim": randomization_ssim,
    "randomization_hog": randomization_hog,
    "complexity_rise": complexity_rise,
}

Maps = Mapping[tuple[str, str], FloatArray | Undefined]
"""(case, method) → the map, or why there is none."""


def check_explanations(
    plan: Plan, engine: Engine, results: Results, folder: Path, listen: Listener
) -> list[CheckRow]:
    """Faithfulness, randomization, stability and repeatability of every method, case by case.

    Computed once; an audit that goes on takes up the rows that are there.

    Args:
        plan: of the audit.
        engine: the detector, which is left as it is, and the methods.
        results: of the run; its maps are what is checked.
        folder: of the audit.
        listen: called as work proceeds.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    config = plan.config.explain.checks
    path = folder / "checks.parquet"
    if path.exists():
        return read_table(path, CheckRow)
    ids = checked_cases(plan, results)
    by_id = {case.case_id: case for case in plan.study.cases}
    cases = [prepare(by_id[case_id], engine.detector.input) for case_id in ids]
    rows = list(_Checks(engine, config, cases, _maps_of(results, cases, engine)).rows(listen))
    if cases:
        write_table(path, rows, CheckRow)
    return rows


def checked_cases(plan: Plan, results: Results) -> tuple[str, ...]:
    """Ids of the cases that the checks use: fractured ones first, drawn like the sample."""
    explained = {row.case_id for row in results.cases if row.sampled and row.logit is not None}
    cases = [case for case in plan.study.cases if case.case_id in explained]
    return draw_sample(cases, plan.config.explain.checks.cases, 1.0, plan.config.seed)


def _maps_of(results: Results, cases: Sequence[PreparedCase], engine: Engine) -> Maps:
    """The maps of the audit, as they were stored."""
    wanted = {case.case.case_id for case in cases}
    maps: dict[tuple[str, str], FloatArray | Undefined] = {}
    for row in results.maps:
        if row.case_id in wanted:
            key = (row.case_id, row.method)
            if row.error is not None:
                maps[key] = Undefined("the map could not be made")
            elif row.degenerate is not None:
                maps[key] = Undefined(f"the map {row.degenerate}")
            else:
                maps[key] = results.array(*key)
    return maps


@dataclass(frozen=True, slots=True)
class _Checks:
    """All checks of one audit."""

    engine: Engine
    config: ChecksConfig
    cases: Sequence[PreparedCase]
    maps: Maps

    def rows(self, listen: Listener) -> Iterator[CheckRow]:
        stages = {
            "maps": self._maps_themselves,
            "faithfulness": self._faithfulness,
            "randomization": self._randomization,
            "stability": self._stability,
            "repeatability": self._repeatability,
        }
        if not self.cases or not self.engine.explainers:
            return
        meter = Meter(listen, len(self.cases), len(stages))
        for name, stage in stages.items():
            yield from stage()
            meter.explained(f"check {name}", 1)

    def _maps_themselves(self) -> Iterator[CheckRow]:
        for case, method, values in self._pairs():
            seen = None if isinstance(values, Undefined) else values
            yield _row(case, method, "readable_map", readable_map(seen, case.inside))
            score = _compared(edge_similarity, values, edge_map(case.image), inside=case.inside)
            yield _row(case, method, "edge_similarity", score)

    def _faithfulness(self) -> Iterator[CheckRow]:
        context = self._context()
        readable = [one for one in self._pairs() if not isinstance(one[2], Undefined)]
        works = [
            Work(case, removal(case, values, context))
            for case, _, values in readable
            if not isinstance(values, Undefined)
        ]
        found = carry_out(self.engine.evaluator, works, context)
        for (case, method, _), done in zip(readable, found, strict=True):
            if done.result is None:
                undefined = Undefined(f"{type(done.error).__name__}: {done.error}")
                yield _row(case, method, "symmetric_relevance_gain", undefined)
            else:
                for metric, level, score in _removal_scores(done.result):
                    yield _row(case, method, metric, score, "baseline", level)

    def _randomization(self) -> Iterator[CheckRow]:
        detector = self.engine.detector
        for level, layers in _stages(layers_from_top(detector), self.config).items():
            for draw in range(self.config.draws):
                cases = self.cases[draw :: self.config.draws]
                if cases:
                    other = randomized(detector, layers, self._seed("randomized", str(draw)))
                    maps = self._explained(cases, self._context(), Evaluator(other, self._batch))
                    yield from self._randomized_rows(cases, maps, level)

    def _randomized_rows(
        self, cases: Sequence[PreparedCase], maps: Maps, level: str
    ) -> Iterator[CheckRow]:
        for case, method, values in self._pairs(cases):
            other = maps[case.case.case_id, method]
            for metric, compare in _RANDOMIZATION.items():
                if metric != "complexity_rise" or level == ALL_LAYERS:
                    score = _compared(compare, values, other, inside=case.inside)
                    yield _row(case, method, metric, score, "layers", level)

    def _stability(self) -> Iterator[CheckRow]:
        before = self._probabilities(self.cases)
        for name in self.config.disturbances:
            change = DISTURBANCES[name]
            seed = self._seed("disturbance", name)
            changed = [disturbed(case, change, seed) for case in self.cases]
            after = self._probabilities(changed)
            maps = self._explained(changed, self._context(), self.engine.evaluator)
            for case, method, values in self._pairs():
                case_id = case.case.case_id
                other = maps[case_id, method]
                score = _compared(
                    stability,
                    values,
                    other if isinstance(other, Undefined) else mapped_back(other, change),
                    inside=in_both(case.inside, change),
                    scores=(before[case_id], after[case_id]),
                )
                yield _row(case, method, "stability", score, "disturbance", name)

    def _repeatability(self) -> Iterator[CheckRow]:
        if not self.config.repeats:
            return
        seeds = [self._seed("repeat", str(number)) for number in range(self.config.repeats)]
        runs = [
            self._explained(self.cases, self._context(seed), self.engine.evaluator)
            for seed in seeds
        ]
        for case, method, values in self._pairs():
            others = [run[case.case.case_id, method] for run in runs]
            score = _compared(_repeated, values, *others, inside=case.inside)
            yield _row(case, method, "repeatability", score)

    def _pairs(
        self, cases: Sequence[PreparedCase] | None = None
    ) -> Iterator[tuple[PreparedCase, str, FloatArray | Undefined]]:
        for case in self.cases if cases is None else cases:
            for explainer in self.engine.explainers:
                missing = Undefined("the map could not be made")
                values = self.maps.get((case.case.case_id, explainer.name), missing)
                yield case, explainer.name, values

    def _explained(
        self, cases: Sequence[PreparedCase], context: Context, evaluator: Evaluator
    ) -> Maps:
        jobs = [Job(case, explainer) for case in cases for explainer in self.engine.explainers]
        maps: dict[tuple[str, str], FloatArray | Undefined] = {}
        for outcome in explain_all(evaluator, jobs, context):
            key = (outcome.job.case.case.case_id, outcome.job.explainer.name)
            made = outcome.attribution
            if made is None:
                maps[key] = Undefined(f"no second map: {type(outcome.error).__name__}")
            else:
                maps[key] = made.values
        return maps

    def _probabilities(self, cases: Sequence[PreparedCase]) -> Mapping[str, float]:
        logits = self.engine.evaluator.logits(np.stack([case.image for case in cases]))
        return {case.case.case_id: float(p) for case, p in zip(cases, expit(logits), strict=True)}

    @property
    def _batch(self) -> int:
        """Images at once for copies of the detector: what fits both ways."""
        return min(self.engine.evaluator.sizes.values())

    def _context(self, seed: int | None = None) -> Context:
        own = self.engine.context
        return Context(own.seed if seed is None else seed, own.background)

    def _seed(self, *purpose: str) -> int:
        return seed_for(self.engine.context.seed, "checks", *purpose)


def _stages(names: Sequence[str], config: ChecksConfig) -> Mapping[str, Sequence[str]]:
    """Which layers are randomized together, by a name for the scope of findings."""
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


def _repeated(*maps: FloatArray, inside: BoolArray) -> Score:
    return repeatability(np.stack(maps), inside)


def _compared(score: Callable[..., Score], *maps: FloatArray | Undefined, **known: object) -> Score:
    """The score of maps, or why one of them is missing."""
    missing = [one for one in maps if isinstance(one, Undefined)]
    return missing[0] if missing else score(*maps, **known)


def _row(
    case: PreparedCase, method: str, metric: str, score: Score, facet: str = "", level: str = ""
) -> CheckRow:
    value, reason = (None, score.reason) if isinstance(score, Undefined) else (float(score), None)
    facet = facet if level else ""
    return CheckRow(case.case.case_id, method, metric, facet, level, value, reason)
