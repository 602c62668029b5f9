"""Rows of scores of a map, of attribution methods and of maps that look at nothing."""

from __future__ import annotations

from functools import lru_cache, partial

from xaudit.audit.scores.map_details import (
    EXTENT,
    extent_rows,
    lesion_rows,
    overlap_rows,
    peak_rows,
    score_row,
    threshold_rows,
)
from xaudit.audit.store.store import ScoreRow
from xaudit.core.attribution import AttributionMap
from xaudit.core.case import BoolArray, FloatArray, PreparedCase
from xaudit.core.message import Message
from xaudit.core.metric import Undefined
from xaudit.explain.methods.reference_maps import (
    center_gaussian,
    edge_map,
    ideal_on_grid,
    intensity_map,
)
from xaudit.explain.perturbation.foreground import foreground
from xaudit.metrics.maps.localization import (
    FURTHER,
    LOCALIZATION,
    OF_FOREGROUND,
    foreground_mass,
    score_map,
)
from xaudit.metrics.maps.peaks import peaks_by_chance, reach_of
from xaudit.metrics.package_metrics import added, added_map_scores

AREA_CHANCE = "area_chance"
MEAN_MASK = "mean_lesion_mask"
REFERENCES = {
    AREA_CHANCE: Message(
        "What a map scores that is equal everywhere in the image, or points at random."
    ),
    "center_gaussian": Message("What a blob in the middle of the image scores."),
    "edge_map": Message("What the edges of the image score, without any detector."),
    "intensity_map": Message("What the brightness of the image scores, without any detector."),
    MEAN_MASK: Message("What the mean of the other patients' lesions scores."),
    "ideal_on_grid": Message(
        "What the lesion itself scores, rendered on the detector's feature grid."
    ),
}


def score_rows(attribution: AttributionMap, case: PreparedCase, tolerance: str) -> list[ScoreRow]:
    """Every score of one map, over the image and lesion by lesion.

    A map that nothing can be read from gets rows with the reason, never a number.

    Args:
        attribution: the map.
        case: on the input grid.
        tolerance: how far from a lesion a peak may lie; see `reach_of`.
    """
    case_id, method, values = attribution.case_id, attribution.method, attribution.values
    reach, reason = reach_of(tolerance, case.grid), attribution.degenerate_on(case.inside)
    if reason is not None:
        undefined = Undefined(Message(f"the map {reason}"))
        brought = (one.facts.name for one in added("map"))
        names = (*LOCALIZATION, *FURTHER, OF_FOREGROUND, *EXTENT, *brought)
        return [score_row(case_id, method, name, undefined) for name in names]
    return [
        *map_scores(method, values, case, tolerance),
        *extent_rows(method, values, case),
        *peak_rows(method, values, case, reach),
        *threshold_rows(method, values, case),
    ]


def map_scores(
    method: str, values: FloatArray, case: PreparedCase, tolerance: str
) -> list[ScoreRow]:
    """Localization scores of a map that can be read; see `score_rows`."""
    case_id, reach = case.case.case_id, reach_of(tolerance, case.grid)
    scores = score_map(values, case.lesions, case.inside, reach)
    scores[OF_FOREGROUND] = foreground_mass(values, case.lesions, _body(case))
    scores |= added_map_scores(values, case.lesions, case.inside)
    rows = [score_row(case_id, method, name, score) for name, score in scores.items()]
    return [*rows, *lesion_rows(method, values, case, reach), *overlap_rows(method, values, case)]


@lru_cache(maxsize=8)
def _body(case: PreparedCase) -> BoolArray:
    """Where the body is: asked by every map of the case."""
    body = case.grid.by_view(foreground, case.image, case.shown)
    # A missing view is foreground as a whole; an examination has no body there.
    return body & case.shown if case.grid.views > 1 else body


def reference_scores(
    case: PreparedCase, grid: tuple[int, int] | None, tolerance: str
) -> list[ScoreRow]:
    """What maps score that know nothing of the detector; no rows without a lesion.

    Where every lesion lies outside the image, all rows hold a reason: no map can be scored there.

    Args:
        case: on the input grid.
        grid: rows and columns of the feature map that Grad-CAM reads; None without one.
        tolerance: how far from a lesion a peak may lie; see `reach_of`.
    """
    if not len(case.lesions) and not case.case.lesions:
        return []
    maps = {
        AREA_CHANCE: case.inside.astype("float32"),
        "center_gaussian": case.grid.by_view(partial(center_gaussian, case.grid.view), case.shown),
        "edge_map": case.grid.by_view(edge_map, case.image, case.shown),
        "intensity_map": intensity_map(case.image),
    }
    if grid is not None:
        cells = (grid[0] // case.grid.views, grid[1])
        ideal = partial(ideal_on_grid, grid=cells, shape=case.grid.view)
        maps["ideal_on_grid"] = case.grid.by_view(ideal, case.lesions)
    rows = [
        row for name, values in maps.items() for row in map_scores(name, values, case, tolerance)
    ]
    # A map that is equal everywhere has no peaks: points placed at random stand for it.
    by_chance = peaks_by_chance(case.lesions, case.inside, reach_of(tolerance, case.grid))
    of_peaks = {*by_chance, "lesion_hit"}
    return [
        *(row for row in rows if row.method != AREA_CHANCE or row.metric not in of_peaks),
        *(score_row(case.case.case_id, AREA_CHANCE, *one) for one in by_chance.items()),
    ]
