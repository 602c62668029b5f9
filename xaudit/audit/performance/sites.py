"""Differences between the sites of one audit, and what a new site may expect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from xaudit.audit.analyses.derived_metrics import made_of
from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.performance.performance import Performance
from xaudit.core.case import BoolArray
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts, Unit
from xaudit.core.record.finding import Finding
from xaudit.metrics.groups.site_effects import site_effects
from xaudit.metrics.scores.discrimination import Predictions, auc, sensitivity, specificity

OVER_POINTS = ("auc",)
AT_POINT = ("sensitivity", "specificity")

_ENOUGH = 5
"""Sites from which on random effects are judged."""


def site_findings(
    predictions: Predictions,
    points: Sequence[OperatingPoint],
    sites: Mapping[str, BoolArray],
    column: str,
) -> Iterator[Finding]:
    """Mean over sites, what a new site may expect, how much sites differ, and each left out.

    Args:
        predictions: the scored cases.
        points: operating points.
        sites: level of the site column → (N,) bool.
        column: that names the site.
    """
    try:
        yield from _findings(predictions, points, sites, column)
    except ValueError as error:
        # Patients who were seen at several sites tie the sites together.
        scope = {"group": column, "analysis": "scored"}
        yield Finding("auc_site_mean", scope, Estimate.missing(str(error), unit="site"))


def judged(
    predictions: Predictions, points: Sequence[OperatingPoint], column: str
) -> Iterator[tuple[str, dict[str, str], Predictions]]:
    """What is compared between sites: a metric, its scope, and the cases at its threshold."""
    scope = {"group": column, "analysis": "scored"}
    for metric in OVER_POINTS:
        yield metric, scope, predictions
    for point in points:
        at = {**scope, "operating_point": point.name}
        for metric in AT_POINT:
            yield metric, at, replace(predictions, threshold=point.edge)


def _findings(
    predictions: Predictions,
    points: Sequence[OperatingPoint],
    sites: Mapping[str, BoolArray],
    column: str,
) -> Iterator[Finding]:
    for metric, scope, p in judged(predictions, points, column):
        effects = site_effects(p, sites, metric)
        found, used = effects.found, effects.sites
        of_sites = {
            f"{metric}_site_mean": found.mean,
            f"{metric}_new_site": found.new_site,
            f"{metric}_site_variance": found.tau2,
            f"{metric}_site_i2": found.i2,
        }
        for name, estimate in of_sites.items():
            yield Finding(name, scope, _sized(estimate, len(used)))
        # With two sites none can be left out.
        for site, estimate in zip(used, found.without, strict=bool(found.without)):
            full = {**scope, "level": site, "compared": "without"}
            yield Finding(f"{metric}_site_mean", full, _sized(estimate, len(used) - 1))


def _sized(estimate: Estimate, sites: int) -> Estimate:
    """With a handful of sites the interval is honest and wide, and no verdict is read."""
    if estimate.value is None or sites >= _ENOUGH:
        return estimate
    return estimate.with_caution(
        Message(
            "{n} {what}, {least} needed for a verdict",
            n=sites,
            what=Message("sites"),
            least=_ENOUGH,
        )
    )


def site_facts() -> list[MetricFacts]:
    """How to read these findings."""
    asked: Sequence[tuple[str, str, Unit | None]] = (
        ("{}_site_mean", "On average over sites: {question}", None),
        ("{}_new_site", "At a new site: {question}", None),
        (
            "{}_site_variance",
            Message("By how much do sites differ beyond chance, on the logit scale?"),
            "number",
        ),
        (
            "{}_site_i2",
            Message("What share of the differences between sites is more than chance?"),
            "proportion",
        ),
    )
    metrics = (auc, sensitivity, specificity)
    return [made_of(metric.facts, *one) for metric in metrics for one in asked]


@as_analysis("sites as a sample", 23, ["cases"], facts=site_facts)
def _sites(material: Material) -> Iterator[Finding]:
    own, column = material.shared(Performance.of), material.site_column
    if column is not None and column in own.sides.columns:
        known = own.sides.columns[column].only(own.sites(column))
        yield from site_findings(own.judged, material.points, known, column)
