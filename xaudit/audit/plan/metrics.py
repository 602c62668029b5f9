"""Every metric that an audit can report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from xaudit.audit.maps.extent import separation_facts
from xaudit.audit.maps.overlap import overlap_facts
from xaudit.audit.maps.peaks import peak_facts
from xaudit.audit.maps.reference_gaps import of_ideal_facts, reference_gap_facts
from xaudit.audit.maps.site_shift import site_shift_facts
from xaudit.audit.plan.derived_metrics import BESIDE
from xaudit.core.metric import METRICS, Metric, MetricFacts, Unit
from xaudit.metrics.groups import association
from xaudit.metrics.maps import (
    agreement,
    extent,
    faithfulness,
    localization,
    peaks,
    randomization,
    readability,
    shortcuts,
    stability,
    thresholded,
)
from xaudit.metrics.scores import (
    calibration,
    debiased_calibration,
    discrimination,
    net_benefit,
    prevalence,
    roc_parts,
)

# Importing a module registers its metrics.
FAMILIES = (
    discrimination,
    roc_parts,
    prevalence,
    net_benefit,
    calibration,
    debiased_calibration,
    localization,
    peaks,
    thresholded,
    extent,
    agreement,
    faithfulness,
    randomization,
    readability,
    shortcuts,
    association,
    stability,
)


_DERIVED: tuple[tuple[str, str, Unit | None], ...] = (
    ("degraded_{}", "On the same radiographs made worse: {}", None),
    ("{}_site_mean", "On average over sites: {}", None),
    ("{}_new_site", "At a new site: {}", None),
    (
        "{}_site_variance",
        "By how much do sites differ beyond chance, on the logit scale?",
        "number",
    ),
    (
        "{}_site_i2",
        "What share of the differences between sites is more than chance?",
        "proportion",
    ),
)
"""Name, question and unit (None: that of the metric) of what is made of these metrics."""
_OF = ("auc", "sensitivity", "specificity")
_OF_MAPS = ("mass", "hit")
"""Scores of maps that are also taken of worse radiographs."""


def all_metrics() -> list[MetricFacts]:
    """Facts of every metric that an audit reports, plug-ins included, and of what is made of them.

    A metric of this package that no audit computes is left out, also where a program imported it.
    By family and name.
    """
    facts = [METRICS[name].facts for name in METRICS if _reported(METRICS[name])]
    facts.extend(_made_of(METRICS[name].facts, made) for name in _OF for made in _DERIVED)
    facts.extend(_made_of(METRICS[name].facts, _DERIVED[0]) for name in _OF_MAPS)
    facts.extend((*BESIDE, *reference_gap_facts(), *overlap_facts(), *separation_facts()))
    facts.extend((peak_facts(), of_ideal_facts(), *site_shift_facts()))
    return sorted(facts, key=lambda one: (one.family, one.name))


def _reported(one: Metric[Any, Any]) -> bool:
    module = one.function.__module__
    return not module.startswith("xaudit.") or module in {family.__name__ for family in FAMILIES}


def _made_of(facts: MetricFacts, made: tuple[str, str, Unit | None]) -> MetricFacts:
    name, question, unit = made
    spread = unit is not None
    return replace(
        facts,
        name=name.format(facts.name),
        question=question.format(facts.question[0].lower() + facts.question[1:]),
        unit=unit or facts.unit,
        better="lower" if spread else facts.better,
        high=None if name.endswith("variance") else facts.high,
    )
