"""Maps of degraded radiographs: does the detector still look at the lesion?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xaudit.audit.maps.degraded_maps import SCORES
from xaudit.audit.plan.plan import Plan
from xaudit.audit.probes.port import Piece, Probe, as_probe
from xaudit.audit.probes.robustness import degradation_seed, severities
from xaudit.audit.run.second_maps import Maps, check_row, compared, maps_again
from xaudit.audit.scores.probe_tables import DEGRADED_MAPS
from xaudit.audit.store.store import ProbeRow
from xaudit.core.case import PreparedCase
from xaudit.data.transforms.corruption import CORRUPTIONS
from xaudit.data.transforms.degrade import degraded, degraded_lesions
from xaudit.explain.port import Explainer

STAGE = "maps of degraded images"
_CHEAP = 4
"""Passes for a map. A dozen cases have hundreds of degraded images, too many for dearer methods."""


@as_probe(DEGRADED_MAPS)
class DegradedMaps(Probe):
    """Mass and hits of the cheap methods' maps at every severity of every corruption.

    Of explained cases with lesions. A row's facet is the corruption, its level the severity.
    """

    order = 20

    def pieces(self) -> Sequence[Piece]:
        """A corruption each."""
        config, rows = self.audited.plan.config.robustness, self.audited.results.cases
        if not cheap(self.audited.engine.explainers):
            return []
        lesioned = [row for row in rows if row.sampled and row.label and row.lesions > 0]
        cases = self.audited.sample(lesioned, config.maps, 1.0)
        return [
            Piece(STAGE, cases, name, 0, len(cases) * len(CORRUPTIONS[name].severities))
            for name in (config.corruptions if cases else ())
        ]

    def rows(self, piece: Piece, cases: Sequence[PreparedCase]) -> Iterator[ProbeRow]:
        """Scores of the maps of these cases under a corruption."""
        engine = self.audited.engine
        explainers = cheap(engine.explainers)
        for severity in CORRUPTIONS[piece.key].severities:
            images = [self._degraded(case, piece.key, severity) for case in cases]
            maps = maps_again(explainers, images, engine.context, engine.evaluator)
            for case in images:
                for explainer in explainers:
                    yield from _scored(case, explainer.name, maps, (piece.key, f"{severity:g}"))

    def _degraded(self, case: PreparedCase, corruption: str, severity: float) -> PreparedCase:
        seed = degradation_seed(self.audited.engine.context.seed, corruption, case)
        image = degraded(case, CORRUPTIONS[corruption], severity, seed)
        return degraded_lesions(image, CORRUPTIONS[corruption], severity)

    @classmethod
    def workload(cls, plan: Plan, layers: Sequence[str]) -> Mapping[str, float]:
        """Maps of degraded images."""
        sample = set(plan.record.sample)
        lesioned = sum(
            case.case_id in sample and case.label and len(case.lesions) > 0
            for case in plan.study.cases
        )
        return {STAGE: min(plan.config.robustness.maps, lesioned) * severities(plan)}


def cheap(explainers: Sequence[Explainer]) -> tuple[Explainer, ...]:
    """The methods whose maps take at most four passes."""
    return tuple(explainer for explainer in explainers if sum(explainer.cost()) <= _CHEAP)


def _scored(
    case: PreparedCase, method: str, maps: Maps, step: tuple[str, str]
) -> Iterator[ProbeRow]:
    values = maps[case.case.case_id, method]
    for name, score in SCORES.items():
        found = compared(score, values, lesions=case.lesions, inside=case.inside)
        yield check_row(case, method, name, found, *step)
