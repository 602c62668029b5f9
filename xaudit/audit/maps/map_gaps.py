"""Gaps of maps: subgroups whose maps lie in the lesion, or decide the score, less than others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.maps.localization import BY_GROUP, with_lesions
from xaudit.audit.scores.patient_means import Means
from xaudit.audit.scores.probe_tables import CHECKS
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, ProbeRow
from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message, counted
from xaudit.core.record.finding import CROSS, Finding
from xaudit.fairness.groups import apply_size_rule, levels
from xaudit.stats.resampling.bootstrap import clustered_difference

FAITHFULNESS = "symmetric_relevance_gain"
Values = Mapping[str, float]


def localization_gap_findings(
    results: Results, methods: Sequence[str], means: Means
) -> Iterator[Finding]:
    """Mean mass and hits of each level of each column, minus those of all other cases.

    Of the explained cases with lesions; in the worst case a map that is missing or degenerate
    scores 0. Patients are resampled jointly.

    Args:
        results: of the run.
        methods: attribution methods of the plan.
        means: how means are estimated.
    """
    rows = with_lesions(results)
    for method in methods:
        for metric in BY_GROUP:
            scores = results.by_score.get((method, metric), {})
            known = {key: one.value for key, one in scores.items() if one.value is not None}
            worst = {row.case_id: known.get(row.case_id, 0.0) for row in rows}
            for analysis, values in (("scored", known), ("worst_case", worst)):
                scope = {"method": method, "analysis": analysis}
                yield from _gaps(rows, values, (metric, scope), means)


def faithfulness_findings(
    checks: Sequence[ProbeRow], results: Results, means: Means
) -> Iterator[Finding]:
    """The gain of each level, and how far it is from that of all other checked cases.

    The gain of a case is its mean over the baselines; see `credibility_findings`.

    Args:
        checks: of the explanations.
        results: of the run.
        means: how means are estimated.
    """
    own: dict[str, dict[str, list[float]]] = {}
    for row in checks:
        if row.metric == FAITHFULNESS and row.value is not None:
            own.setdefault(row.method, {}).setdefault(row.case_id, []).append(row.value)
    for method, by_case in own.items():
        values = {case_id: float(np.mean(some)) for case_id, some in by_case.items()}
        rows = [row for row in results.cases if row.case_id in values]
        for column, level, inside in _levels(rows):
            scope = {"method": method, "group": column, "level": level}
            here = [row for row, kept in zip(rows, inside, strict=True) if kept]
            yield means.finding(
                FAITHFULNESS,
                scope,
                [values[row.case_id] for row in here],
                [row.patient for row in here],
                none=Message("no checked case"),
            )
        yield from _gaps(rows, values, (FAITHFULNESS, {"method": method}), means)


def _gaps(
    rows: Sequence[CaseRow], values: Values, what: tuple[str, Mapping[str, str]], means: Means
) -> Iterator[Finding]:
    metric, base = what
    kept = [row for row in rows if row.case_id in values]
    array = np.array([values[row.case_id] for row in kept], dtype=np.float64)
    patients = [row.patient for row in kept]
    for column, level, inside in _levels(kept):
        scope = {**base, "group": column, "level": level, "compared": "rest"}
        smaller = min(int(inside.sum()), int((~inside).sum()))
        rng = means.rng(f"{metric}_gap", scope)
        # Bootstraps of small sides are not worth their draws: the size rule takes them away.
        if smaller < max(1, means.statistics.minimum[0]):
            why = Message(
                "{n} {units} on one side, {least} needed",
                n=smaller,
                units=counted("case", smaller),
                least=means.statistics.minimum[0],
            )
            estimate = Estimate.missing(why, n=len(kept), unit=means.unit)
        else:
            draws = means.statistics.draws
            found = clustered_difference(array, inside, patients, rng, draws)
            sized = apply_size_rule(found, smaller, means.statistics.minimum, _ONE_SIDE)
            estimate = replace(sized, unit=means.unit)
        yield Finding(f"{metric}_gap", scope, estimate, positives=smaller)


_ONE_SIDE = Message("{units} on one side", units=Message("cases"))


def _levels(rows: Sequence[CaseRow]) -> Iterator[tuple[str, str, BoolArray]]:
    """Column, level and its cases; few cases are explained, so intersections are left out."""
    single = [{k: v for k, v in row.groups.items() if CROSS not in k} for row in rows]
    for column, by_level in levels(single).items():
        for level, inside in by_level.items():
            yield column, level, inside


@as_analysis("localization of groups", 71, ["maps"])
def _localization_gap(material: Material) -> Iterator[Finding]:
    return localization_gap_findings(material.results, material.methods, material.means)


@as_analysis("faithfulness of groups", 90, [CHECKS])
def _faithfulness(material: Material) -> Iterator[Finding]:
    return faithfulness_findings(material.rows_of(CHECKS), material.results, material.means)
