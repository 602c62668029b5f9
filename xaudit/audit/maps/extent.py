"""Extent of maps where there is nothing to find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.scores.patient_means import Means, is_share
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.fairness.groups import apply_size_rule
from xaudit.metrics.maps import extent
from xaudit.stats.roc.auc import auc

_LABELS = {True: "fractured", False: "normal"}
_BY_LABEL = ("spatial_entropy", "border_enrichment")
_SEPARATED = ("total_attribution", "peak_attribution")


def extent_findings(results: Results, methods: Sequence[str], means: Means) -> Iterator[Finding]:
    """How widely evidence is spread, and lies on the frame, with and without a fracture; how much.

    ``total_attribution_separation`` and ``peak_attribution_separation`` say how often a fractured
    case has more of it than a normal one: 0.5 is a map as loud on normal images.

    Args:
        results: of the run.
        methods: attribution methods of the plan.
        means: how means are estimated.
    """
    rows = [row for row in results.cases if row.sampled]
    for method in methods:
        for label, name in _LABELS.items():
            for metric in _BY_LABEL:
                chosen = [row for row in rows if row.label == label]
                used, values = _known(results, chosen, method, metric)
                yield means.finding(
                    metric, {"method": method, "label": name}, values,
                    [row.patient for row in used], share=is_share(metric),
                    none=_NONE[name],
                )  # fmt: skip
        for metric in _SEPARATED:
            yield _separation(results, rows, method, metric, means)


def _known(
    results: Results, rows: Sequence[CaseRow], method: str, metric: str
) -> tuple[list[CaseRow], np.ndarray]:
    scores = results.by_score.get((method, metric), {})
    pairs = [
        (row, one.value)
        for row in rows
        if (one := scores.get(row.case_id)) is not None and one.value is not None
    ]
    return [row for row, _ in pairs], np.array([value for _, value in pairs], dtype=float)


def _separation(
    results: Results, rows: Sequence[CaseRow], method: str, metric: str, means: Means
) -> Finding:
    used, values = _known(results, rows, method, metric)
    labels = np.array([row.label for row in used], dtype=bool)
    fewer = int(min(labels.sum(), (~labels).sum()))
    name, scope = f"{metric}_separation", {"method": method}
    if not fewer:
        reason = Message("maps of fractured and of normal cases are needed")
        return Finding(name, scope, Estimate.missing(reason, unit=means.unit), 0)
    estimate = auc(values, labels, [row.patient for row in used])
    sized = apply_size_rule(
        estimate, fewer, means.statistics.minimum, Message("cases of the rarer class")
    )
    return Finding(name, scope, replace(sized, unit=means.unit), fewer)


_QUESTIONS = {
    "peak": Message("How often has a fractured case more peak evidence than a normal?"),
    "total": Message("How often has a fractured case more total evidence than a normal?"),
}


_NONE = {
    "fractured": Message("no explained fractured case with a map that can be read"),
    "normal": Message("no explained normal case with a map that can be read"),
}


def separation_facts() -> list[MetricFacts]:
    """How to read the separations."""
    return [
        MetricFacts(
            f"{metric}_separation",
            _QUESTIONS[metric.split("_")[0]],
            "higher", 0.0, 1.0, "number", "extent",
        )
        for metric in _SEPARATED
    ]  # fmt: skip


@as_analysis("extent", 77, ["maps"], facts=separation_facts, metrics=(extent,))
def _extent(material: Material) -> Iterator[Finding]:
    return extent_findings(material.results, material.methods, material.means)
