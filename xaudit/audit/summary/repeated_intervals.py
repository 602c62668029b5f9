"""Every interval of an audit at the level of its last look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from xaudit.audit.plan.metrics import all_metrics
from xaudit.core.record.finding import CalibrationBin, Finding
from xaudit.core.record.looks import Looks
from xaudit.stats.repeated import at_level


def repeated(findings: Iterable[Finding], looks: Looks | None) -> tuple[Finding, ...]:
    """The findings with repeated confidence intervals.

    Args:
        findings: with intervals of 95 %.
        looks: that were made; None leaves everything as it is.
    """
    if looks is None:
        return tuple(findings)
    bounds = {one.name: (one.low, one.high) for one in all_metrics()}
    return tuple(
        replace(
            one,
            estimate=at_level(one.estimate, looks.level, bounds.get(one.metric, (None, None))),
        )
        for one in findings
    )


def repeated_bins(
    bins: Iterable[CalibrationBin], looks: Looks | None
) -> tuple[CalibrationBin, ...]:
    """The bars of the calibration figure, likewise."""
    if looks is None:
        return tuple(bins)
    return tuple(replace(one, observed=at_level(one.observed, looks.level)) for one in bins)
