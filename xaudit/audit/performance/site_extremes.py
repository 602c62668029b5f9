"""All cases without each site, and the worst site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from xaudit.audit.analyses.derived_metrics import NAMES, beside
from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.performance.performance import Performance
from xaudit.audit.performance.sites import AT_POINT, judged
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts, Unit
from xaudit.core.record.finding import Finding
from xaudit.fairness.groups import NEGATIVES, POSITIVES, apply_size_rule
from xaudit.metrics.groups.sides import Side, Sides
from xaudit.metrics.groups.worst_site import worst_site
from xaudit.metrics.scores.discrimination import Predictions

_PAIR = 2

Counts = Mapping[str, tuple[int, str]]
"""Site → cases of the rarest kind that a metric rests on, and how they are called."""


def site_extreme_findings(
    predictions: Predictions,
    points: Sequence[OperatingPoint],
    sides: Sides,
    column: str,
    sites: Sequence[str],
    minimum: tuple[int, int],
) -> Iterator[Finding]:
    """Leave one hospital out, pooled: does one site carry the figures? And how bad is the worst?

    Args:
        predictions: the scored cases.
        points: operating points.
        sides: every level of the site column, and its rest.
        column: that names the site.
        sites: its levels, without those of no known site.
        minimum: cases of a kind for an estimate, and for a verdict.
    """
    if len(sites) < _PAIR:
        return
    for metric, scope, p in judged(predictions, points, column):
        within, without = _counted(metric, p, sides, column)
        for site in sites:
            count, what = without[site]
            rest = sides.estimate(metric, Side(column, site, rest=True), p.threshold)
            left = apply_size_rule(rest, count, minimum, what)
            full = {**scope, "level": site, "compared": "without"}
            yield Finding(f"{metric}_without_site", full, left, positives=count)
        counts = {site: within[site][0] for site in sites}
        large = {
            site: partial(sides.estimate, metric, Side(column, site), p.threshold)
            for site, count in counts.items()
            if count >= minimum[0]
        }
        worst = worst_site(large, sides.size)
        yield Finding(f"{metric}_worst_site", scope, _owned_up(worst, counts, minimum))


def _owned_up(found: Estimate, counts: Mapping[str, int], minimum: tuple[int, int]) -> Estimate:
    """Over the sites that are large enough for an estimate; the others are owned up to."""
    sites, small = counts, sum(count < minimum[0] for count in counts.values())
    if small:
        return found.with_caution(
            Message(
                "{n} of {all} sites have fewer than {least} cases to judge by",
                n=small,
                all=len(sites),
                least=minimum[0],
            )
        )
    fewest = min(counts.values())
    if fewest < minimum[1]:
        return found.with_caution(
            Message("the smallest site has {n}, {least} needed", n=fewest, least=minimum[1])
        )
    return found


def _counted(metric: str, p: Predictions, sides: Sides, column: str) -> tuple[Counts, Counts]:
    """Of every site, and of all cases without it."""
    cut = sides.columns[column]
    kinds = {POSITIVES: p.labels, NEGATIVES: ~p.labels}
    if metric in AT_POINT:
        kinds.pop(NEGATIVES if metric == "sensitivity" else POSITIVES)
    inside = {what: cut.counts(kind) for what, kind in kinds.items()}
    outside = {what: counts.sum() - counts for what, counts in inside.items()}
    within, without = (
        {
            site: min((int(counts[place]), what) for what, counts in one.items())
            for place, site in enumerate(cut.names)
        }
        for one in (inside, outside)
    )
    return within, without


def site_extreme_facts() -> list[MetricFacts]:
    """How to read these findings."""
    units: Mapping[str, Unit] = {"auc": "number"}
    asked = {
        "without_site": "What is the {name} over all cases but those of one site?",
        "worst_site": "What is the {name} at the worst of all sites, whichever that is?",
    }
    return [
        beside(
            f"{metric}_{what}",
            Message(question, name=name),
            "higher",
            units.get(metric, "proportion"),
        )
        for what, question in asked.items()
        for metric, name in NAMES.items()
    ]


@as_analysis("each site left out", 24, ["cases"], facts=site_extreme_facts)
def _site_extremes(material: Material) -> Iterator[Finding]:
    own, column = material.shared(Performance.of), material.site_column
    if column is not None and column in own.sides.columns:
        yield from site_extreme_findings(
            own.judged, material.points, own.sides, column, own.sites(column),
            material.statistics.minimum,
        )  # fmt: skip
