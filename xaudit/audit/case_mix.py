"""Gaps between groups whose cases are alike, beside the raw ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from xaudit.audit.config import StatisticsConfig
from xaudit.core.case import BoolArray
from xaudit.core.detector import OperatingPoint
from xaudit.core.finding import CROSS, Finding
from xaudit.errors import ConfigError
from xaudit.fairness.groups import NOT_RECORDED, apply_size_rule
from xaudit.metrics.discrimination import Predictions
from xaudit.metrics.matched_gap import matched_gaps
from xaudit.stats.weights import Counts

METRICS = ("sensitivity", "specificity")

Levels = Mapping[str, Mapping[str, BoolArray]]


def check_case_mix(statistics: StatisticsConfig, rows: Iterable[Mapping[str, str]]) -> None:
    """Refuse a case mix of columns that the study does not have.

    Args:
        statistics: of the audit file.
        rows: groups of each case, column → level.

    Raises:
        ConfigError: one line for each unknown column.
    """
    known = sorted({column for row in rows for column in row})
    problems = [
        f"statistics.case_mix: no group {name!r}; there is: {', '.join(known) or 'none'}"
        for name in statistics.case_mix
        if name not in known
    ]
    if problems:
        raise ConfigError(problems)


def strata(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Which kind of case each row is: its levels of the columns, joined."""
    return [CROSS.join(row.get(name) or NOT_RECORDED for name in columns) for row in rows]


def matched_findings(
    predictions: Predictions,
    points: Sequence[OperatingPoint],
    columns: Levels,
    kinds: Sequence[str],
    statistics: StatisticsConfig,
    counts: Counts,
) -> Iterator[Finding]:
    """Gaps to the rest within strata, for every column that is not itself part of the case mix.

    Args:
        predictions: the scored cases.
        points: operating points.
        columns: column → level → (N,) bool.
        kinds: of each case, its stratum.
        statistics: the case mix and minimum sizes.
        counts: (D, patients), the draws of all gaps.
    """
    mix = set(statistics.case_mix)
    sides = {
        (column, level): inside
        for column, levels in columns.items()
        if not mix & set(column.split(CROSS))
        for level, inside in levels.items()
    }
    if not mix or not sides:
        return
    named = {f"{column}\0{level}": inside for (column, level), inside in sides.items()}
    for point in points:
        p = replace(predictions, threshold=point.edge)
        for metric in METRICS:
            found = matched_gaps(metric, p, named, kinds, counts).values()
            for (column, level), one in zip(sides, found, strict=True):
                scope = {"group": column, "level": level, "compared": "rest",
                         "analysis": "scored", "operating_point": point.name}  # fmt: skip
                what = f"{'positives' if metric == 'sensitivity' else 'negatives'} of shared kinds"
                gap = apply_size_rule(one.gap, one.compared, statistics.minimum, what)
                yield Finding(f"{metric}_matched_gap", scope, gap, positives=one.compared)
