"""Demands on the audit and on the study themselves."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.record.finding import Finding, Findings

COUNTED = Message("count of this audit, no sampling")
"""An interval without width: the share is that of this audit and speaks of no other cases."""

DERIVED: Mapping[str, str] = MappingProxyType(
    {
        "failed_share": Message("What share of the cases that were not excluded has no score?"),
        "unexplained_share": Message(
            "What share of the cases sampled to be explained lacks a map?"
        ),
        "prevalence_drift": Message(
            "How much larger is the share of fractures than in the baseline?"
        ),
        "share_drift": Message("How much larger is the share of a subgroup than in the baseline?"),
        "score_drift": Message(
            "How much more often than in half of the pairs does a case here score above "
            "one of the baseline?"
        ),
    }
)
"""Metrics that only the gate reads, and what they answer."""


def derived_findings(findings: Findings) -> tuple[Finding, ...]:
    """Shares of cases that failed, counted from the accountability of an audit.

    Args:
        findings: of a finished audit.
    """
    flow = findings.accountability
    audited = flow.listed - flow.excluded
    return (
        Finding("failed_share", {}, _share(audited - flow.scored, audited)),
        Finding("unexplained_share", {}, _share(flow.unexplained, flow.sampled)),
    )


def _share(k: int, n: int) -> Estimate:
    if n == 0:
        return Estimate.missing(Message("there are no such cases"), k=k, n=n)
    return Estimate(k / n, k / n, k / n, COUNTED, k=k, n=n, unit="image")
