"""Equivalences: subgroups shown to be equal, up to margins that the audit file declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from xaudit.audit.performance.disparities import SIMULTANEOUS
from xaudit.core.record.finding import EquivalenceFacts, Finding
from xaudit.stats.equivalence import equivalence

Judged = Literal["sensitivity", "specificity", "auc"]
_GAP = "_gap"
_RANGE = "_worst_to_best"


def equivalences(
    findings: Iterable[Finding], margins: Mapping[Judged, float]
) -> Iterator[EquivalenceFacts]:
    """Two one-sided tests of every gap whose interval holds together with all others.

    Of a level they say whether it equals the rest; of a column, whether all of its large enough
    levels equal each other: its range from worst to best has a lower end at 0.

    Args:
        findings: gaps and ranges of the audit.
        margins: metric → largest difference that does not matter.
    """
    for finding in findings:
        of_level = finding.metric.endswith(_GAP) and finding.scope.get("analysis") == SIMULTANEOUS
        of_column = finding.metric.endswith(_RANGE)
        metric = finding.metric.removesuffix(_GAP if of_level else _RANGE)
        margin = next((at for name, at in margins.items() if name == metric), None)
        if (of_level or of_column) and margin is not None:
            found = equivalence(finding.estimate, margin)
            yield EquivalenceFacts(
                finding.metric, dict(finding.scope), found.answer, found.margin, found.alpha
            )
