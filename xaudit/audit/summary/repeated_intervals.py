"""Every interval of an audit at the level of its last analysis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from xaudit.audit.plan.metrics import all_metrics
from xaudit.core.record.finding import CalibrationBin, Finding
from xaudit.core.record.interim import InterimAnalyses
from xaudit.stats.repeated import at_level


def repeated(findings: Iterable[Finding], interim: InterimAnalyses | None) -> tuple[Finding, ...]:
    """The findings with repeated confidence intervals.

    Args:
        findings: with intervals of 95 %.
        interim: that were made; None leaves everything as it is.
    """
    if interim is None:
        return tuple(findings)
    bounds = {metric.name: (metric.low, metric.high) for metric in all_metrics()}
    return tuple(
        replace(
            finding,
            estimate=at_level(
                finding.estimate, interim.level, bounds.get(finding.metric, (None, None))
            ),
        )
        for finding in findings
    )


def repeated_bins(
    bins: Iterable[CalibrationBin], interim: InterimAnalyses | None
) -> tuple[CalibrationBin, ...]:
    """The bars of the calibration figure, likewise."""
    if interim is None:
        return tuple(bins)
    return tuple(replace(bin_, observed=at_level(bin_.observed, interim.level)) for bin_ in bins)
