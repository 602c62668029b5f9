"""Counts, rates and areas once more, by a path that is slow and plain and shares nothing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np

from xaudit.audit.store.store import CaseRow
from xaudit.core.case import NOT_RECORDED
from xaudit.core.detector import OperatingPoint
from xaudit.core.record.finding import Finding

_KNOWN = {"operating_point", "analysis", "group", "level"}
_Z_95 = 1.959963984540054

_Which = Callable[[bool, bool], bool]
_Level = tuple[str | None, str | None]
_Pair = tuple[bool, float | None]


def plain_differences(
    findings: Sequence[Finding], rows: Sequence[CaseRow], points: Sequence[OperatingPoint]
) -> Iterator[str]:
    """One line for each count, rate, Wilson limit or area that plain counting contradicts.

    Args:
        findings: as they are stated.
        rows: every case.
        points: operating points of the plan.
    """
    thresholds = {point.name: point.edge for point in points}
    asked = [finding for finding in findings if _plain(finding.scope)]
    members = _members(rows, {one.scope["group"] for one in asked if "group" in one.scope})
    for finding in asked:
        chosen = members[finding.scope.get("group"), finding.scope.get("level")]
        if finding.scope["analysis"] == "scored":
            chosen = [pair for pair in chosen if pair[1] is not None]
        if finding.metric == "auc":
            yield from _area(finding, chosen)
        elif finding.metric in _COUNTS and "operating_point" in finding.scope:
            yield from _rate(finding, chosen, thresholds)


def _members(rows: Sequence[CaseRow], columns: Collection[str]) -> Mapping[_Level, list[_Pair]]:
    """Column and level → label and logit of each case in it; every row is looked at once."""
    found: dict[_Level, list[_Pair]] = defaultdict(list)
    for row in rows:
        pair = row.label, row.logit
        found[None, None].append(pair)
        for column in columns:
            found[column, row.groups.get(column) or NOT_RECORDED].append(pair)
    return found


def _plain(scope: Mapping[str, str]) -> bool:
    """Whether it is about all cases or one level of a column, and compares nothing."""
    whole = ("group" in scope) == ("level" in scope)
    return set(scope) <= _KNOWN and scope.get("analysis") in {"scored", "worst_case"} and whole


def _decisions(cases: Sequence[_Pair], threshold: float) -> list[tuple[bool, bool]]:
    """(fractured, called) of each case; a case without a score is decided wrongly."""
    return [(label, not label if logit is None else logit > threshold) for label, logit in cases]


# Metric → (which decisions are counted, which of them are successes).
_COUNTS: dict[str, tuple[_Which, _Which]] = {
    "sensitivity": (lambda label, called: label, lambda label, called: called),
    "specificity": (lambda label, called: not label, lambda label, called: not called),
    "ppv": (lambda label, called: called, lambda label, called: label),
    "npv": (lambda label, called: not called, lambda label, called: not label),
    "accuracy": (lambda label, called: True, lambda label, called: label == called),
}


def _rate(finding: Finding, cases: Sequence[_Pair], points: Mapping[str, float]) -> Iterator[str]:
    threshold = points.get(finding.scope["operating_point"])
    if threshold is None:
        yield f"{finding.id}: the plan has no such operating point"
        return
    counted, success = _COUNTS[finding.metric]
    used = [pair for pair in _decisions(cases, threshold) if counted(*pair)]
    k, n, stated = sum(success(*pair) for pair in used), len(used), finding.estimate
    if (stated.k or 0, stated.n) != (k, n):
        yield f"{finding.id}: {stated.k} of {stated.n}, plain counting gives {k} of {n}"
    elif stated.value is not None and not _close(stated.value, k / n):
        yield f"{finding.id}: value {stated.value}, {k} of {n} are {k / n}"
    elif stated.value is not None and stated.method == "Wilson" and stated.level == 0.95:
        low, high = _wilson(k, n)
        if not (_close(stated.low, low) and _close(stated.high, high)):
            yield f"{finding.id}: {stated.low} to {stated.high}, Wilson gives {low} to {high}"


def _wilson(k: int, n: int) -> tuple[float, float]:
    """Wilson 1927, from the formula as it is printed."""
    share, z2 = k / n, _Z_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z_95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return middle - half, middle + half


def _area(finding: Finding, cases: Sequence[_Pair]) -> Iterator[str]:
    """For each fracture, the normal cases that score lower; a tie counts one half."""
    ill = [logit for label, logit in cases if label and logit is not None]
    well = np.sort([logit for label, logit in cases if not label and logit is not None])
    if finding.estimate.value is None or not ill or not len(well):
        return
    lower, no_higher = (np.searchsorted(well, ill, side) for side in ("left", "right"))
    wins = float(lower.sum() + no_higher.sum()) / 2
    area = wins / (len(ill) * len(well))
    if not _close(finding.estimate.value, area):
        yield f"{finding.id}: value {finding.estimate.value}, all pairs give {area}"


def _close(stated: float | None, found: float) -> bool:
    return stated is not None and math.isclose(stated, found, rel_tol=1e-9, abs_tol=1e-9)
