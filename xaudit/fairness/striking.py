"""Groups that are too small for a verdict and still too bad to be passed over."""

from __future__ import annotations

import math
from collections.abc import Iterator

from xaudit.core.record.finding import Finding, Findings, StrikingGroup
from xaudit.stats.proportions import clopper_pearson

METRICS = ("sensitivity", "specificity")
_ERROR = 0.05


def striking_groups(findings: Findings) -> tuple[StrikingGroup, ...]:
    """In which groups with too few cases for a verdict is the rate below that of all cases?

    The upper limit of the exact interval of the group (Clopper and Pearson 1934) lies below the
    lower limit of all cases. The error of 5 % is shared among all groups that are so small
    (Bonferroni). A patient counts once, however many cases he has, and a part of one in favor of
    the detector: what remains cannot well be chance, and too little is known for a verdict.

    Args:
        findings: of an audit; sensitivity and specificity at its first operating point are read.

    Returns:
        The worst first.
    """
    points = findings.detector.operating_points
    small = [
        finding for finding in findings.findings if points and _is_small(finding, points[0].name)
    ]
    found: list[StrikingGroup] = []
    scope = {"operating_point": points[0].name, "analysis": "scored"} if points else {}
    overall = {metric: findings.find(metric, **scope) for metric in METRICS}
    for one in small:
        whole = overall[one.metric]
        floor = whole.estimate.low if whole else None
        high = _upper_limit(one, 1 - _ERROR / len(small))
        if floor is not None and high < floor:
            found += _told(one, high, floor)
    return tuple(sorted(found, key=lambda one: (one.high, one.metric, one.group, one.level)))


def _is_small(finding: Finding, point: str) -> bool:
    scope, estimate = finding.scope, finding.estimate
    if finding.metric not in METRICS or scope.keys() - {"analysis"} != _KEYS:
        return False
    if scope.get("analysis", "scored") != "scored" or scope["operating_point"] != point:
        return False
    undecided = estimate.value is None or estimate.caution is not None
    return undecided and estimate.k is not None and estimate.n > 0


_KEYS = {"operating_point", "group", "level"}


def _upper_limit(finding: Finding, level: float) -> float:
    estimate = finding.estimate
    assert estimate.k is not None
    patients = min(estimate.clusters or estimate.n, estimate.n)
    right = min(math.ceil(estimate.k * patients / estimate.n), patients)
    high = clopper_pearson(right, patients, level).high
    assert high is not None
    return high


def _told(finding: Finding, high: float, floor: float) -> Iterator[StrikingGroup]:
    estimate, scope = finding.estimate, finding.scope
    if estimate.k is not None:
        yield StrikingGroup(
            finding.metric, scope["group"], scope["level"], estimate.k, estimate.n, high, floor
        )
