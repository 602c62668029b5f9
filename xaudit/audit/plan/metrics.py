"""Every metric that an audit can report."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from xaudit.audit.analyses.port import TABLES, analyses
from xaudit.core.metric import METRICS, Metric, MetricFacts
from xaudit.metrics.package_metrics import load_rooms

_KINDS = {"map": "maps", "scores": "cases"}
"""Table that a metric of another package is computed from."""


def all_metrics() -> list[MetricFacts]:
    """Facts of every metric that an audit reports, plug-ins included, and of what is made of them.

    A metric of this package that no analysis reports is left out, also where a program imported
    it. By family and name.
    """
    read = (table for analysis in analyses() for table in analysis.reads)
    return metrics_of({*TABLES, *read})


def metrics_of(tables: Collection[str]) -> list[MetricFacts]:
    """Those that are made of these tables alone.

    Args:
        tables: that there are.
    """
    there = [analysis for analysis in analyses() if analysis.reads <= set(tables)]
    modules = {module.__name__ for one in there for module in one.metrics}
    load_rooms()
    registered = (METRICS[name] for name in METRICS)
    facts = [one.facts for one in registered if _reported(one, modules, tables)]
    facts.extend(fact for one in there for fact in one.described())
    return sorted(facts, key=lambda one: (one.family, one.name))


def _reported(one: Metric[Any, Any], modules: set[str], tables: Collection[str]) -> bool:
    module = one.function.__module__
    if one.kind is None and module.startswith("xaudit."):
        return module in modules
    return one.kind is None or _KINDS[one.kind] in tables
