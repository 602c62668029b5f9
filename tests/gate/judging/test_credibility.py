from dataclasses import replace

import pytest

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.gate.judging.credibility import Thresholds, explanation_verdicts

GOOD = {
    "randomization_similarity": (0.1, 0.2),
    "symmetric_relevance_gain": (0.2, 0.4),
    "edge_similarity": (0.0, 0.2),
    "stability": (0.8, 0.95),
    "repeatability": (0.9, 0.99),
    "readable_map": (0.95, 1.0),
}


def _findings(changes=None, n=20, extra=()):
    found = list(extra)
    for metric, limits in {**GOOD, **(changes or {})}.items():
        scope = {"method": "lime"}
        if metric == "randomization_similarity":
            scope["layers"] = "all"
        if limits is None:
            estimate = Estimate.missing("every map is constant")
        else:
            low, high = limits
            estimate = Estimate((low + high) / 2, low, high, "bootstrap", n=n)
        found.append(Finding(metric, scope, estimate))
    return found


def _verdict(*args, **kwargs):
    (one,) = explanation_verdicts(_findings(*args, **kwargs), ["lime"])
    return one


def test_a_method_that_passes_everything_may_be_believed():
    one = _verdict()
    assert (one.method, one.verdict, len(one.reasons)) == ("lime", "may_be_believed", 6)
    assert one.reasons[0] == (
        "Likeness to the map of a randomized detector: 0.15 (0.10 to 0.20, n = 20), below 0.5."
    )


@pytest.mark.parametrize(
    ("metric", "limits", "verdict", "said"),
    [
        ("randomization_similarity", (0.5, 0.9), "not_shown", "not below 0.5"),
        ("randomization_similarity", (0.3, 0.6), "with_caution", "not surely below 0.5"),
        ("randomization_similarity", None, "not_shown", "every map is constant"),
        ("symmetric_relevance_gain", (-0.3, 0.0), "not_shown", "not above 0"),
        ("label_randomization_similarity", (0.6, 0.9), "not_shown", "shuffled labels"),
        ("label_randomization_similarity", None, "not_shown", "every map is constant"),
        ("reproducibility", (0.1, 0.3), "with_caution", "retrained detectors"),
        ("symmetric_relevance_gain", (-0.1, 0.3), "with_caution", "not surely above 0"),
        ("symmetric_relevance_gain", None, "not_shown", "every map is constant"),
        ("complete_map", (0.0, 0.3), "not_shown", "add up to the change of the logit"),
        ("complete_map", (0.7, 0.95), "with_caution", "add up to the change of the logit"),
        ("edge_similarity", (0.6, 0.8), "with_caution", "not below 0.5"),
        ("stability", (0.0, 0.3), "with_caution", "not above 0.5"),
        ("stability", None, "with_caution", "every map is constant"),
        ("repeatability", (0.5, 0.9), "with_caution", "not surely above 0.75"),
        ("readable_map", (0.4, 0.7), "with_caution", "not above 0.8"),
    ],
)
def test_one_check_decides_and_its_reason_comes_first(metric, limits, verdict, said):
    one = _verdict({metric: limits})
    assert one.verdict == verdict
    assert said in one.reasons[0]
    assert len(one.reasons) == len({*GOOD, metric})


def test_maps_that_add_up_may_be_believed():
    one = _verdict({"complete_map": (0.9, 1.0)})
    assert one.verdict == "may_be_believed"
    assert "Maps that add up to the change of the logit: 0.95" in one.reasons[2]


def test_what_was_not_measured_is_not_shown():
    (one,) = explanation_verdicts([], ["shap"])
    assert one.verdict == "not_shown"
    assert all("not measured" in reason for reason in one.reasons)


def test_findings_of_other_methods_layers_or_baselines_do_not_count():
    (one,) = explanation_verdicts(_findings(), ["shap"])
    assert one.verdict == "not_shown"
    findings = [
        replace(one, scope={"method": "lime", "layers": "top 1/2"})
        if one.metric == "randomization_similarity" else one
        for one in _findings()
    ]  # fmt: skip
    assert explanation_verdicts(findings, ["lime"])[0].verdict == "not_shown"


def test_few_cases_call_for_caution():
    assert _verdict(n=9).verdict == "with_caution"
    assert "9 cases are few" in _verdict(n=9).reasons[0]
    assert _verdict(n=10).verdict == "may_be_believed"


def test_a_baseline_that_contradicts_calls_for_caution():
    against = Finding(
        "symmetric_relevance_gain",
        {"method": "lime", "baseline": "mean"},
        Estimate(-0.2, -0.3, -0.1, "bootstrap", n=20),
    )
    one = _verdict(extra=[against])
    assert one.verdict == "with_caution"
    assert "“mean”" in one.reasons[0]


def test_a_worse_interval_never_improves_the_verdict():
    ranks = {"not_shown": 0, "with_caution": 1, "may_be_believed": 2}
    for metric, better in (("symmetric_relevance_gain", 1), ("randomization_similarity", -1)):
        last = -1
        for step in range(-10, 11):
            middle = 0.1 * step * better
            last, previous = ranks[_verdict({metric: (middle - 0.1, middle + 0.1)}).verdict], last
            assert last >= previous


def test_thresholds_can_be_declared():
    strict = Thresholds(stability=0.9)
    assert explanation_verdicts(_findings(), ["lime"], strict)[0].verdict == "with_caution"
