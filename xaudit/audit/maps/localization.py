"""Localization: each method's maps beside the annotated lesions, and beside what knows nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.scores.agreement import CONSENSUS
from xaudit.audit.scores.patient_means import Means, is_share
from xaudit.audit.scores.score import MEAN_MASK, REFERENCES, map_scores
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, ScoreRow
from xaudit.core.case import Case, FloatArray, PreparedCase
from xaudit.core.grid import Grid
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import CROSS, Finding
from xaudit.fairness.groups import levels
from xaudit.metrics.maps import localization, peaks, thresholded
from xaudit.metrics.maps.localization import FURTHER, LOCALIZATION, OF_FOREGROUND
from xaudit.metrics.package_metrics import added

BY_GROUP = ("mass", "hit")
_ALWAYS_READABLE = "center_gaussian"


def with_lesions(results: Results) -> list[CaseRow]:
    """The explained cases that localization is about."""
    return [row for row in results.cases if row.sampled and row.label and row.lesions > 0]


def localization_findings(
    results: Results, methods: Sequence[str], means: Means
) -> Iterator[Finding]:
    """Mean scores over the explained cases with lesions, overall and by group.

    "scored" is the mean over maps that can be read; in the "worst_case" a map that is missing
    or degenerate scores 0, the worst value of every metric here but one, where 0 is chance. Cases
    in which not even a blob in the middle has the score are left out of both: it is not the map
    that lacks something, but the lesions lie outside the image, there is one where two are
    needed, or the spacing for a tolerance in millimeters is not known. Of a metric of another
    package the worst value is its bound on that side, and without one there is no worst case.
    "converged" leaves out maps that did not converge, where a method has any. Outlined lesions and
    boxes are also taken apart where a study has boxes: a box flatters the mass.

    Args:
        results: of the run; scores of the mean lesion mask may have been added to it.
        methods: attribution methods of the plan.
        means: how means are estimated.
    """
    rows, report = with_lesions(results), _Report(results, means)
    for method in (*methods, *REFERENCES, CONSENSUS):
        for metric in (*LOCALIZATION, *FURTHER, OF_FOREGROUND, *report.added):
            if report.has(method, metric) or method in methods:
                yield from report.findings(rows, method, metric, {})
    for method in methods:
        yield from report.converged(rows, method)
    yield from _strata(report, rows, methods)
    yield from _groups(report, rows, methods)


def _groups(report: _Report, rows: Sequence[CaseRow], methods: Sequence[str]) -> Iterator[Finding]:
    # Of the few cases that are explained, hardly any lie where two columns meet.
    single = [{k: v for k, v in row.groups.items() if CROSS not in k} for row in rows]
    for column, by_level in levels(single).items():
        for level, chosen in by_level.items():
            inside = [row for row, kept in zip(rows, chosen, strict=True) if kept]
            for method in methods:
                for metric in BY_GROUP:
                    scope = {"group": column, "level": level}
                    yield from report.findings(inside, method, metric, scope)


def _strata(report: _Report, rows: Sequence[CaseRow], methods: Sequence[str]) -> Iterator[Finding]:
    forms = sorted({row.form for row in rows})
    for form in forms if forms != ["mask"] else ():
        of_form = [row for row in rows if row.form == form]
        for method in (*methods, *REFERENCES):
            for metric in BY_GROUP:
                yield from report.findings(of_form, method, metric, {"form": form})


class _Report:
    """Means with intervals for one audit."""

    def __init__(self, results: Results, means: Means) -> None:
        self._scores, self._means = results.by_score, means
        self.added = {one.facts.name: _worst(one.facts) for one in added("map")}
        self._stopped = {
            (row.case_id, row.method)
            for row in results.maps
            if row.residual is not None and row.residual.converged is False
        }

    def has(self, method: str, metric: str) -> bool:
        """Whether any case has such a score: ranks have no mass."""
        return any(one.value is not None for one in self._scores.get((method, metric), {}).values())

    def findings(
        self, rows: Sequence[CaseRow], method: str, metric: str, scope: dict[str, str]
    ) -> Iterable[Finding]:
        scores = self._scores.get((method, metric), {})
        always = self._scores.get((_ALWAYS_READABLE, metric), {})
        rows = [row for row in rows if _reason(always.get(row.case_id)) is None]
        known = [row for row in rows if _value(scores.get(row.case_id)) is not None]
        yield self._mean(known, scores, metric, {**scope, "method": method, "analysis": "scored"})
        worst = self.added.get(metric, 0.0)
        if method not in (*REFERENCES, CONSENSUS) and worst is not None:
            full = {**scope, "method": method, "analysis": "worst_case"}
            yield self._mean(rows, scores, metric, full, worst)

    def converged(self, rows: Sequence[CaseRow], method: str) -> Iterator[Finding]:
        """The same over maps that converged, where some did not."""
        if not any((row.case_id, method) in self._stopped for row in rows):
            return
        for metric in BY_GROUP:
            scores = self._scores.get((method, metric), {})
            used = [
                row
                for row in rows
                if (row.case_id, method) not in self._stopped
                and _value(scores.get(row.case_id)) is not None
            ]
            yield self._mean(used, scores, metric, {"method": method, "analysis": "converged"})

    def _mean(
        self,
        rows: Sequence[CaseRow],
        scores: Mapping[str, ScoreRow],
        metric: str,
        scope: dict[str, str],
        worst: float = 0.0,
    ) -> Finding:
        found = (_value(scores.get(row.case_id)) for row in rows)
        values = [worst if value is None else value for value in found]
        patients = [row.patient for row in rows]
        return self._means.finding(metric, scope, values, patients, share=is_share(metric))


def _worst(facts: MetricFacts) -> float | None:
    return facts.low if facts.better == "higher" else facts.high


def _reason(score: ScoreRow | None) -> str | None:
    return None if score is None else score.undefined


def _value(score: ScoreRow | None) -> float | None:
    return None if score is None else score.value


def mean_mask_scores(
    results: Results, cases: Mapping[str, Case], tolerance: str, views: int = 1
) -> list[ScoreRow]:
    """What the mean lesion mask of the other patients scores, for each explained case.

    Args:
        results: of the run.
        cases: id → case of the study.
        tolerance: how far from a lesion a peak may lie; see `reach_of`.
        views: that lie one under another in the maps.
    """
    rows = [row for row in with_lesions(results) if row.logit is not None]
    masks = {row.case_id: results.array(row.case_id, "lesions") for row in rows}
    unions = {case_id: lesions.any(axis=0) for case_id, lesions in masks.items()}
    scores: list[ScoreRow] = []
    for row in rows:
        others = [unions[other.case_id] for other in rows if other.patient != row.patient]
        if others:
            mean = np.stack(others).mean(axis=0, dtype=np.float32)
            inside = results.array(row.case_id, "inside")
            film = _film(results, row.case_id)
            prepared = PreparedCase(
                cases[row.case_id],
                np.zeros((1, *inside.shape), dtype=np.float32) if film is None else film,
                masks[row.case_id],
                inside,
                Grid(inside.shape),
                Grid(inside.shape, row.pixel_mm, views),
            )
            made = map_scores(MEAN_MASK, mean, prepared, tolerance)
            # Where the body lies can only be seen on the film.
            scores.extend(one for one in made if film is not None or one.metric != OF_FOREGROUND)
    return scores


def _film(results: Results, case_id: str) -> FloatArray | None:
    """(C, H, W) in [0, 1]; None where the audit keeps no radiographs."""
    if not results.pictured(case_id):
        return None
    return results.array(case_id, "image").astype(np.float32) / np.float32(255)


@as_analysis("localization", 70, ["maps"], metrics=(localization, peaks, thresholded))
def _localization(material: Material) -> Iterator[Finding]:
    return localization_findings(material.results, material.methods, material.means)
