"""A rehearsal of an audit: its own stages on a handful of its cases, to learn what all will cost.

What a map costs depends on the image (methods stop when they have converged), on the network, on
the machine and on what is read from the map: no list of constants knows that. So the stages
themselves are carried out, in a folder that is thrown away, and counted by `workload`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import zip_longest
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from xaudit.audit.config.config import AuditConfig
from xaudit.audit.gallery.gallery import Gallery
from xaudit.audit.plan.plan import Plan, with_codes
from xaudit.audit.plan.sample import draw_sample
from xaudit.audit.probes.check_stages import SMOOTH
from xaudit.audit.probes.faults import fault_of_package
from xaudit.audit.probes.port import Audited, Probe, Wanted, wanted
from xaudit.audit.run.engine import Engine, readable
from xaudit.audit.run.parts import load_part
from xaudit.audit.run.shard import Progressed, ShardWorker
from xaudit.audit.scores.probe_tables import CHECKS
from xaudit.audit.store.patient_key import PatientKey
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import MapRow, Store
from xaudit.core.case import PreparedCase
from xaudit.explain.checks.randomize import layers_from_top
from xaudit.pipeline.clocks import Clocks
from xaudit.pipeline.workload import (
    FINDINGS,
    MAPS,
    PICTURES,
    SCORE,
    SHOWN,
    workload,
)
from xaudit.stats.resampling.bootstrap import clustered_mean

_SCORED, _EXPLAINED = 8, 6
_DEGRADED, _PROBED = 4, 4
_DRAWS, _OTHERS = 2000, 3
"""Of a mean, and what all that stands beside it in the findings takes, in its own time."""
_CHECK, _TWICE = "check ", {SMOOTH: 2}
"""Maps in a unit of a check, where it is not one."""
_WANTED = 3
_ENOUGH = 5.0
"""Seconds after which no further case is explained, if there are as many as wanted, or checked."""
_TOO_LONG = 40.0
"""Seconds after which no further check is rehearsed: each is made of maps, which are known."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent, or will be.

    Attributes:
        forward: images passed forward.
        backward: images passed backward.
        seconds: of the clock.
        rest: seconds, at most, if the machine had nothing else to do.
    """

    forward: float = 0.0
    backward: float = 0.0
    seconds: float = 0.0
    rest: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.forward + other.forward,
            self.backward + other.backward,
            self.seconds + other.seconds,
            self.rest + other.rest,
        )

    def times(self, factor: float) -> Spent:
        """So many times as much."""
        own = (self.forward, self.backward, self.seconds, self.rest)
        return Spent(*(one * factor for one in own))


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rehearsal has learned.

    Attributes:
        layers: of the detector, from the top.
        each: stage → what one unit of `workload` costs; no entry for a stage that is not done.
        start: for loading the detector and finding the best batches.
        maps: of the cases that were explained.
    """

    layers: Sequence[str]
    each: Mapping[str, Spent]
    start: Spent
    maps: Sequence[MapRow]


def rehearse(plan: Plan, clocks: Clocks | None = None) -> Rehearsed:
    """Carry out every stage on a few cases.

    Args:
        plan: of the audit; nothing is written to its folder.
        clocks: those of the machine by default.

    Raises:
        DetectorError: the detector cannot be loaded as declared.
        ConfigError: a method is unknown or has an unknown parameter; there is no such device.
    """
    clocks = clocks or Clocks()
    began = clocks.now()
    part = load_part(plan)
    small = with_codes(_small(part.plan), PatientKey.fresh())
    _ = part.engine.evaluator.sizes
    ended = clocks.now()
    start = Spent(seconds=ended.wall - began.wall, rest=began.at_rest(ended, computes=True))
    with TemporaryDirectory(prefix="xaudit-rehearsal-") as folder:
        trial = _Trial(small, part.engine, Path(folder), clocks)
        trial.score_and_explain()
        if trial.results.cases:
            trial.probe()
            trial.show()
        trial.summarize(plan)
    return Rehearsed(trial.layers, trial.each, start, trial.results.maps)


def _small(plan: Plan) -> Plan:
    """A few cases of the plan: those that are explained, and others that are scored only."""
    by_id = {case.case_id: case for case in plan.study.cases}
    sample = [by_id[one] for one in plan.record.sample if one in by_id]
    share = plan.config.explain.positives
    explained = draw_sample(sample, _EXPLAINED, share, plan.config.seed)
    rest = [case.case_id for case in plan.study.cases if case.case_id not in explained]
    step = max(1, len(rest) // (_SCORED - len(explained)))
    chosen = {*explained, *rest[::step][: _SCORED - len(explained)]}
    cases = tuple(case for case in plan.study.cases if case.case_id in chosen)
    return replace(
        plan,
        config=_shortened(plan),
        study=replace(plan.study, cases=cases),
        record=replace(plan.record, sample=explained),
    )


def _shortened(plan: Plan) -> AuditConfig:
    """One unit of everything; what is switched off stays so."""
    explain, robustness = plan.config.explain, plan.config.robustness
    few = {
        "cases": min(explain.checks.cases, 1),
        "cascade": 1,
        "independent": 0,
        "smooth": min(explain.checks.smooth, 1),
        "disturbances": explain.checks.disturbances[:1],
        "repeats": min(explain.checks.repeats, 1),
    }
    return plan.config.model_copy(
        update={
            "explain": explain.model_copy(
                update={
                    "checks": explain.checks.model_copy(update=few),
                    "shortcuts": min(explain.shortcuts, _PROBED),
                }
            ),
            "robustness": robustness.model_copy(
                update={"cases": min(robustness.cases, _DEGRADED), "maps": min(robustness.maps, 1)}
            ),
        }
    )


class _Trial:
    """The stages, and what they cost.

    Args:
        plan: a small one.
        engine: the detector and the methods.
        folder: empty.
        clocks: of the machine.
    """

    def __init__(self, plan: Plan, engine: Engine, folder: Path, clocks: Clocks) -> None:
        self.plan, self.engine, self.folder, self.clocks = plan, engine, folder, clocks
        self.computes = engine.evaluator.device.type == "cpu"
        self.layers = layers_from_top(engine.detector)
        self.units = workload(plan, self.layers)
        self.spent: dict[str, tuple[Spent, float]] = {}
        self.began = clocks.wall()
        self.store = Store(folder)
        self.prepared: list[PreparedCase] = []
        self.results = Results.of(self.store, ())

    @property
    def each(self) -> Mapping[str, Spent]:
        """Stage → what one unit costs; of a check that took too long, as if it were maps alone."""
        known = {name: spent.times(1 / units) for name, (spent, units) in self.spent.items()}
        maps = known.get(MAPS, Spent())
        left = [name for name in self.units if name.startswith(_CHECK) and name not in known]
        return known | {name: maps.times(_TWICE.get(name, 1)) for name in left if maps.seconds}

    def score_and_explain(self) -> None:
        """Score all cases, then explain one after the other, as long as there is time."""
        sample = frozenset(self.plan.record.sample)
        scoring, explaining = (self._worker(ids) for ids in (frozenset[str](), sample))
        cases = self.plan.study.cases
        with self._timed(SCORE, len(cases)):
            items = self.engine.prepared(cases)
            self.store.write(0, scoring.compute(items))
        explained = _fractured_first(
            [item for item in items if item.case.case_id in sample and item.prepared]
        )
        for number, item in enumerate(explained, start=1):
            with self._timed(MAPS, 1):
                self.store.write(number, explaining.compute([item]))
            # It was scored a second time.
            self._add(MAPS, Spent(forward=-1), 0)
            self.prepared += [item.prepared] if item.prepared else []
            if self._spent_too_long(len(self.prepared)):
                break
        self.results = Results.of(self.store, range(1, len(self.prepared) + 1))

    def probe(self) -> None:
        """Carry out every probe; maps are checked case by case, as long as there is time."""
        explained = {row.case_id for row in self.results.cases}
        rest = [row for row in self.store.read(0).cases if row.case_id not in explained]
        everyone = replace(self.results, cases=(*self.results.cases, *rest))
        for one in wanted(self.plan):
            if one.kind.name == CHECKS:
                self._check(one)
            else:
                self._carry_out(one, everyone)

    def _check(self, checks: Wanted) -> None:
        began = self.clocks.wall()
        for row in self.results.cases:
            self._carry_out(checks, replace(self.results, cases=(row,)), _TOO_LONG)
            if self.clocks.wall() - began > _ENOUGH:
                break

    def _carry_out(self, one: Wanted, results: Results, until: float = inf) -> None:
        """Do its pieces, those behind a time left out; a package's fault is told, as in a run."""
        try:
            self._do_pieces(one.on(Audited(self.plan, self.engine, results)), until)
        except Exception as error:
            fault_of_package(one.kind, error)

    def _do_pieces(self, probe: Probe, until: float) -> None:
        for piece in probe.pieces():
            if self.clocks.wall() - self.began < until:
                with self._timed(piece.stage, piece.work):
                    cases = readable(piece.cases, self.engine.detector.input)
                    deque(probe.rows(piece, cases), maxlen=0)

    def show(self) -> None:
        """Draw pictures, and count the maps that are made for the card alone."""
        cases = {case.case_id: case for case in self.plan.study.cases}
        points = tuple(point.resolve() for point in self.plan.config.detector.operating_points)
        methods, seen = (
            tuple(explainer.name for explainer in self.engine.explainers),
            self.engine.detector.input,
        )
        pictured = self.plan.config.explain.gallery
        gallery = Gallery(self.results, cases, seen, points, methods, pictured)
        with self._timed(PICTURES, len(gallery.choose())):
            gallery.write(self.folder)
        self._add(SHOWN, self.each[MAPS] + Spent(forward=1), 1)

    def summarize(self, plan: Plan) -> None:
        """Make one mean with its interval, as findings have many; a third of them is such."""
        values = np.linspace(0, 1, len(plan.study.cases))
        patients = [case.patient for case in plan.study.cases]
        with self._timed(FINDINGS, 1 / _OTHERS):
            clustered_mean(values, patients, np.random.default_rng(0), _DRAWS)

    def _spent_too_long(self, cases: int) -> bool:
        """Whether no further case is explained: a few are wanted, because they differ."""
        spent = self.clocks.wall() - self.began
        return spent > (_ENOUGH if cases >= _WANTED else _TOO_LONG / 2)

    def _worker(self, sample: frozenset[str]) -> ShardWorker:
        return self.engine.worker(sample, _unheard)

    @contextmanager
    def _timed(self, stage: str, units: float) -> Iterator[None]:
        cost = self.engine.evaluator.cost
        began, forward, backward = self.clocks.now(), cost.forward, cost.backward
        yield
        ended = self.clocks.now()
        spent = Spent(
            cost.forward - forward,
            cost.backward - backward,
            ended.wall - began.wall,
            began.at_rest(ended, computes=self.computes),
        )
        self._add(stage, spent, units)

    def _add(self, stage: str, spent: Spent, units: float) -> None:
        before, done = self.spent.get(stage, (Spent(), 0.0))
        if done + units:
            self.spent[stage] = before + spent, done + units


def _fractured_first(items: Sequence[Progressed]) -> list[Progressed]:
    """By turns with and without a fracture, so that a few of them stand for both."""
    by_label = [[item for item in items if item.case.label == label] for label in (True, False)]
    turns = zip_longest(*by_label)
    return [item for turn in turns for item in turn if item is not None]


def _unheard(stage: str, cases: int, work: float) -> None:
    """Nobody waits for a rehearsal step by step."""
