import numpy as np
import pytest
from scipy import stats

from xaudit.core.record.policy import Rule
from xaudit.gate.judging.compare import compare
from xaudit.gate.judging.sizes import planned_need
from xaudit.stats.paired_proportions import paired_difference
from xaudit.stats.proportions import wilson
from xaudit.stats.roc.auc import auc
from xaudit.stats.roc.auc_difference import paired_auc_difference

RUNS = 400


def passed(rule, study, seed=1):
    rng = np.random.default_rng(seed)
    return sum(compare(rule, study(rng))[0] == "pass" for _ in range(RUNS)) / RUNS


@pytest.mark.parametrize(("floor", "true"), [(0.8, 0.9), (0.7, 0.85)])
def test_floor_of_a_rate_has_its_power(floor, true):
    rule = Rule("r", "sensitivity", floor=floor)
    need = planned_need(rule, 0.3)
    assert need.negatives == 0
    assert f"{true:g}" in need.assumed

    def study(rng):
        return wilson(int(rng.binomial(need.positives, true)), need.positives)

    assert 0.72 <= passed(rule, study) <= 0.88


@pytest.mark.parametrize("prevalence", [0.5, 0.2])
def test_floor_of_an_area_has_its_power(prevalence):
    rule = Rule("r", "auc", floor=0.8)
    need = planned_need(rule, prevalence)
    assert need.positives / (need.positives + need.negatives) == pytest.approx(prevalence, abs=0.02)
    labels = np.arange(need.positives + need.negatives) < need.positives
    shift = 2**0.5 * stats.norm.ppf(0.9)

    def study(rng):
        return auc(rng.normal(size=len(labels)) + shift * labels, labels, np.arange(len(labels)))

    assert 0.72 <= passed(rule, study) <= 0.93


def test_comparison_of_rates_has_its_power():
    rule = Rule("r", "specificity", non_inferior=0.05)
    n = planned_need(rule, 0.3).negatives

    def study(rng):
        draw = rng.random(n)
        return paired_difference(draw > 0.05, (draw < 0.95), np.arange(n)).difference

    assert 0.72 <= passed(rule, study) <= 0.88


def test_comparison_of_areas_has_about_its_power():
    rule = Rule("r", "auc", non_inferior=0.03)
    need = planned_need(rule, 0.5)
    n = need.positives + need.negatives
    shift = 2**0.5 * stats.norm.ppf(0.9)

    def study(rng):
        labels, common = np.arange(n) < need.positives, 0.5**0.5 * rng.normal(size=n)
        new, old = (common + 0.5**0.5 * rng.normal(size=n) + shift * labels for _ in range(2))
        return paired_auc_difference(new, old, labels, np.arange(n)).difference

    assert 0.68 <= passed(rule, study) <= 0.95


@pytest.mark.parametrize(
    "rule",
    [
        Rule("r", "ece", ceiling=0.1),
        Rule("r", "sensitivity", superior=0.0),
        Rule("r", "sensitivity", floor=1.0),
        Rule("r", "sensitivity", required=True),
        Rule("r", "auc", equivalent=0.1),
    ],
)
def test_no_size_is_planned_where_none_is_known(rule):
    assert planned_need(rule, 0.3) is None
