"""Facts of figures that are no metrics of their own: made of metrics, or beside them."""

from __future__ import annotations

from dataclasses import replace

from xaudit.core.message import Message, inner
from xaudit.core.metric import Better, MetricFacts, Unit

NAMES = {
    "auc": Message("AUC"),
    "sensitivity": Message("sensitivity"),
    "specificity": Message("specificity"),
}
"""Metrics that are compared between groups and sites, as questions call them."""


def beside(
    name: str, question: str, better: Better, unit: Unit, family: str = "discrimination"
) -> MetricFacts:
    """Facts of a figure that stands beside the metrics of a family."""
    share = unit == "proportion"
    return MetricFacts(
        name, question, better, 0.0 if share else None, 1.0 if share else None, unit, family
    )


def made_of(
    facts: MetricFacts, name: str, question: str, spread: Unit | None = None
) -> MetricFacts:
    """Facts of what is made of a metric.

    Args:
        facts: of the metric.
        name: with {} for that of the metric.
        question: with {question} for that of the metric, where it has one.
        spread: the unit, where it is a spread of the metric: less is better.
    """
    named = name.format(facts.name)
    return replace(
        facts,
        name=named,
        question=Message(question, question=inner(facts.question)),
        unit=spread or facts.unit,
        better="lower" if spread else facts.better,
        high=None if named.endswith("variance") else facts.high,
    )


def degraded(facts: MetricFacts) -> MetricFacts:
    """Facts of a metric on the same radiographs, degraded."""
    return made_of(facts, "degraded_{}", "On the same radiographs, degraded: {question}")
