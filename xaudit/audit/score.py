"""From a map to rows of scores, for attribution methods and for maps that look at nothing."""

from __future__ import annotations

from xaudit.audit.store import ScoreRow
from xaudit.core.attribution import AttributionMap
from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.metric import Score, Undefined
from xaudit.explain.reference_maps import center_gaussian, edge_map, ideal_on_grid
from xaudit.metrics.localization import LOCALIZATION, lesion_hits, lesion_masses, score_map

AREA_CHANCE = "area_chance"
MEAN_MASK = "mean_lesion_mask"
REFERENCES = {
    AREA_CHANCE: "What a map scores that is equal everywhere in the image.",
    "center_gaussian": "What a blob in the middle of the image scores.",
    "edge_map": "What the edges of the image score, without any detector.",
    MEAN_MASK: "What the mean of the other patients' lesions scores.",
    "ideal_on_grid": "What the lesion itself scores, drawn on the detector's feature grid.",
}


def score_rows(attribution: AttributionMap, case: PreparedCase) -> list[ScoreRow]:
    """Every localization score of one map, over the image and lesion by lesion.

    A map that nothing can be read from gets rows with the reason, never a number.
    """
    reason = attribution.degenerate
    if reason is not None:
        undefined = Undefined(f"the map {reason}")
        return [
            _row(attribution.case_id, attribution.method, name, undefined) for name in LOCALIZATION
        ]
    return map_scores(attribution.case_id, attribution.method, attribution.values, case)


def map_scores(case_id: str, method: str, values: FloatArray, case: PreparedCase) -> list[ScoreRow]:
    """Scores of a map that can be read; see `score_rows`."""
    rows = [
        _row(case_id, method, name, score)
        for name, score in score_map(values, case.lesions, case.inside).items()
    ]
    if len(case.lesions):
        masses = lesion_masses(values, case.lesions, case.inside)
        hits = lesion_hits(values, case.lesions, case.inside)
        for lesion, (mass, hit) in enumerate(zip(masses, hits, strict=True)):
            rows.append(ScoreRow(case_id, method, "lesion_mass", float(mass), None, lesion))
            rows.append(ScoreRow(case_id, method, "lesion_hit", float(hit), None, lesion))
    return rows


def reference_scores(case: PreparedCase, grid: tuple[int, int] | None) -> list[ScoreRow]:
    """What maps score that know nothing of the detector; no rows without a lesion.

    Args:
        case: on the input grid.
        grid: rows and columns of the feature map that Grad-CAM reads; None without one.
    """
    if not case.lesions.any():
        return []
    shape = (case.inside.shape[0], case.inside.shape[1])
    maps = {
        AREA_CHANCE: case.inside.astype("float32"),
        "center_gaussian": center_gaussian(shape, case.inside),
        "edge_map": edge_map(case.image),
    }
    if grid is not None:
        maps["ideal_on_grid"] = ideal_on_grid(case.lesions, grid, shape)
    rows: list[ScoreRow] = []
    for name, values in maps.items():
        rows.extend(map_scores(case.case.case_id, name, values, case))
    # A map that is equal everywhere has no peaks, so chance has no rate of lesions hit by them.
    return [
        row
        for row in rows
        if row.method != AREA_CHANCE or row.metric not in {"lesion_hit_rate", "lesion_hit"}
    ]


def _row(case_id: str, method: str, metric: str, score: Score) -> ScoreRow:
    if isinstance(score, Undefined):
        return ScoreRow(case_id, method, metric, None, score.reason)
    return ScoreRow(case_id, method, metric, float(score), None)
