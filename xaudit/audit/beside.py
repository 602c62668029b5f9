"""Facts of figures that audits report beside the registered metrics."""

from __future__ import annotations

from xaudit.core.metric import Better, MetricFacts, Unit


def _facts(
    name: str, question: str, better: Better, unit: Unit, family: str = "discrimination"
) -> MetricFacts:
    share = unit == "proportion"
    return MetricFacts(
        name, question, better, 0.0 if share else None, 1.0 if share else None, unit, family
    )


_NAMES = {"auc": "AUC", "sensitivity": "sensitivity", "specificity": "specificity"}


BESIDE = (
    *(
        _facts(
            f"{metric}_worst_to_best",
            f"By how much does the {name} of the best level of a column exceed that of the worst?",
            "lower",
            "number" if metric == "auc" else "proportion",
        )
        for metric, name in _NAMES.items()
    ),
    *(
        _facts(
            f"{metric}_worst_to_best_ratio",
            f"What is the {name} of the worst level of a column, over that of the best?",
            "higher",
            "ratio",
        )
        for metric, name in _NAMES.items()
    ),
    _facts(
        "equalized_odds_difference",
        "What is the larger of the ranges of sensitivity and of specificity over a column?",
        "lower",
        "proportion",
    ),
    _facts(
        "decision_net_benefit",
        "What is the net benefit of acting above a probability, or on every case?",
        "higher",
        "number",
        "utility",
    ),
    _facts(
        "decision_gain",
        "How much more net benefit has the detector than the better of all and none?",
        "higher",
        "number",
        "utility",
    ),
)
