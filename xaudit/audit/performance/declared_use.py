"""Declared use: parts of the ROC curve, and threshold probabilities (prices of a false alarm)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from xaudit.audit.analyses.derived_metrics import beside
from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.core.seeds import generator_for
from xaudit.fairness.groups import apply_size_rule, rarest
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.metrics.scores.net_benefit import decision_curve, net_benefit
from xaudit.metrics.scores.roc_parts import (
    partial_auc,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
)
from xaudit.stats.roc.partial_auc import Band

EVERYONE = "act on every case"
DETECTOR = "act above this probability"


def declared_findings(
    predictions: Predictions,
    points: Sequence[OperatingPoint],
    statistics: StatisticsConfig,
    seed: int,
) -> Iterator[Finding]:
    """Partial areas, rates at declared rates, and net benefit at declared prices.

    Args:
        predictions: the scored cases.
        points: operating points, whose calls have a net benefit too.
        statistics: what is declared, draws and minimum sizes.
        seed: of the plan.
    """
    positives = int(predictions.labels.sum())
    count, what = rarest(positives, len(predictions) - positives)
    found = [*_of_curve(predictions, statistics, seed)]
    found += _of_use(predictions, points, statistics, seed)
    for metric, scope, estimate in found:
        sized = apply_size_rule(estimate, count, statistics.minimum, what)
        yield Finding(metric, {**scope, "analysis": "scored"}, sized, positives=positives)


Made = tuple[str, dict[str, str], Estimate]


def _of_curve(p: Predictions, statistics: StatisticsConfig, seed: int) -> Iterator[Made]:
    draws = statistics.draws
    for estimate in statistics.partial_auc:
        name, band = (
            f"{estimate.low:g} to {estimate.high:g}",
            Band(estimate.rate, estimate.low, estimate.high),
        )
        scope: dict[str, str] = {estimate.rate: name}
        rng = generator_for(seed, "bootstrap", "partial_auc", estimate.rate, name)
        yield "partial_auc", scope, partial_auc(p, band, rng, draws)
    for at in statistics.at_specificity:
        rng = generator_for(seed, "bootstrap", "at_specificity", f"{at:g}")
        found = sensitivity_at_specificity(p, at, rng, draws)
        yield "sensitivity_at_specificity", {"specificity": f"{at:g}"}, found
    for at in statistics.at_sensitivity:
        rng = generator_for(seed, "bootstrap", "at_sensitivity", f"{at:g}")
        found = specificity_at_sensitivity(p, at, rng, draws)
        yield "specificity_at_sensitivity", {"sensitivity": f"{at:g}"}, found


def _of_use(
    p: Predictions, points: Sequence[OperatingPoint], statistics: StatisticsConfig, seed: int
) -> Iterator[Made]:
    prices, prevalence, draws = statistics.acting, statistics.prevalence, statistics.draws
    if not prices:
        return
    rng = generator_for(seed, "bootstrap", "decision_curve")
    for one in decision_curve(p, prices, rng, prevalence, draws):
        price = {"threshold_probability": f"{one.threshold:g}"}
        yield "decision_net_benefit", {**price, "strategy": DETECTOR}, one.model
        yield "decision_net_benefit", {**price, "strategy": EVERYONE}, one.treat_all
        yield "decision_gain", price, one.gain
    for point in points:
        called = replace(p, threshold=point.edge)
        for t in prices:
            rng = generator_for(seed, "bootstrap", "net_benefit", point.name, f"{t:g}")
            scope = {"threshold_probability": f"{t:g}", "operating_point": point.name}
            yield "net_benefit", scope, net_benefit(called, t, rng, prevalence, draws)


def declared_facts() -> list[MetricFacts]:
    """How to read the net benefit at declared prices."""
    return [
        beside(
            "decision_net_benefit",
            Message("What is the net benefit of acting above a probability, or on every case?"),
            "higher",
            "number",
            "utility",
        ),
        beside(
            "decision_gain",
            Message("How much more net benefit has the detector than the better of all and none?"),
            "higher",
            "number",
            "utility",
        ),
    ]
