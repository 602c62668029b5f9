"""Tables of the metrics that no other table of the card knows by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from xaudit.core.metric import MetricFacts
from xaudit.report.language.translation import tr
from xaudit.report.view import numbers
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Table

_OF_MAPS, _ADDED = "localization", "added"
_OURS = __name__.partition(".")[0]


def added_of_maps(look: Lookup, methods: Sequence[str]) -> Iterator[Table]:
    """A row for each method, its references included, and a column for each metric."""
    for package, facts in _by_package(look, lambda one: one.family == _OF_MAPS):
        names = [fact.name for fact in facts]
        rows = tuple(
            (method, *(_known(look, name, method) for name in names)) for method in methods
        )
        yield _table(look, package, (tr("Method"), *names), rows)


def added_of_scores(look: Lookup) -> Iterator[Table]:
    """A row for each metric and operating point, in the analysis of the scored and the worst."""
    points = [point.name for point in look.findings.detector.operating_points]
    for package, facts in _by_package(look, lambda one: one.family not in {_OF_MAPS, _ADDED}):
        rows = tuple(
            (fact.name, point, *(look.cell(fact.name, operating_point=point, analysis=analysis)
                                for analysis in ("scored", "worst_case")))
            for fact in facts for point in points
        )  # fmt: skip
        columns = (tr("Measure"), tr("Operating point"), tr("Scored"), tr("Worst case"))
        yield _table(look, package, columns, rows)


def added_of_analyses(look: Lookup) -> Iterator[Table]:
    """A row for each figure of an analysis, with what it is about."""
    for package, facts in _by_package(look, lambda one: one.family == _ADDED):
        names = {fact.name for fact in facts}
        rows = tuple(
            (finding.metric, _said(finding.scope), look.cell(finding.metric, **finding.scope))
            for finding in look.findings.findings
            if finding.metric in names
        )
        columns = (tr("Measure"), tr("Of what"), tr("Estimate"))
        yield _table(look, package, columns, rows)


def _by_package(
    look: Lookup, chosen: Callable[[MetricFacts], bool]
) -> Iterator[tuple[str, list[MetricFacts]]]:
    brought = [metric for metric in look.findings.metrics if metric.package and chosen(metric)]
    found = {finding.metric for finding in look.findings.findings}
    brought = sorted((one for one in brought if one.name in found), key=lambda one: one.package)
    for package, facts in groupby(brought, lambda one: one.package):
        yield package, list(facts)


def _said(scope: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in scope.items()) or tr("everything")


def _known(look: Lookup, metric: str, method: str) -> str:
    return look.cell(metric, method=method) if look.get(metric, method=method) else numbers.NONE


def _table(
    look: Lookup, package: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]
) -> Table:
    names = [metric.name for metric in look.findings.metrics if metric.package == package]
    caption = tr("Measured by the package {package}", package=package)
    if package == _OURS:
        caption = tr("Further measures")
    return Table(caption, columns, rows, look.methods(*names), folded=True)
