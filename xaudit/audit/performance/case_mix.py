"""Gaps between groups whose cases are alike, beside the raw ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.performance.performance import Performance
from xaudit.core.cut import Cut
from xaudit.core.detector import OperatingPoint
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import CROSS, Finding
from xaudit.core.seeds import generator_for
from xaudit.errors import ConfigError
from xaudit.fairness.groups import apply_size_rule
from xaudit.fairness.intersections import crossed
from xaudit.metrics.groups.matched_gap import matched_gaps
from xaudit.metrics.scores.discrimination import Predictions

METRICS = ("sensitivity", "specificity")
_SHARED = {
    "sensitivity": Message("positives of shared kinds"),
    "specificity": Message("negatives of shared kinds"),
}


def check_case_mix(statistics: StatisticsConfig, rows: Iterable[Mapping[str, str]]) -> None:
    """Refuse a case mix of columns that the study does not have.

    Args:
        statistics: of the audit file.
        rows: groups of each case, column → level.

    Raises:
        ConfigError: one line for each unknown column.
    """
    if not statistics.case_mix:
        return
    known = sorted({column for row in rows for column in row})
    problems = [
        f"statistics.case_mix: no group {name!r}; there is: {', '.join(known) or 'none'}"
        for name in statistics.case_mix
        if name not in known
    ]
    if problems:
        raise ConfigError(problems)


def strata(mix: Sequence[str], columns: Mapping[str, Cut]) -> Cut:
    """Which kind of case each one is: its levels of the columns of the mix, joined."""
    return crossed([columns[name] for name in mix])


def matched_findings(
    predictions: Predictions,
    points: Sequence[OperatingPoint],
    columns: Mapping[str, Cut],
    statistics: StatisticsConfig,
    rng: np.random.Generator,
) -> Iterator[Finding]:
    """Gaps to the rest within strata, for every column that is not itself part of the case mix.

    Args:
        predictions: the scored cases.
        points: operating points.
        columns: name → levels of the cases.
        statistics: the case mix, draws and minimum sizes.
        rng: source of the draws.
    """
    mix = set(statistics.case_mix)
    sides = {
        (column, level): inside
        for column, cut in columns.items()
        if not mix & set(column.split(CROSS))
        for level in cut.there
        for inside in [cut[level]]
    }
    if not mix or not sides:
        return
    kinds = strata(statistics.case_mix, columns)
    named = {f"{column}\0{level}": inside for (column, level), inside in sides.items()}
    for point in points:
        p = replace(predictions, threshold=point.edge)
        for metric in METRICS:
            found = matched_gaps(metric, p, named, kinds, rng, statistics.draws).values()
            for (column, level), one in zip(sides, found, strict=True):
                scope = {"group": column, "level": level, "compared": "rest",
                         "analysis": "scored", "operating_point": point.name}  # fmt: skip
                gap = apply_size_rule(one.gap, one.compared, statistics.minimum, _SHARED[metric])
                yield Finding(f"{metric}_matched_gap", scope, gap, positives=one.compared)


def matched_facts() -> list[MetricFacts]:
    """How to read these findings."""
    return [
        MetricFacts(
            f"{metric}_matched_gap",
            Message("What is the gap in {name} to the rest among cases of the same declared case "
"mix?", name=Message(metric)),
            "higher", -1.0, 1.0, "proportion", "discrimination",
        )
        for metric in METRICS
    ]  # fmt: skip


@as_analysis("gaps at equal case mix", 22, ["cases"], facts=matched_facts)
def _matched(material: Material) -> Iterator[Finding]:
    own, statistics = material.shared(Performance.of), material.statistics
    if own.grouped and statistics.case_mix:
        rng = generator_for(material.seed, "bootstrap", "matched gaps")
        columns = own.sides.columns
        yield from matched_findings(own.judged, material.points, columns, statistics, rng)
