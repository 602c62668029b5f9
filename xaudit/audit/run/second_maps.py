"""Maps that are made again, of another detector or another image, and how they are compared."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from xaudit.audit.store.results import Results
from xaudit.audit.store.store import ProbeRow
from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.message import Message
from xaudit.core.metric import Score, Undefined
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.port import Context, Explainer
from xaudit.explain.schedule import Job, explain_all

MISSING = Undefined(Message("the map could not be made"))
Maps = Mapping[tuple[str, str], FloatArray | Undefined]
"""(case, method) → the map, or why there is none."""


def maps_again(
    explainers: Sequence[Explainer],
    cases: Sequence[PreparedCase],
    context: Context,
    evaluator: Evaluator,
) -> Maps:
    """The map of every method on every case.

    Args:
        explainers: the methods.
        cases: on the input grid.
        context: of the plan, or with another seed.
        evaluator: of the detector that is explained.
    """
    jobs = [Job(case, explainer) for case in cases for explainer in explainers]
    maps: dict[tuple[str, str], FloatArray | Undefined] = {}
    for outcome in explain_all(evaluator, jobs, context):
        key = (outcome.job.case.case.case_id, outcome.job.explainer.name)
        made = outcome.attribution
        if made is None:
            maps[key] = Undefined(
                Message("no second map: {error}", error=type(outcome.error).__name__)
            )
        else:
            maps[key] = made.values
    return maps


def stored_maps(results: Results, case_ids: Collection[str]) -> Maps:
    """The maps of the audit on these cases, as they were stored."""
    maps: dict[tuple[str, str], FloatArray | Undefined] = {}
    for row in results.maps:
        if row.case_id in case_ids:
            key = (row.case_id, row.method)
            if row.error is not None:
                maps[key] = MISSING
            elif row.degenerate is not None:
                maps[key] = Undefined(Message(f"the map {row.degenerate}"))
            else:
                maps[key] = results.array(*key)
    return maps


def compared(score: Callable[..., Score], *maps: FloatArray | Undefined, **known: object) -> Score:
    """The score of maps, or why one of them is missing."""
    missing = [map_ for map_ in maps if isinstance(map_, Undefined)]
    return missing[0] if missing else score(*maps, **known)


def check_row(
    case: PreparedCase, method: str, metric: str, score: Score, facet: str = "", level: str = ""
) -> ProbeRow:
    """A score as it is stored; without a level the facet is left out."""
    value, reason = (None, score.reason) if isinstance(score, Undefined) else (float(score), None)
    facet = facet if level else ""
    return ProbeRow(case.case.case_id, method, metric, facet, level, value, reason)
