"""Scores of the maps of a case on what each annotator outlined, and of outlines as maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from xaudit.audit.scores.readings import ANNOTATOR
from xaudit.audit.scores.score import AREA_CHANCE
from xaudit.audit.store.store import ProbeRow
from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.metric import Score, Undefined
from xaudit.metrics.maps.localization import hit, mass

MAP_METRICS = {"mass": mass, "hit": hit}


def annotator_map_rows(
    drawn: Mapping[str, PreparedCase], maps: Mapping[str, FloatArray | Undefined]
) -> Iterator[ProbeRow]:
    """Rows of one case.

    Of maps: facet "annotator", level the annotator whose outlines they are scored on. Of outlines,
    taken as maps that are equal within: without a method, facet who outlined the map.

    Args:
        drawn: annotator → the case with the lesions that this annotator outlined; those alone who
            outlined any.
        maps: method → its map on the input grid, or why there is none.
    """
    for name, case in drawn.items():
        chance = case.inside.astype(np.float32)
        for method, values in {**maps, AREA_CHANCE: chance}.items():
            for metric, score in MAP_METRICS.items():
                known = _scored(score, values, case)
                yield _row(case, method, metric, (ANNOTATOR, name), known)
        for other in (one for one in drawn if one != name):
            outline = drawn[other].lesion_mask.astype(np.float32)
            on_it = mass(outline, case.lesions, case.inside)
            yield _row(case, "", "mass", (other, name), on_it)


def _scored(
    score: Callable[..., Score], values: FloatArray | Undefined, case: PreparedCase
) -> Score:
    if isinstance(values, Undefined):
        return values
    return score(values, case.lesions, case.inside)


def _row(
    case: PreparedCase, method: str, metric: str, varied: tuple[str, str], score: Score
) -> ProbeRow:
    value, reason = (None, score.reason) if isinstance(score, Undefined) else (float(score), None)
    return ProbeRow(case.case.case_id, method, metric, *varied, value, reason)
