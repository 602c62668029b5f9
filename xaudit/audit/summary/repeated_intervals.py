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
    bounds = {one.name: (one.low, one.high) for one in all_metrics()}
    return tuple(
        replace(
            one,
            estimate=at_level(one.estimate, interim.level, bounds.get(one.metric, (None, None))),
        )
        for one in findings
    )


def repeated_bins(
    bins: Iterable[CalibrationBin], interim: InterimAnalyses | None
) -> tuple[CalibrationBin, ...]:
    """The bars of the calibration figure, likewise."""
    if interim is None:
        return tuple(bins)
    return tuple(replace(one, observed=at_level(one.observed, interim.level)) for one in bins)
