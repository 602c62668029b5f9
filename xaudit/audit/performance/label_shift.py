"""Prevalence at each site, and what it does to the predictive value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from xaudit.audit.analyses.derived_metrics import beside
from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.performance.performance import Performance
from xaudit.core.case import BoolArray
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.metrics.groups.label_shift import label_shift
from xaudit.metrics.scores.discrimination import Predictions, sensitivity, specificity
from xaudit.stats.proportions import predictive_value
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
    rates = {point.name: _rates(replace(predictions, threshold=point.edge)) for point in points}
    for site, one in label_shift(predictions, sites).items():
        scope = {"group": column, "level": site, "analysis": "scored"}
        yield Finding("prevalence", scope, one.prevalence)
        yield Finding("prevalence_shift_p", scope, one.p_value)
        for point in points:
            full = {**scope, "operating_point": point.name}
            expected = _expected(rates[point.name], one.prevalence, len(predictions))
            yield Finding("ppv_at_site_prevalence", full, expected)


def _rates(p: Predictions) -> tuple[Estimate, Estimate]:
    return sensitivity(p), specificity(p)


def _expected(rates: tuple[Estimate, Estimate], prevalence: Estimate, cases: int) -> Estimate:
    share = prevalence.value
    if share is None or not 0 < share < 1:
        return Estimate.missing(
            Message("all or none of the cases of the site are fractured"), n=cases
        )
    found = predictive_value(*rates, share, "ppv")
    return replace(
        found,
        method=Message(
            "{method}; the prevalence of the site is taken as known", method=found.method
        ),
    )


def _shared(p: Predictions, sites: Mapping[str, BoolArray]) -> bool:
    """Whether a patient is at two sites: then they are not independent."""
    patients, index = numbered(p.patients)
    homes = np.zeros(patients, dtype=np.intp)
    for inside in sites.values():
        homes[np.unique(index[inside])] += 1
    return bool(homes.max(initial=0) > 1)


def label_shift_facts() -> list[MetricFacts]:
    """How to read these findings."""
    return [
        beside("prevalence", Message("What share of the cases of a site has a fracture?"), "higher",
               "proportion", "shift"),
        beside(
            "prevalence_shift_p",
            Message("Would patients with a fracture be spread over sites so unevenly by chance?"),
            "higher",
            "number",
            "shift",
        ),
        beside(
            "ppv_at_site_prevalence",
            Message("Of the cases called fractured, what share would be, if a site had the "
"sensitivity and specificity of all, and its own prevalence?"),
            "higher",
            "proportion",
            "shift",
        ),
    ]  # fmt: skip


@as_analysis("label shift", 25, ["cases"], facts=label_shift_facts)
def _label_shift(material: Material) -> Iterator[Finding]:
    own, column = material.shared(Performance.of), material.site_column
    if column is not None and column in own.sides.columns:
        known = own.sides.columns[column].only(own.sites(column))
        yield from label_shift_findings(own.judged, material.points, known, column)
