"""Overlap: lesions found by several criteria, and masks at a threshold frozen elsewhere."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.maps.localization import with_lesions
from xaudit.audit.scores.map_details import IOU_AT, OVERLAP
from xaudit.audit.scores.patient_means import Means
from xaudit.audit.scores.score import AREA_CHANCE, REFERENCES
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.metrics.maps.overlap import CUTOFFS, meets

FOUND, FROZEN = "lesions_found", "iou_frozen"

_Shares = Mapping[str, Mapping[float, float]]


def overlap_findings(results: Results, methods: Sequence[str], means: Means) -> Iterator[Finding]:
    """Share of lesions that count as found, criterion by criterion and cutoff by cutoff.

    A lesion whose map cannot be read, or that lies outside the image, is not found. Lesions are
    weighed alike, and resampled with their patients.

    Args:
        results: of the run, with the scores of the references.
        methods: attribution methods of the plan.
        means: how means are estimated.
    """
    rows = with_lesions(results)
    lesions = [(row.case_id, number) for row in rows for number in range(row.lesions)]
    patients = [row.patient for row in rows for _ in range(row.lesions)]
    found: dict[tuple[str, str], dict[tuple[str, int], float]] = defaultdict(dict)
    for row in results.scores:
        if row.metric == OVERLAP and row.value is not None and row.lesion is not None:
            found[row.method, row.at or ""][row.case_id, row.lesion] = row.value
    scored = {method for method, _ in found}
    references = [name for name in REFERENCES if name in scored and name != AREA_CHANCE]
    for method in (*methods, *references):
        for criterion, cutoffs in CUTOFFS.items():
            best = found[method, criterion]
            for cutoff in cutoffs:
                hits = [key in best and meets(criterion, best[key], cutoff) for key in lesions]
                scope = {"method": method, "criterion": criterion, "cutoff": f"{cutoff:g}"}
                yield means.finding(FOUND, scope, np.array(hits, dtype=float), patients, share=True)


def frozen_threshold_findings(
    results: Results, methods: Sequence[str], means: Means
) -> Iterator[Finding]:
    """Overlap at a threshold that was chosen on other patients.

    Patients are split in two by checksums of their first cases; on each half, the share of the
    maximum with the highest mean overlap on the other half is used. The choice is not made again in
    each draw.

    Args:
        results: of the run.
        methods: attribution methods of the plan.
        means: how means are estimated.
    """
    table: dict[str, dict[str, dict[float, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in results.scores:
        if row.metric == IOU_AT and row.value is not None and row.at is not None:
            table[row.method][row.case_id][float(row.at)] = row.value
    half_of = _halves(results.cases)
    for method in methods:
        rows = [row for row in with_lesions(results) if row.case_id in table[method]]
        halves = [[row for row in rows if half_of[row.patient] == half] for half in (0, 1)]
        chosen = [_best(halves[1 - half], table[method]) for half in (0, 1)]
        used = [row for row in rows if chosen[half_of[row.patient]] is not None]
        values = [table[method][row.case_id][chosen[half_of[row.patient]] or 0.0] for row in used]
        finding = means.finding(
            FROZEN, {"method": method}, values, [row.patient for row in used], share=True
        )
        if finding.estimate.value is not None:
            method_text = Message(
                "{method}; thresholds {first:g} and {second:g} of a map's maximum",
                method=finding.estimate.method,
                first=chosen[0],
                second=chosen[1],
            )
            estimate = replace(finding.estimate, method=method_text)
            finding = replace(finding, estimate=estimate)
        yield finding


def overlap_facts() -> list[MetricFacts]:
    """How to read these findings."""
    return [
        MetricFacts(
            FOUND,
            Message("What share of the lesions does a mark of the map find, by this criterion?"),
            "higher", 0.0, 1.0, "proportion", "localization",
        ),
        MetricFacts(
            FROZEN,
            Message("How far does a map above a threshold frozen on other patients overlap the "
"lesions?"),
            "higher", 0.0, 1.0, "proportion", "localization",
        ),
    ]  # fmt: skip


def _halves(rows: Sequence[CaseRow]) -> dict[str, int]:
    """Patient → 0 or 1, by a checksum of its first case: the same in every audit of the study."""
    first: dict[str, str] = {}
    for row in rows:
        first[row.patient] = min(first.get(row.patient, row.case_id), row.case_id)
    return {patient: zlib.crc32(case_id.encode()) % 2 for patient, case_id in first.items()}


def _best(rows: Sequence[CaseRow], shares: _Shares) -> float | None:
    """The share with the highest mean overlap in these cases; None where they have no map."""
    tables = [shares[row.case_id] for row in rows]
    if not tables:
        return None
    means = {share: float(np.mean([table[share] for table in tables])) for share in tables[0]}
    return max(means, key=lambda share: (means[share], -share))


@as_analysis("lesions found", 74, ["maps"], facts=overlap_facts)
def _overlap(material: Material) -> Iterator[Finding]:
    return overlap_findings(material.results, material.methods, material.means)


@as_analysis("frozen threshold", 75, ["maps"])
def _frozen_threshold(material: Material) -> Iterator[Finding]:
    return frozen_threshold_findings(material.results, material.methods, material.means)
