"""Findings from maps of degraded radiographs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from xaudit.audit.analyses.derived_metrics import degraded
from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.scores.patient_means import is_share
from xaudit.audit.scores.probe_tables import DEGRADED_MAPS
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import ProbeRow
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.core.seeds import generator_for
from xaudit.fairness.groups import apply_size_rule
from xaudit.metrics.maps.evidence import NO_LESIONS, NONE_INSIDE
from xaudit.metrics.maps.localization import hit, mass
from xaudit.stats.resampling.bootstrap import clustered_mean

SCORES = {"mass": mass, "hit": hit}
"""What is read from the maps of degraded images."""
_OF_CASE = {NO_LESIONS.reason, NONE_INSIDE.reason}
_Step = tuple[str, str, str, str]


def degraded_map_findings(
    rows: Sequence[ProbeRow],
    results: Results,
    statistics: StatisticsConfig,
    seed: int,
    unit: str,
) -> Iterator[Finding]:
    """Mean score at each severity, and its distance to that of the same images as they are.

    A map that nothing can be read from scores 0, the worst: a detector that goes blind on
    degraded images must not look better for it. Images whose map could not be read before anything
    was done to them are left out, and so are steps that turned every lesion out of the image.

    Args:
        rows: of the maps of degraded images.
        results: of the run, with the scores of the images as they are.
        statistics: draws and minimum sizes.
        seed: of the plan.
        unit: what a patient is called in this study.
    """
    patients = {row.case_id: row.patient for row in results.cases}
    for (metric, method, corruption, severity), scores in _by_step(rows).items():
        clean = _clean(results, method, metric)
        used = [case_id for case_id in scores if case_id in clean]
        after = np.array([scores[one] for one in used])
        gaps = after - np.array([clean[one] for one in used])
        scope = {"degradation": corruption, "severity": severity, "method": method}
        for name, values in ((metric, after), (f"{metric}_gap", gaps)):
            named = f"degraded_{name}"
            rng = generator_for(seed, "bootstrap", f"{named}[{corruption},{method},{severity}]")
            estimate = clustered_mean(
                values, [patients[one] for one in used], rng, statistics.draws,
                share=name == metric and is_share(metric),
            )  # fmt: skip
            sized = apply_size_rule(estimate, len(used), statistics.minimum)
            yield Finding(named, scope, replace(sized, unit=unit), positives=len(used))


def _by_step(rows: Sequence[ProbeRow]) -> Mapping[_Step, Mapping[str, float]]:
    """(metric, method, corruption, severity) → case → score, 0 where the map cannot be read."""
    table: dict[_Step, dict[str, float]] = {}
    for row in rows:
        if row.metric in SCORES and row.undefined not in _OF_CASE:
            step = (row.metric, row.method, row.facet, row.level)
            table.setdefault(step, {})[row.case_id] = row.value or 0.0
    return table


def _clean(results: Results, method: str, metric: str) -> Mapping[str, float]:
    scores = results.by_score.get((method, metric), {})
    return {case_id: row.value for case_id, row in scores.items() if row.value is not None}


def degraded_map_facts() -> list[MetricFacts]:
    """How to read the scores of maps at a severity."""
    return [degraded(score.facts) for score in SCORES.values()]


@as_analysis("degraded maps", 51, [DEGRADED_MAPS], facts=degraded_map_facts)
def _degraded_maps(material: Material) -> Iterator[Finding]:
    return degraded_map_findings(
        material.rows_of(DEGRADED_MAPS),
        material.results,
        material.statistics,
        material.seed,
        material.unit,
    )
