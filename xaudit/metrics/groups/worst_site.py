"""The worst site, whichever it is: a bound that holds for it."""

from __future__ import annotations

from collections.abc import Mapping

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.metrics.groups.gaps import Interval, Size


def worst_site(sites: Mapping[str, Interval], size: Size, level: float = 0.95) -> Estimate:
    """How good is a metric at the worst of these sites?

    Intervals of K sites, each at the level 1 - α / K, all hold with chance 1 - α at least
    (Bonferroni), also where a patient is at several sites. Where they all hold, the lowest true
    value lies between the lowest of the lower and the lowest of the upper limits, whichever site
    has it. The value is the lowest that was seen, and lies below the truth on the average: sites
    differ by chance too.

    Args:
        sites: name → the metric there, with its interval at any level.
        size: of the study.
        level: for all sites together, two-sided.
    """
    single = 1 - (1 - level) / max(1, len(sites))
    n, unit = size.cases, size.unit
    if not sites:
        return Estimate.missing(Message("no site is large enough"), n=n, unit=unit)
    limits = []
    for name, interval in sites.items():
        one = interval(single)
        if one.value is None or one.low is None or one.high is None:
            return Estimate.missing(
                Message("site {name}: {why}", name=name, why=one.undefined), n=n, unit=unit
            )
        limits.append((one.value, one.low, one.high))
    value, low, high = (min(parts) for parts in zip(*limits, strict=True))
    return Estimate(
        value,
        low,
        high,
        Message("lowest limits of {n} sites, all at once (Bonferroni)", n=len(sites)),
        level,
        n=n,
        clusters=size.patients,
        unit=unit,
    )
