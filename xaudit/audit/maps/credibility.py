"""Findings of the checks of the explanations, method by method."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.scores.patient_means import is_share
from xaudit.audit.scores.probe_tables import CHECKS
from xaudit.audit.store.store import ProbeRow
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import Undefined
from xaudit.core.record.finding import Finding
from xaudit.core.seeds import generator_for
from xaudit.metrics.maps import faithfulness, randomization, readability, stability
from xaudit.metrics.maps.faithfulness import image_reliability
from xaudit.stats.resampling.bootstrap import bootstrap, clustered_mean

# Over these the mean of a case is taken before that over cases.
_POOLED = {
    "symmetric_relevance_gain": "baseline",
    "stability": "disturbance",
    "label_randomization_similarity": "detector",
    "reproducibility": "detector",
}
_ON_DEMAND = {"label_randomization_similarity", "reproducibility"}


def credibility_findings(
    rows: Sequence[ProbeRow],
    patients: Mapping[str, str],
    statistics: StatisticsConfig,
    seed: int,
    unit: str,
) -> list[Finding]:
    """Means over cases of every check, with intervals over patients.

    Scope: ``method``, and ``baseline``, ``layers``, ``disturbance`` or ``detector`` where the check
    varies one. All but layers also come as the mean over what was varied, without that key. A case
    in which a check has no value is left out of its mean: ``n`` says how many entered.

    Args:
        rows: of the checks.
        patients: case → patient.
        statistics: draws.
        seed: of the plan.
        unit: what a patient is called in this study.
    """
    groups: dict[tuple[str, str, str, str], dict[str, ProbeRow]] = defaultdict(dict)
    for row in rows:
        groups[row.method, row.metric, row.facet, row.level][row.case_id] = row
    report = _Report(patients, statistics, seed, unit)
    findings = []
    for (method, metric, facet, level), by_case in groups.items():
        scope = {"method": method} | ({facet: level} if facet else {})
        values = {key: row.value for key, row in by_case.items() if row.value is not None}
        why = next((row.undefined for row in by_case.values() if row.undefined), None)
        findings.append(report.mean(metric, scope, values, why))
    for method in dict.fromkeys(row.method for row in rows):
        findings.extend(report.pooled(method, groups))
        findings.extend(report.reliability(method, groups))
    return findings


_Groups = Mapping[tuple[str, str, str, str], Mapping[str, ProbeRow]]


class _Report:
    """Means with intervals for one audit."""

    def __init__(
        self, patients: Mapping[str, str], statistics: StatisticsConfig, seed: int, unit: str
    ) -> None:
        self._patients, self._statistics = patients, statistics
        self._seed, self._unit = seed, unit

    def mean(
        self,
        metric: str,
        scope: Mapping[str, str],
        values: Mapping[str, float],
        why: str | None,
    ) -> Finding:
        """The mean over cases; without any, one of the reasons why they have none."""
        if not values:
            reason = Message(
                "no case has a value; for example: {why}",
                why=why or Message("no cases were checked"),
            )
            return Finding(metric, scope, Estimate.missing(reason, unit=self._unit))
        estimate = clustered_mean(
            np.array(list(values.values())),
            [self._patients[case_id] for case_id in values],
            self._rng(metric, scope),
            draws=self._statistics.draws,
            share=is_share(metric),
        )
        return Finding(metric, scope, replace(estimate, unit=self._unit))

    def pooled(self, method: str, groups: _Groups) -> Iterator[Finding]:
        """Means over baselines or disturbances, case by case."""
        for metric, facet in _POOLED.items():
            if metric in _ON_DEMAND and (method, metric) not in {key[:2] for key in groups}:
                continue
            table = _by_case(groups, method, metric, facet)
            values = {case_id: float(np.mean(list(one.values()))) for case_id, one in table.items()}
            why = next((row.undefined for key, by_case in groups.items()
                        if key[:3] == (method, metric, facet)
                        for row in by_case.values() if row.undefined), None)  # fmt: skip
            yield self.mean(metric, {"method": method}, values, why)

    def reliability(self, method: str, groups: _Groups) -> Iterator[Finding]:
        """How far the gain of a single image can be relied on."""
        table = _by_case(groups, method, "symmetric_relevance_gain", "baseline")
        most = max((len(one) for one in table.values()), default=0)
        full = {case_id: one for case_id, one in table.items() if len(one) == most}
        values = np.array([list(one.values()) for one in full.values()])
        scope = {"method": method}
        if len(full) < 2 or most < 2:
            reason = Message("{n} cases have a gain under every baseline, 2 needed", n=len(full))
            if len(full) == 1:
                reason = Message("1 case has a gain under every baseline, 2 needed")
            yield Finding("image_reliability", scope, Estimate.missing(reason, unit=self._unit))
            return

        def statistic(rows: np.ndarray) -> float | None:
            score = image_reliability(values[rows])
            return None if isinstance(score, Undefined) else score

        estimate = bootstrap(
            statistic,
            [self._patients[case_id] for case_id in full],
            self._rng("image_reliability", scope),
            self._statistics.draws,
        )
        yield Finding("image_reliability", scope, replace(estimate, unit=self._unit))

    def _rng(self, metric: str, scope: Mapping[str, str]) -> np.random.Generator:
        inner = ",".join(f"{key}={value}" for key, value in sorted(scope.items()))
        return generator_for(self._seed, "bootstrap", f"{metric}[{inner}]")


def _by_case(groups: _Groups, method: str, metric: str, facet: str) -> dict[str, dict[str, float]]:
    """Case → level → value, of the values that there are."""
    table: dict[str, dict[str, float]] = defaultdict(dict)
    for (one, name, varied, level), by_case in groups.items():
        if (one, name, varied) == (method, metric, facet):
            for case_id, row in by_case.items():
                if row.value is not None:
                    table[case_id][level] = row.value
    return table


@as_analysis(
    "checks of maps", 80, [CHECKS], metrics=(faithfulness, randomization, readability, stability)
)
def _credibility(material: Material) -> list[Finding]:
    return credibility_findings(
        material.rows_of(CHECKS),
        material.patients,
        material.statistics,
        material.seed,
        material.unit,
    )
