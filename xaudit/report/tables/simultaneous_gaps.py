"""Simultaneous gaps of all subgroups, and sites as a sample of sites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xaudit.core.record.finding import Finding
from xaudit.report.language.translation import later, tr
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.lookup import Lookup, measure
from xaudit.report.view.model import Table

SIMULTANEOUS = "simultaneous"
_PAIR = 2
_OPEN = 15
Levels = Mapping[str, Mapping[str, tuple[int, int]]]
_SITES = (
    ("auc", "AUC"),
    ("sensitivity", later("Sensitivity")),
    ("specificity", later("Specificity")),
)


def simultaneous(look: Lookup) -> Iterator[Table]:
    """The gaps that are shown to differ when every comparison of the audit is counted."""
    gaps = [
        finding
        for finding in look.findings.findings
        if finding.scope.get("analysis") == SIMULTANEOUS
    ]
    if not gaps:
        return
    levels = look.findings.study.levels
    shown = sorted((gap for gap in gaps if _shown(gap) and not _mirrored(gap, levels)), key=_size)
    rows = tuple(
        (
            f"{finding.scope['group']} {named(finding.scope['level'])}",
            measure(finding.metric.removesuffix("_gap")) + _at(finding),
            numbers.estimate(finding.estimate, look.unit(finding.metric), signed=True),
        )
        for finding in shown
    )
    title = tr(
        "Gaps shown, counting all {gaps} comparisons together", gaps=numbers.whole(len(gaps))
    )
    note = tr(
        "A gap is the subgroup minus all other cases. If all subgroups fared alike, 95 "
        "of 100 audits would show no row here. A subgroup that is not listed is not "
        "shown to be equal."
    )
    if not rows:
        rows = ((tr("None of the subgroups"), "", tr("is shown to differ from the rest")),)
    method = tr(
        "Method: for shares Newcombe's hybrid score, for areas the same "
        "construction (MOVER), each as wide as joint draws of patients ask for "
        "(max-T), never wider than Bonferroni's."
    )
    yield Table(title, (tr("Subgroup"), tr("Measure"), tr("Gap")), rows, f"{note} {method}",
                folded=len(rows) > _OPEN)  # fmt: skip


def of_sites(look: Lookup) -> Iterator[Table]:
    """Random effects: the mean of sites, what a new one may expect, and how much they differ."""
    column = look.findings.study.site_column
    if column is None:
        return
    rows = []
    points = look.findings.detector.operating_points
    for metric, title in _SITES:
        for point in points if metric != "auc" else points[:1]:
            scope = {"group": column} | ({"operating_point": point.name} if metric != "auc" else {})
            if look.get(f"{metric}_site_mean", **scope) is None:
                continue
            name = (
                tr(title)
                if metric == "auc"
                else tr("{title} at “{name}”", title=tr(title), name=point.name)
            )
            cells = (
                look.cell(f"{metric}_{what}", **scope)
                for what in ("site_mean", "new_site", "site_i2")
            )
            rows.append((name, *cells, _least_without(look, metric, scope)))
    if rows:
        yield Table(
            tr("Sites as a sample of sites ({column})", column=column),
            (
                tr("Measure"),
                tr("Mean of sites"),
                tr("A new site (prediction interval)"),
                tr("Share of differences beyond chance (I²)"),
                tr("Lowest mean with one site left out"),
            ),
            tuple(rows),
            look.methods(*(f"{metric}_site_mean" for metric, _ in _SITES)),
        )


def _least_without(look: Lookup, metric: str, scope: dict[str, str]) -> str:
    """The site whose absence lowers the mean most."""
    found = [
        finding
        for finding in look.findings.findings
        if finding.metric == f"{metric}_site_mean"
        and finding.scope.get("compared") == "without"
        and finding.scope.get("operating_point") == scope.get("operating_point")
        and finding.estimate.value is not None
    ]
    if not found:
        return f"{numbers.NONE} ({tr('too few sites')})"
    least = min(found, key=lambda one: one.estimate.value or 0.0)
    shown = numbers.estimate(least.estimate, look.unit(least.metric))
    return tr("without {level}: {shown}", level=named(least.scope["level"]), shown=shown)


def _shown(finding: Finding) -> bool:
    low, high = finding.estimate.low, finding.estimate.high
    return low is not None and high is not None and (low > 0 or high < 0)


def _mirrored(finding: Finding, levels: Levels) -> bool:
    """Of a column with two levels, the better one says what the worse one says."""
    return (
        len(levels.get(finding.scope["group"], {})) == _PAIR and (finding.estimate.value or 0.0) > 0
    )


def _size(finding: Finding) -> float:
    return -abs(finding.estimate.value or 0.0)


def _at(finding: Finding) -> str:
    point = finding.scope.get("operating_point")
    return tr(" at “{point}”", point=point) if point else ""
