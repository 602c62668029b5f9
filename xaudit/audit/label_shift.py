"""How common fractures are at each site, and what that does to the predictive value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from xaudit.core.case import BoolArray
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.finding import Finding
from xaudit.metrics.discrimination import Predictions
from xaudit.metrics.label_shift import label_shift
from xaudit.metrics.prevalence import ppv_at_prevalence
from xaudit.stats.weights import numbered

_PAIR = 2


def label_shift_findings(
    predictions: Predictions,
    points: Sequence[OperatingPoint],
    sites: Mapping[str, BoolArray],
    column: str,
) -> Iterator[Finding]:
    """Prevalence of each site, a test against the others, and the PPV that follows from it.

    Args:
        predictions: the scored cases.
        points: operating points.
        sites: level of the site column → (N,) bool; without those of no known site.
        column: that names the site.
    """
    if len(sites) < _PAIR or _shared(predictions, sites):
        return
    for site, one in label_shift(predictions, sites).items():
        scope = {"group": column, "level": site, "analysis": "scored"}
        yield Finding("prevalence", scope, one.prevalence)
        yield Finding("prevalence_shift_p", scope, one.p_value)
        for point in points:
            full = {**scope, "operating_point": point.name}
            p = replace(predictions, threshold=point.edge)
            yield Finding("ppv_at_site_prevalence", full, _expected(p, one.prevalence))


def _expected(p: Predictions, prevalence: Estimate) -> Estimate:
    share = prevalence.value
    if share is None or not 0 < share < 1:
        return Estimate.missing("all or none of the cases of the site are fractured", n=len(p))
    found = ppv_at_prevalence(p, share)
    return replace(found, method=f"{found.method}; the prevalence of the site is taken as known")


def _shared(p: Predictions, sites: Mapping[str, BoolArray]) -> bool:
    """Whether a patient is at two sites: then they are not independent."""
    index = numbered(p.patients)[1]
    homes = [set(index[inside].tolist()) for inside in sites.values()]
    return len(set().union(*homes)) < sum(map(len, homes))
