"""Findings from interventions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.scores.patient_means import is_share
from xaudit.audit.scores.probe_tables import SHORTCUTS
from xaudit.audit.store.store import ProbeRow
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.record.finding import Finding
from xaudit.core.seeds import generator_for
from xaudit.fairness.groups import apply_size_rule
from xaudit.metrics.maps import shortcuts
from xaudit.stats.resampling.bootstrap import clustered_difference, clustered_mean

ELSEWHERE = "elsewhere"
"""What the lesion's shape covers at random places: the control of everything."""
_ADVANTAGE = "lesion_advantage"
_Values = Mapping[str, float]
"""Case → value."""


def shortcut_findings(
    rows: Sequence[ProbeRow],
    patients: Mapping[str, str],
    statistics: StatisticsConfig,
    seed: int,
    unit: str,
    normal: Collection[str] = (),
) -> Iterator[Finding]:
    """Means over the cases in which a thing is there, with intervals over patients.

    Scope: ``removed`` or ``inserted``, and ``method`` for what maps show, which is also told of
    the cases without a fracture alone (``label`` normal): no lesion draws evidence away there.

    Args:
        rows: of the interventions.
        patients: case → patient.
        statistics: draws and minimum sizes.
        seed: of the plan.
        unit: what a patient is called in this study.
        normal: ids of the cases without a fracture.
    """
    groups: dict[tuple[str, str, str, str, str], list[ProbeRow]] = defaultdict(list)
    for row in rows:
        groups[row.metric, row.method, row.facet, row.level, ""].append(row)
        if row.method and row.case_id in normal:
            groups[row.metric, row.method, row.facet, row.level, "normal"].append(row)
    of = _Estimates(patients, statistics, seed, unit)
    for (metric, method, facet, level, label), members in groups.items():
        scope = {facet: level, "method": method, "label": label}
        scope = {key: value for key, value in scope.items() if key and value}
        known = _values(members)
        why = next((member.undefined for member in members if member.undefined), "")
        estimate = of.mean(metric, scope, known, why)
        yield Finding(metric, scope, estimate, positives=len(known))
    lesions = _values(groups.get(("lesion_specific_effect", "", "", "", ""), []))
    for name in dict.fromkeys(row.level for row in rows if row.metric == "other_effect"):
        if name != ELSEWHERE:
            scope = {"removed": name}
            artifacts = _beyond_elsewhere(groups, name)
            estimate = of.advantage(scope, lesions, artifacts)
            yield Finding(_ADVANTAGE, scope, estimate, positives=len(lesions))


@dataclass(frozen=True, slots=True)
class _Estimates:
    """How the figures of one audit are estimated."""

    patients: Mapping[str, str]
    statistics: StatisticsConfig
    seed: int
    unit: str

    def mean(self, metric: str, scope: Mapping[str, str], known: _Values, why: str) -> Estimate:
        """The mean over cases."""
        if not known:
            missing = Estimate.missing(Message("no case has a value; for example: {why}", why=why))
            return replace(missing, unit=self.unit)
        estimate = clustered_mean(
            np.array(list(known.values())), [self.patients[one] for one in known],
            self._draw(metric, scope), self.statistics.draws, share=is_share(metric),
        )  # fmt: skip
        estimate = apply_size_rule(estimate, len(known), self.statistics.minimum, Message("cases"))
        return replace(estimate, unit=self.unit)

    def advantage(self, scope: Mapping[str, str], lesions: _Values, artifacts: _Values) -> Estimate:
        """The mean over cases with a lesion minus that over cases with the artifact.

        A patient is resampled with all cases of both, so that what they share is not counted twice.
        """
        values = [*lesions.values(), *artifacts.values()]
        inside = np.arange(len(values)) < len(lesions)
        estimate = clustered_difference(
            np.array(values, dtype=float), inside,
            [self.patients[one] for one in (*lesions, *artifacts)],
            self._draw(_ADVANTAGE, scope), self.statistics.draws,
        )  # fmt: skip
        fewer = min(len(lesions), len(artifacts))
        estimate = apply_size_rule(estimate, fewer, self.statistics.minimum, Message("cases"))
        if not lesions:
            estimate = Estimate.missing(Message("no case with a lesion has a value"), n=len(values))
        elif not artifacts:
            estimate = Estimate.missing(
                Message("no case with the artifact has a value"), n=len(values)
            )
        return replace(estimate, unit=self.unit)

    def _draw(self, metric: str, scope: Mapping[str, str]) -> np.random.Generator:
        inner = ",".join(f"{key}={value}" for key, value in sorted(scope.items()))
        return generator_for(self.seed, "bootstrap", f"{metric}[{inner}]")


def _values(rows: Sequence[ProbeRow]) -> _Values:
    return {row.case_id: row.value for row in rows if row.value is not None}


def _beyond_elsewhere(
    groups: Mapping[tuple[str, str, str, str, str], Sequence[ProbeRow]], name: str
) -> _Values:
    """By how much each case moves without an artifact, beyond the same shape elsewhere.

    Where there is no such place, as for the border, all of the movement counts.
    """
    effects = _values(groups.get(("other_effect", "", "removed", name, ""), []))
    return {**effects, **_values(groups.get(("artifact_excess", "", "removed", name, ""), []))}


@as_analysis("shortcuts", 110, [SHORTCUTS], metrics=(shortcuts,))
def _shortcuts(material: Material) -> Iterator[Finding]:
    normal = {row.case_id for row in material.results.cases if not row.label}
    return shortcut_findings(
        material.rows_of(SHORTCUTS),
        material.patients, material.statistics, material.seed, material.unit,
        normal,
    )  # fmt: skip
