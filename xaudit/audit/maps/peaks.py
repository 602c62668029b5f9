"""The peaks of maps as marks: lesions found against false marks, over all explained cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.scores.map_details import PEAK
from xaudit.audit.scores.patient_means import Means
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, ScoreRow
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.fairness.groups import apply_size_rule
from xaudit.metrics.maps.peaks import UNKNOWN
from xaudit.metrics.scores.detection import Marks, sensitivity_at_false_marks

RATES = (0.5, 1.0, 2.0)
NAME = "peaks_find_lesions"


def peak_findings(results: Results, methods: Sequence[str], means: Means) -> Iterator[Finding]:
    """Share of lesions found by peaks, where there are at most so many false ones per image.

    The five strongest peaks of every explained case are marks, rated by their strength, and images
    without a lesion count: a map that is as loud on normal images pays for it. Lesions of cases
    whose map cannot be read are not found. Left out are cases with lesions for which nobody knows
    how many pixels the tolerance is, and normal images without a map, which would pass for images
    without a false peak.

    Args:
        results: of the run.
        methods: attribution methods of the plan.
        means: how means are estimated.
    """
    for method in methods:
        rows = _asked(results, method)
        places = {row.case_id for row in rows}
        peaks = [
            row
            for row in results.scores
            if (row.metric, row.method) == (PEAK, method) and row.case_id in places
        ]
        for rate in RATES:
            scope = {"method": method, "false_marks": f"{rate:g}"}
            estimate = _estimate(rows, peaks, rate, means.rng(NAME, scope), means)
            yield Finding(NAME, scope, replace(estimate, unit=means.unit), _lesions(rows))


def _asked(results: Results, method: str) -> list[CaseRow]:
    """Explained cases in which the peaks of a method can be right or wrong."""
    known = results.by_score.get(("center_gaussian", "hit_any"), {})
    unknown = {case.case_id for case in known.values() if case.undefined == UNKNOWN.reason}
    failed = {row.case_id for row in results.maps if row.method == method and row.error is not None}
    return [
        row
        for row in results.cases
        if row.sampled and (row.lesions > 0) == row.label and row.case_id not in unknown
        if row.label or (row.case_id not in failed and row.logit is not None)
    ]


def _estimate(
    rows: Sequence[CaseRow],
    peaks: Sequence[ScoreRow],
    rate: float,
    rng: np.random.Generator,
    means: Means,
) -> Estimate:
    if not peaks:
        return Estimate.missing(Message("no map of an explained case has peaks"))
    if not _lesions(rows):
        return Estimate.missing(Message("no explained case with an annotated lesion"))
    marks = _marks(rows, peaks, means.unit)
    found = sensitivity_at_false_marks(marks, rate, rng, means.statistics.draws)
    return apply_size_rule(found, _lesions(rows), means.statistics.minimum, Message("lesions"))


def _marks(rows: Sequence[CaseRow], peaks: Sequence[ScoreRow], unit: str) -> Marks:
    places = {row.case_id: index for index, row in enumerate(rows)}
    ratings = {(row.case_id, n): -np.inf for row in rows for n in range(row.lesions)}
    false: list[tuple[int, float]] = []
    for peak in peaks:
        strength = peak.value or 0.0
        if peak.lesion is None:
            false.append((places[peak.case_id], strength))
        else:
            key = (peak.case_id, peak.lesion)
            ratings[key] = max(ratings[key], strength)
    return Marks(
        tuple(row.patient for row in rows),
        np.array([places[case_id] for case_id, _ in ratings], dtype=np.intp),
        np.array(list(ratings.values())),
        np.array([place for place, _ in false], dtype=np.intp),
        np.array([strength for _, strength in false]),
        unit,
    )


def _lesions(rows: Sequence[CaseRow]) -> int:
    return sum(row.lesions for row in rows)


def peak_facts() -> MetricFacts:
    """How to read these findings."""
    return MetricFacts(
        NAME,
        Message("What share of the lesions do a map's peaks find, at so many false peaks per "
"image?"),
        "higher", 0.0, 1.0, "proportion", "localization",
    )  # fmt: skip


@as_analysis("peaks", 76, ["maps"], facts=lambda: (peak_facts(),))
def _peak(material: Material) -> Iterator[Finding]:
    return peak_findings(material.results, material.methods, material.means)
