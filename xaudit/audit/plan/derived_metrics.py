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
    *(
        MetricFacts(
            f"{metric}_matched_gap",
            f"What is the gap in {metric} to the rest among cases of the same declared case mix?",
            "higher",
            -1.0,
            1.0,
            "proportion",
            "discrimination",
        )
        for metric in ("sensitivity", "specificity")
    ),
    *(
        _facts(
            f"{metric}_without_site",
            f"What is the {name} over all cases but those of one site?",
            "higher",
            "number" if metric == "auc" else "proportion",
        )
        for metric, name in _NAMES.items()
    ),
    *(
        _facts(
            f"{metric}_worst_site",
            f"What is the {name} at the worst of all sites, whichever that is?",
            "higher",
            "number" if metric == "auc" else "proportion",
        )
        for metric, name in _NAMES.items()
    ),
    _facts(
        "prevalence",
        "What share of the cases of a site has a fracture?",
        "higher",
        "proportion",
        "shift",
    ),
    _facts(
        "prevalence_shift_p",
        "Would patients with a fracture be spread over sites so unevenly by chance?",
        "higher",
        "number",
        "shift",
    ),
    _facts(
        "ppv_at_site_prevalence",
        "Of the cases called fractured, what share would be, if a site had the sensitivity and "
        "specificity of all, and its own prevalence?",
        "higher",
        "proportion",
        "shift",
    ),
    _facts("auc_in_fold", "What is the AUC within one fold?", "higher", "number"),
    _facts("auc_fold_mean", "What is the AUC within a fold, averaged?", "higher", "number"),
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
