"""From interventions to findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from xaudit.audit.config import StatisticsConfig
from xaudit.audit.means import is_share
from xaudit.audit.store import CheckRow
from xaudit.core.estimate import Estimate
from xaudit.core.finding import Finding
from xaudit.core.seeds import generator_for
from xaudit.fairness.groups import apply_size_rule
from xaudit.stats.bootstrap import clustered_mean


def shortcut_findings(
    rows: Sequence[CheckRow],
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
    groups: dict[tuple[str, str, str, str, str], list[CheckRow]] = defaultdict(list)
    for row in rows:
        groups[row.metric, row.method, row.facet, row.level, ""].append(row)
        if row.method and row.case_id in normal:
            groups[row.metric, row.method, row.facet, row.level, "normal"].append(row)
    for (metric, method, facet, level, label), members in groups.items():
        scope = {facet: level, "method": method, "label": label}
        scope = {key: value for key, value in scope.items() if key and value}
        known = {one.case_id: one.value for one in members if one.value is not None}
        why = next((one.undefined for one in members if one.undefined), "")
        inner = ",".join(f"{key}={value}" for key, value in sorted(scope.items()))
        rng = generator_for(seed, "bootstrap", f"{metric}[{inner}]")
        if known:
            estimate = clustered_mean(
                np.array(list(known.values())), [patients[one] for one in known], rng,
                statistics.draws, share=is_share(metric),
            )  # fmt: skip
            estimate = apply_size_rule(estimate, len(known), statistics.minimum, "cases")
        else:
            estimate = Estimate.missing(f"no case has a value; for example: {why}")
        yield Finding(metric, scope, replace(estimate, unit=unit), positives=len(known))
