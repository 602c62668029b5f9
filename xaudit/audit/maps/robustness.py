"""Findings from the scores of degraded radiographs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from xaudit.audit.analyses.derived_metrics import degraded
from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.scores.probe_tables import ROBUSTNESS
from xaudit.audit.store.store import CaseRow, ProbeRow
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.fairness.groups import apply_size_rule, rarest
from xaudit.metrics.scores.discrimination import Predictions, auc, sensitivity, specificity
from xaudit.metrics.scores.robustness import degradation


def robustness_findings(
    rows: Sequence[ProbeRow],
    cases: Sequence[CaseRow],
    points: Sequence[OperatingPoint],
    unit: str,
    minimum: tuple[int, int],
) -> Iterator[Finding]:
    """Each metric at each severity, and its distance to the same images as they are.

    Args:
        rows: logits of the degraded images.
        cases: every case of the audit.
        points: operating points.
        unit: what a patient is called in this study.
        minimum: cases of a class for an interval, and for a verdict.
    """
    by_id = {case.case_id: case for case in cases}
    asked = [by_id[case_id] for case_id in dict.fromkeys(row.case_id for row in rows)]
    yield from _as_they_are(asked, points, unit, minimum)
    for (corruption, severity), logits in _by_step(rows).items():
        used = [by_id[case_id] for case_id in logits]
        after = np.array(list(logits.values()))
        scope = {"degradation": corruption, "severity": severity}
        for number, point in enumerate(points):
            clean = _predictions(used, point.edge, unit)
            for metric, one in degradation(clean, after).items():
                if metric == "auc" and number:
                    continue
                full = scope if metric == "auc" else {**scope, "operating_point": point.name}
                for name, estimate in ((metric, one.value), (f"{metric}_gap", one.gap)):
                    sized = _sized(estimate, metric, clean, minimum)
                    yield Finding(_named(name), full, sized, positives=int(clean.labels.sum()))


def _as_they_are(
    used: Sequence[CaseRow], points: Sequence[OperatingPoint], unit: str, minimum: tuple[int, int]
) -> Iterator[Finding]:
    """The same metrics of the same images before anything is done to them."""
    scope = {"degradation": "none", "severity": "0"}
    for number, point in enumerate(points if used else ()):
        clean = _predictions(used, point.edge, unit)
        for metric, function in (
            ("auc", auc),
            ("sensitivity", sensitivity),
            ("specificity", specificity),
        ):
            if metric == "auc" and number:
                continue
            full = scope if metric == "auc" else {**scope, "operating_point": point.name}
            sized = _sized(function(clean), metric, clean, minimum)
            yield Finding(_named(metric), full, sized, positives=int(clean.labels.sum()))


def _by_step(rows: Sequence[ProbeRow]) -> Mapping[tuple[str, str], Mapping[str, float]]:
    """(corruption, severity) → case id → logit, of the cases that have one."""
    table: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        step = table.setdefault((row.facet, row.level), {})
        if row.value is not None:
            step[row.case_id] = row.value
    return table


def _named(name: str) -> str:
    """A name of its own: a rule on ``sensitivity`` means that of the images as they are."""
    return f"degraded_{name}"


def _sized(estimate: Estimate, metric: str, p: Predictions, minimum: tuple[int, int]) -> Estimate:
    positives = int(p.labels.sum())
    count, what = rarest(positives, len(p) - positives, metric)
    return apply_size_rule(estimate, count, minimum, what)


def _predictions(rows: Sequence[CaseRow], threshold: float, unit: str) -> Predictions:
    return Predictions(
        logits=np.array([row.logit for row in rows], dtype=np.float64),
        labels=np.array([row.label for row in rows], dtype=bool),
        patients=tuple(row.patient for row in rows),
        threshold=threshold,
        unit=unit,
    )


def degraded_facts() -> list[MetricFacts]:
    """How to read the metrics at a severity."""
    return [degraded(one.facts) for one in (auc, sensitivity, specificity)]


@as_analysis("robustness", 50, [ROBUSTNESS], facts=degraded_facts)
def _robustness(material: Material) -> Iterator[Finding]:
    return robustness_findings(
        material.rows_of(ROBUSTNESS), material.results.cases, material.points, material.unit,
        material.statistics.minimum,
    )  # fmt: skip
