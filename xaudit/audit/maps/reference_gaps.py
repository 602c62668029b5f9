"""Gaps to references: by how much a method beats maps that know nothing, on the same cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.maps.localization import with_lesions
from xaudit.audit.scores.patient_means import Means
from xaudit.audit.scores.score import REFERENCES
from xaudit.audit.store.results import Results
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message, inner
from xaudit.core.metric import METRICS, MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.fairness.groups import apply_size_rule
from xaudit.stats.resampling.bootstrap import clustered_ratio

IDEAL, OF_IDEAL = "ideal_on_grid", "mass_of_ideal"
PAIRED = ("mass", "rank_accuracy", "auprc", "hit", "lesion_hit_rate")


def reference_gap_findings(
    results: Results, methods: Sequence[str], means: Means
) -> Iterator[Finding]:
    """Mean difference of the scores, method minus reference, over the same cases.

    Cases where either has no score are left out.

    Args:
        results: of the run, with the scores of the references.
        methods: attribution methods of the plan.
        means: how means are estimated.
    """
    rows = with_lesions(results)
    for metric in PAIRED:
        for reference in REFERENCES:
            theirs = results.by_score.get((reference, metric), {})
            for method in methods if theirs else ():
                own = results.by_score.get((method, metric), {})
                pairs = [
                    (one.value - other.value, row.patient)
                    for row in rows
                    if (one := own.get(row.case_id)) and (other := theirs.get(row.case_id))
                    if one.value is not None and other.value is not None
                ]
                scope = {"method": method, "reference": reference}
                values, patients = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
                yield means.finding(f"{metric}_reference_gap", scope, values, patients)


def of_ideal_findings(results: Results, methods: Sequence[str], means: Means) -> Iterator[Finding]:
    """Mean mass of a method over that of the lesions rendered on the detector's feature grid.

    A ratio of means over the same cases, so that a hairline that the grid can hardly show does not
    outweigh the others. No finding where the detector has no such grid.

    Args:
        results: of the run, with the scores of the references.
        methods: attribution methods of the plan.
        means: how means are estimated.
    """
    ideal = results.by_score.get((IDEAL, "mass"), {})
    for method in methods if ideal else ():
        own, scope = results.by_score.get((method, "mass"), {}), {"method": method}
        pairs = [
            (one.value, other.value, row.patient)
            for row in with_lesions(results)
            if (one := own.get(row.case_id)) and (other := ideal.get(row.case_id))
            if one.value is not None and other.value is not None
        ]
        if not pairs:
            reason = Message("no explained case with a map and a grid")
            yield Finding(OF_IDEAL, scope, Estimate.missing(reason, unit=means.unit), 0)
            continue
        above, below = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
        estimate = clustered_ratio(
            above, below, [pair[2] for pair in pairs], means.rng(OF_IDEAL, scope),
            draws=means.statistics.draws,
        )  # fmt: skip
        sized = apply_size_rule(estimate, len(pairs), means.statistics.minimum)
        yield Finding(OF_IDEAL, scope, replace(sized, unit=means.unit), len(pairs))


def of_ideal_facts() -> MetricFacts:
    """How to read these findings."""
    question = Message(
        "Of the mass that the lesion itself has on the detector's grid, how much has the map?"
    )
    return MetricFacts(OF_IDEAL, question, "higher", 0.0, None, "ratio", "localization")


def reference_gap_facts() -> list[MetricFacts]:
    """How to read these findings."""
    return [
        MetricFacts(
            f"{metric}_reference_gap",
            Message(
                "How much higher than of a map that knows nothing of the detector: {question}",
                question=question,
            ),
            "higher",
            -1.0,
            1.0,
            "proportion",
            "localization",
        )
        for metric in PAIRED
        if (question := inner(METRICS[metric].facts.question))
    ]


@as_analysis("gaps to references", 72, ["maps"], facts=reference_gap_facts)
def _reference_gap(material: Material) -> Iterator[Finding]:
    return reference_gap_findings(material.results, material.methods, material.means)


@as_analysis("share of the ideal", 73, ["maps"], facts=lambda: (of_ideal_facts(),))
def _of_ideal(material: Material) -> Iterator[Finding]:
    return of_ideal_findings(material.results, material.methods, material.means)
