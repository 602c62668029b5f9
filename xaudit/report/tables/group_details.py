"""Calibration, localization and faithfulness by group, each with its gap to all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xaudit.core.record.finding import CROSS
from xaudit.report.language.translation import later, tr
from xaudit.report.tables import predictions
from xaudit.report.view.level_names import named
from xaudit.report.view.level_order import in_order
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Table

_CALIBRATION = (
    ("brier", later("Brier score")),
    ("calibration_intercept", later("Calibration intercept")),
    ("calibration_slope", later("Calibration slope")),
)
_MAPS = (
    ("mass", later("Attribution in the lesion by subgroup")),
    ("hit", later("Peaks in the lesion by subgroup")),
    (
        "symmetric_relevance_gain",
        later("Faithfulness by subgroup: gain, least over most important first"),
    ),
)
_NOTE = later(
    "A gap is this subgroup minus all other cases; each interval stands alone, "
    "and of many some leave 0 out by chance. A gap that is not shown is not "
    "shown to be none. "
)


def group_calibration(look: Lookup) -> Iterator[Table]:
    """A row for every level of every column."""
    rows = tuple(
        (
            f"{column} {named(level)}",
            *(_with_gap(look, name, column, level) for name, _ in _CALIBRATION),
        )
        for column, level in _levels(look)
    )
    if any(finding.metric == "brier_gap" for finding in look.findings.findings):
        names = tuple(tr("{title}; gap", title=tr(title)) for _, title in _CALIBRATION)
        note = tr(_NOTE) + look.methods(*(f"{metric}_gap" for metric, _ in _CALIBRATION))
        yield Table(
            tr("Calibration by subgroup"), (tr("Subgroup"), *names), rows, note, folded=True
        )


def group_maps(look: Lookup) -> Iterator[Table]:
    """A table for each score of maps, a column for each method."""
    if predictions.alone(look.findings):
        return
    for metric, title in _MAPS:
        methods = _methods(look, f"{metric}_gap")
        rows = tuple(
            (
                f"{column} {named(level)}",
                *(_with_gap(look, metric, column, level, method=method) for method in methods),
            )
            for column, level in _levels(look)
        )
        if methods:
            columns = (tr("Subgroup"), *(tr("{title}; gap", title=method) for method in methods))
            note = tr(_NOTE) + look.methods(metric, f"{metric}_gap")
            yield Table(tr(title), columns, rows, note, folded=True)


def _with_gap(look: Lookup, metric: str, column: str, level: str, **more: str) -> str:
    scope = {"group": column, "level": level, **more}
    own = look.cell(metric, **scope)
    gap = look.estimate(f"{metric}_gap", compared="rest", **scope)
    if gap.value is None:
        return own
    return tr("{own}; gap {gap}", own=own, gap=look.cell(f"{metric}_gap", compared="rest", **scope))


def _levels(look: Lookup) -> Iterator[tuple[str, str]]:
    for column, levels in look.findings.study.levels.items():
        if CROSS not in column:
            for level in in_order(levels):
                yield column, level


def _methods(look: Lookup, metric: str) -> Sequence[str]:
    """Methods with such a gap, in the order of the audit."""
    there = {
        finding.scope.get("method")
        for finding in look.findings.findings
        if finding.metric == metric
    }
    return [method.name for method in look.findings.methods if method.name in there]
