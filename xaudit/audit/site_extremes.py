"""All cases without each site, and the worst site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xaudit.audit.sites import AT_POINT, judged
from xaudit.core.case import BoolArray
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.finding import Finding
from xaudit.fairness.groups import apply_size_rule
from xaudit.metrics.discrimination import Predictions
from xaudit.metrics.group_gaps import interval_at
from xaudit.metrics.worst_site import worst_site

_LEVEL = 0.95
_PAIR = 2


def site_extreme_findings(
    predictions: Predictions,
    points: Sequence[OperatingPoint],
    sites: Mapping[str, BoolArray],
    column: str,
    minimum: tuple[int, int],
) -> Iterator[Finding]:
    """Leave one hospital out, pooled: does one site carry the figures? And how bad is the worst?

    Args:
        predictions: the scored cases.
        points: operating points.
        sites: level of the site column → (N,) bool; without those of no known site.
        column: that names the site.
        minimum: cases of a kind for an estimate, and for a verdict.
    """
    if len(sites) < _PAIR:
        return
    for metric, scope, p in judged(predictions, points, column):
        for site, inside in sites.items():
            rest = p.subset(~inside)
            count, what = _counted(metric, rest)
            left = apply_size_rule(interval_at(rest, metric, _LEVEL), count, minimum, what)
            full = {**scope, "level": site, "compared": "without"}
            yield Finding(f"{metric}_without_site", full, left, positives=count)
        yield Finding(f"{metric}_worst_site", scope, _worst(p, sites, metric, minimum))


def _worst(
    p: Predictions, sites: Mapping[str, BoolArray], metric: str, minimum: tuple[int, int]
) -> Estimate:
    """Over the sites that are large enough for an estimate; the others are owned up to."""
    counts = {name: _counted(metric, p.subset(inside))[0] for name, inside in sites.items()}
    large = {name: inside for name, inside in sites.items() if counts[name] >= minimum[0]}
    found = worst_site(p, large, metric)
    small = len(sites) - len(large)
    if small:
        return found.with_caution(
            f"{small} of {len(sites)} sites have fewer than {minimum[0]} cases to judge by"
        )
    fewest = min(counts.values())
    if fewest < minimum[1]:
        return found.with_caution(f"the smallest site has {fewest}, {minimum[1]} needed")
    return found


def _counted(metric: str, p: Predictions) -> tuple[int, str]:
    positives = int(p.labels.sum())
    kinds = {"positives": positives, "negatives": len(p) - positives}
    if metric in AT_POINT:
        kinds.pop("negatives" if metric == "sensitivity" else "positives")
    return min((count, what) for what, count in kinds.items())
