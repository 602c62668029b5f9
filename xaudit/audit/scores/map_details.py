"""Rows of one map that summaries need and no single number tells: peaks, thresholds, overlaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from xaudit.audit.store.store import ScoreRow
from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.metric import Score, Undefined
from xaudit.data.transforms.artifacts import border
from xaudit.metrics.maps.extent import (
    border_enrichment,
    peak_attribution,
    spatial_entropy,
    total_attribution,
)
from xaudit.metrics.maps.localization import lesion_masses
from xaudit.metrics.maps.overlap import lesion_overlaps
from xaudit.metrics.maps.peaks import (
    INSIDE,
    MOST_PEAKS,
    Reach,
    lesion_hits,
    lesions_of,
    strongest_peaks,
)
from xaudit.metrics.maps.thresholded import ious_at_shares

OF_AMOUNT = (spatial_entropy, total_attribution, peak_attribution)
EXTENT = tuple(metric.facts.name for metric in (*OF_AMOUNT, border_enrichment))
PEAK, OVERLAP, IOU_AT = "peak", "overlap", "iou_at"


def score_row(case_id: str, method: str, metric: str, score: Score) -> ScoreRow:
    """A score of a whole map as it is stored."""
    if isinstance(score, Undefined):
        return ScoreRow(case_id, method, metric, None, score.reason)
    return ScoreRow(case_id, method, metric, float(score), None)


def extent_rows(method: str, values: FloatArray, case: PreparedCase) -> Iterator[ScoreRow]:
    """How much the map shows and how widely, with or without lesions."""
    case_id, inside = case.case.case_id, case.inside
    for metric in OF_AMOUNT:
        yield score_row(case_id, method, metric.facts.name, metric(values, inside))
    score = border_enrichment(values, case.grid.by_view(border, inside), inside)
    yield score_row(case_id, method, border_enrichment.facts.name, score)


def peak_rows(
    method: str, values: FloatArray, case: PreparedCase, reach: Reach | Undefined
) -> Iterator[ScoreRow]:
    """The strongest peaks: value is the strength, ``lesion`` what it finds, ``at`` its rank.

    A row for each lesion that the peak finds, or one without. Where the reach is not known, only
    cases without lesions have peaks: theirs are wrong at any reach.
    """
    if isinstance(reach, Undefined):
        if len(case.lesions):
            return
        reach = INSIDE
    peaks = strongest_peaks(values, case.inside, MOST_PEAKS, view=case.grid.view[0])
    for rank, peak in enumerate(peaks, start=1):
        for lesion in lesions_of(peak, case.lesions, reach) or (None,):
            case_id = case.case.case_id
            yield ScoreRow(case_id, method, PEAK, peak.strength, None, lesion, at=str(rank))


def lesion_rows(
    method: str, values: FloatArray, case: PreparedCase, reach: Reach | Undefined
) -> Iterator[ScoreRow]:
    """Lesion by lesion: its share of the evidence, and whether one of the peaks finds it.

    A lesion that lies outside the image has reasons.
    """
    case_id, outside = case.case.case_id, "the lesion lies outside the image"
    seen = [bool((plane & case.inside).any()) for plane in case.lesions]
    masses = lesion_masses(values, case.lesions, case.inside)
    for lesion, mass in enumerate(masses):
        value, reason = (mass, None) if seen[lesion] else (None, outside)
        yield ScoreRow(case_id, method, "lesion_mass", value, reason, lesion)
    if isinstance(reach, Undefined) or not masses:
        return
    hits = lesion_hits(values, case.lesions, case.inside, reach=reach)
    for lesion, hit in enumerate(hits):
        value, reason = (float(hit), None) if seen[lesion] else (None, outside)
        yield ScoreRow(case_id, method, "lesion_hit", value, reason, lesion)


def threshold_rows(method: str, values: FloatArray, case: PreparedCase) -> Iterator[ScoreRow]:
    """Overlap with the lesions at shares of the map's maximum; ``at`` is the share."""
    found = ious_at_shares(values, case.lesions, case.inside)
    if not isinstance(found, Undefined):
        for share, iou in found.items():
            yield ScoreRow(case.case.case_id, method, IOU_AT, iou, None, at=f"{share:g}")


def overlap_rows(method: str, values: FloatArray, case: PreparedCase) -> Iterator[ScoreRow]:
    """How well the map's marks fit each lesion; ``at`` is the criterion."""
    found = lesion_overlaps(values, case.lesions, case.inside, case.grid.views)
    if isinstance(found, Undefined):
        return
    for lesion, overlap in enumerate(found):
        for criterion, value in asdict(overlap).items() if overlap else ():
            # A lesion without a row is not found.
            if value is not None:
                yield ScoreRow(case.case.case_id, method, OVERLAP, value, None, lesion, criterion)
