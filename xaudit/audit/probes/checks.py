"""Checks of the explanations themselves, on a declared part of the explained cases."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain

from xaudit.audit.plan.plan import Plan, detector_spec
from xaudit.audit.probes.check_stages import (
    ALL_LAYERS,
    FAITHFULNESS,
    MAPS,
    OTHERS,
    RANDOMIZATION,
    REPEATABILITY,
    SMOOTH,
    STABILITY,
    Checks,
    randomizations,
)
from xaudit.audit.probes.other_detectors import weights_of_others
from xaudit.audit.probes.port import Piece, Probe, as_probe
from xaudit.audit.run.second_maps import Maps, stored_maps
from xaudit.audit.scores.probe_tables import CHECKS
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import ProbeRow
from xaudit.core.case import Case, PreparedCase
from xaudit.core.message import Message
from xaudit.explain.checks.randomize import layers_from_top
from xaudit.explain.numerics.residuals import COMPLETENESS
from xaudit.metrics.maps.readability import complete_map

_COMPLETE = "complete"
_NOT_RANDOMIZED = Message("randomized parameters: not possible for this format")
"""Why a model has no map of its randomized twin: its parameters are not to be had."""


@as_probe(CHECKS)
class MapChecks(Probe):
    """Faithfulness, randomization, stability and repeatability of every method, case by case."""

    order = 30

    def pieces(self) -> Sequence[Piece]:
        """A stage each, or a step of one that has several."""
        cases, config = self._cases(), self.audited.plan.config.explain.checks
        if not cases or not self.audited.engine.explainers:
            return []
        layers = layers_from_top(self.audited.engine.detector)
        keys = {
            MAPS: [""],
            FAITHFULNESS: [""],
            # A model that is not torch's, or a network without parameters, has no layers.
            RANDOMIZATION: randomizations(layers, config) if layers else (),
            SMOOTH: [""] * bool(config.smooth and layers),
            OTHERS: map(str, weights_of_others(config)),
            STABILITY: config.disturbances,
            REPEATABILITY: [""] * bool(config.repeats),
        }
        count = float(len(cases))
        times = {SMOOTH: config.smooth, REPEATABILITY: config.repeats}
        return [
            *(
                Piece(stage, cases, key, 0, count * times.get(stage, 1))
                for stage, each in keys.items()
                for key in each
            ),
            Piece(MAPS, cases, _COMPLETE, 0, 0),
        ]

    def rows(self, piece: Piece, cases: Sequence[PreparedCase]) -> Iterator[ProbeRow]:
        """Scores of one step."""
        if piece.key == _COMPLETE:
            checked = {case.case_id for case in piece.cases}
            return chain(complete_rows(self.audited.results, checked), self._gaps(checked))
        config = self.audited.plan.config
        spec, checks = detector_spec(config), config.explain.checks
        return Checks(self.audited.engine, spec, checks, cases, self._maps).rows(
            piece.stage, piece.key
        )

    def _gaps(self, checked: Collection[str]) -> Iterator[ProbeRow]:
        """Checks that this model does not allow, as rows that say why: none is ever passed."""
        engine = self.audited.engine
        methods = {explainer.name for explainer in engine.explainers}
        for row in () if layers_from_top(engine.detector) else self.audited.results.maps:
            if row.case_id in checked and row.method in methods:
                yield ProbeRow(
                    row.case_id, row.method, "randomization_similarity", "layers", ALL_LAYERS,
                    None, _NOT_RANDOMIZED,
                )  # fmt: skip

    @cached_property
    def _maps(self) -> Maps:
        return stored_maps(self.audited.results, {case.case_id for case in self._cases()})

    def _cases(self) -> tuple[Case, ...]:
        """Fractured ones first, sampled like those to explain."""
        explained = {row.case_id for row in self.audited.explained}
        cases = [case for case in self.audited.plan.study.cases if case.case_id in explained]
        return self.audited.sample(cases, self.audited.plan.config.explain.checks.cases, 1.0)

    @classmethod
    def workload(cls, plan: Plan, layers: Sequence[str]) -> Mapping[str, float]:
        """Maps of one case that are checked, for each stage."""
        checks = plan.config.explain.checks
        checked = min(checks.cases, len(plan.record.sample))
        times = {
            MAPS: 1,
            FAITHFULNESS: 1,
            RANDOMIZATION: len(randomizations(layers, checks)) if layers else 0,
            # Maps of each copy by the detector and by its randomized twin.
            SMOOTH: checks.smooth if layers else 0,
            OTHERS: len(weights_of_others(checks)),
            STABILITY: len(checks.disturbances),
            REPEATABILITY: checks.repeats,
        }
        return {stage: float(checked * each) for stage, each in times.items()}


def complete_rows(results: Results, case_ids: Collection[str]) -> list[ProbeRow]:
    """Whether each map adds up, for the methods that promise it.

    Args:
        results: of the run, with the residual of every map.
        case_ids: that are checked.
    """
    rows = []
    for row in results.maps:
        gap = row.residual
        if row.case_id in case_ids and gap and gap.name == COMPLETENESS and gap.tolerance:
            value = None if gap.value is None else complete_map(gap.value, gap.tolerance)
            rows.append(
                ProbeRow(row.case_id, row.method, "complete_map", "", "", value, gap.undefined)
            )
    return rows
