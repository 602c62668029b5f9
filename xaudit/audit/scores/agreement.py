"""Agreement of the methods on each case, and the map on which they agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from xaudit.audit.scores.map_details import score_row
from xaudit.audit.scores.patient_means import Means
from xaudit.audit.scores.score import map_scores
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import ScoreRow
from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.message import Message
from xaudit.core.metric import Undefined
from xaudit.core.record.finding import Finding
from xaudit.metrics.maps.agreement import agreement, consensus

CONSENSUS = "consensus"
NAME = agreement.facts.name
_OF_MASS = frozenset(
    {
        "mass",
        "enrichment",
        "chance_corrected_mass",
        "foreground_mass",
        "other_lesion_mass",
        "iou_otsu",
    }
)
"""Scores that ranks cannot have: they add values, or ask how they are distributed."""


def agreement_rows(
    maps: Mapping[str, FloatArray], case: PreparedCase, tolerance: str
) -> Iterator[ScoreRow]:
    """Agreement of every two methods on one case, and scores of the consensus.

    Args:
        maps: method → map; those that nothing can be read from are left out.
        case: on the input grid.
        tolerance: how far from a lesion a peak may lie; see `reach_of`.
    """
    case_id = case.case.case_id
    for first, second in combinations(maps, 2):
        score = agreement(maps[first], maps[second], case.inside)
        if isinstance(score, Undefined):
            yield ScoreRow(case_id, first, NAME, None, score.reason, at=second)
        else:
            yield ScoreRow(case_id, first, NAME, score, None, at=second)
    together = consensus(list(maps.values()), case.inside)
    if isinstance(together, Undefined) or not case.lesions.any():
        return
    no_mass = Undefined(Message("ranks have no mass"))
    for row in map_scores(CONSENSUS, together, case, tolerance):
        if row.metric in _OF_MASS:
            yield score_row(case_id, CONSENSUS, row.metric, no_mass)
        elif row.metric != "lesion_mass":
            yield row


def agreement_findings(results: Results, methods: Sequence[str], means: Means) -> Iterator[Finding]:
    """Mean agreement of every two methods over the explained cases.

    Args:
        results: of the run.
        methods: attribution methods of the plan.
        means: how means are estimated.
    """
    table = case_agreements(results)
    patients = {row.case_id: row.patient for row in results.cases}
    for first, second in combinations(methods, 2):
        known = table.get((first, second), {})
        scope = {"method": first, "other": second}
        chosen = [patients[case_id] for case_id in known]
        values = np.array(list(known.values()))
        yield means.finding(
            NAME, scope, values, chosen, none=Message("no explained case with both maps")
        )


def case_agreements(results: Results) -> Mapping[tuple[str, str], Mapping[str, float]]:
    """(method, other) → case → agreement, of the sample."""
    sampled = {row.case_id for row in results.cases if row.sampled}
    table: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row in results.scores:
        if row.metric == NAME and row.value is not None and row.case_id in sampled:
            table[row.method, row.at or ""][row.case_id] = row.value
    return table


def mean_by_case(results: Results) -> dict[str, float]:
    """Mean agreement over all pairs of methods, for each case that has any."""
    found: dict[str, list[float]] = defaultdict(list)
    for by_case in case_agreements(results).values():
        for case_id, value in by_case.items():
            found[case_id].append(value)
    return {case_id: float(np.mean(values)) for case_id, values in found.items()}
