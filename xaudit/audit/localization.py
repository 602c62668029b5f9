"""How well each method's maps agree with the annotated lesions, beside what knows nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from xaudit.audit.config import StatisticsConfig
from xaudit.audit.results import Results
from xaudit.audit.score import AREA_CHANCE, MEAN_MASK, REFERENCES, map_scores
from xaudit.audit.store import CaseRow, ScoreRow
from xaudit.core.case import Case, PreparedCase
from xaudit.core.estimate import Estimate
from xaudit.core.finding import CROSS, Finding
from xaudit.core.metric import METRICS
from xaudit.core.seeds import generator_for
from xaudit.fairness.groups import apply_size_rule, levels
from xaudit.metrics.localization import LOCALIZATION
from xaudit.stats.bootstrap import clustered_mean

BY_GROUP = ("mass", "hit")


def localization_findings(
    results: Results, methods: Sequence[str], statistics: StatisticsConfig, seed: int, unit: str
) -> list[Finding]:
    """Mean scores over the explained cases with lesions, overall and by group.

    "scored" is the mean over maps that can be read; in the "worst_case" a map that is missing
    or degenerate scores 0, the worst value of every metric here.

    Args:
        results: of the run; scores of the mean lesion mask may have been added to it.
        methods: attribution methods of the plan.
        statistics: level, draws and minimum sizes.
        seed: of the plan.
        unit: what a patient is called in this study.
    """
    rows = [row for row in results.cases if row.sampled and row.label and row.lesions > 0]
    report = _Report(results, statistics, seed, unit)
    findings: list[Finding] = []
    for method in (*methods, *REFERENCES):
        for metric in LOCALIZATION:
            if (method, metric) != (AREA_CHANCE, "lesion_hit_rate"):
                findings.extend(report.findings(rows, method, metric, {}))
    # Of the few cases that are explained, hardly any lie where two columns meet.
    single = [{k: v for k, v in row.groups.items() if CROSS not in k} for row in rows]
    for column, by_level in levels(single).items():
        for level, chosen in by_level.items():
            inside = [row for row, kept in zip(rows, chosen, strict=True) if kept]
            for method in methods:
                for metric in BY_GROUP:
                    scope = {"group": column, "level": level}
                    findings.extend(report.findings(inside, method, metric, scope))
    return findings


class _Report:
    """Means with intervals for one audit."""

    def __init__(
        self, results: Results, statistics: StatisticsConfig, seed: int, unit: str
    ) -> None:
        self._scores = results.by_score
        self._statistics, self._seed, self._unit = statistics, seed, unit

    def findings(
        self, rows: Sequence[CaseRow], method: str, metric: str, scope: dict[str, str]
    ) -> Iterable[Finding]:
        scores = self._scores.get((method, metric), {})
        analyses = ("scored",) if method in REFERENCES else ("scored", "worst_case")
        for analysis in analyses:
            full = {**scope, "method": method, "analysis": analysis}
            known = [row for row in rows if _value(scores.get(row.case_id)) is not None]
            used = rows if analysis == "worst_case" else known
            values = np.array([_value(scores.get(row.case_id)) or 0.0 for row in used])
            key = ",".join(f"{name}={value}" for name, value in sorted(full.items()))
            share = METRICS[metric].facts.high == 1.0
            estimate = self._mean(used, values, f"{metric}[{key}]", share)
            yield Finding(
                metric,
                full,
                apply_size_rule(estimate, len(used), self._statistics.minimum),
                positives=len(used),
            )

    def _mean(self, rows: Sequence[CaseRow], values: np.ndarray, key: str, share: bool) -> Estimate:
        if not rows:
            return Estimate.missing("no explained case with an annotated lesion", unit=self._unit)
        estimate = clustered_mean(
            values,
            [row.patient for row in rows],
            generator_for(self._seed, "bootstrap", key),
            draws=self._statistics.draws,
            share=share,
        )
        return replace(estimate, unit=self._unit)


def _value(score: ScoreRow | None) -> float | None:
    return None if score is None else score.value


def mean_mask_scores(results: Results, cases: dict[str, Case]) -> list[ScoreRow]:
    """What the mean lesion mask of the other patients scores, for each explained case.

    Args:
        results: of the run.
        cases: id → case of the study.
    """
    rows = [row for row in results.cases if row.sampled and row.label and row.lesions > 0]
    rows = [row for row in rows if _has_arrays(results, row)]
    masks = {row.case_id: results.array(row.case_id, "lesions") for row in rows}
    unions = {case_id: lesions.any(axis=0) for case_id, lesions in masks.items()}
    scores: list[ScoreRow] = []
    for row in rows:
        others = [unions[other.case_id] for other in rows if other.patient != row.patient]
        if others:
            mean = np.stack(others).mean(axis=0, dtype=np.float32)
            inside = results.array(row.case_id, "inside")
            image = results.array(row.case_id, "image").astype(np.float32)
            prepared = PreparedCase(
                cases[row.case_id], image, masks[row.case_id], inside, inside.shape
            )
            scores.extend(map_scores(row.case_id, MEAN_MASK, mean, prepared))
    return scores


def _has_arrays(results: Results, row: CaseRow) -> bool:
    return row.logit is not None
