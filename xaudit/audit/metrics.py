"""Every metric that an audit can report."""

from __future__ import annotations

from xaudit.core.metric import METRICS, MetricFacts
from xaudit.metrics import (
    calibration,
    discrimination,
    faithfulness,
    localization,
    prevalence,
    randomization,
    readability,
    stability,
)

# Importing a module registers its metrics.
FAMILIES = (
    discrimination,
    prevalence,
    calibration,
    localization,
    faithfulness,
    randomization,
    readability,
    stability,
)


def all_metrics() -> list[MetricFacts]:
    """Facts of every registered metric, plug-ins included, by family and name."""
    facts = [METRICS[name].facts for name in METRICS]
    return sorted(facts, key=lambda one: (one.family, one.name))
