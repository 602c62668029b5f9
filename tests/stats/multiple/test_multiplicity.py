import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from xaudit.core.estimate import Estimate
from xaudit.stats.multiple.multiplicity import (
    benjamini_hochberg,
    holm,
    pointwise_level,
    simultaneous,
)
from xaudit.stats.resampling.bootstrap import clustered_sums_draws

RNG = np.random.default_rng


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
@settings(max_examples=30, deadline=None)
def test_adjusted_p_values_are_those_of_statsmodels(p_values):
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])
    expected = multipletests(p_values, method="fdr_bh")[1]
    assert benjamini_hochberg(p_values) == pytest.approx(expected)


def test_a_wrong_p_value_is_named():
    with pytest.raises(ValueError, match=r"number 1 is 1\.5"):
        holm([0.1, 1.5])
    assert holm([]).shape == (0,)


def _point(value):
    return Estimate(value, value - 1, value + 1, "any", n=50, clusters=50)


def test_one_comparison_is_the_plain_interval_and_copies_cost_nothing():
    draws = RNG(0).normal(0.3, 0.1, (20000, 1))
    (alone,) = simultaneous([_point(0.3)], draws)
    assert alone.difference.high == pytest.approx(0.3 + 1.96 * 0.1, abs=0.005)
    copies = simultaneous([_point(0.3)] * 10, np.tile(draws, 10))
    assert copies[3].difference.high == pytest.approx(alone.difference.high)
    assert alone.p_value == pytest.approx(0.0027, abs=0.002)


def test_independent_comparisons_cost_as_much_as_sidak():
    draws = RNG(0).normal(size=(40000, 20))
    found = simultaneous([_point(0.0)] * 20, draws)
    assert found[0].difference.high == pytest.approx(3.016, abs=0.06)
    assert "20 comparisons" in found[0].difference.method
    assert min(one.p_value for one in found) == 1.0


def test_what_cannot_be_compared_keeps_its_reason_and_costs_nothing():
    draws = RNG(0).normal(size=(500, 4))
    draws[:50, 1], draws[:, 2] = np.nan, 0.0
    estimates = [_point(0.0)] * 3 + [Estimate.missing("no cases")]
    found = simultaneous(estimates, draws)
    assert "1 comparisons" in found[0].difference.method
    assert found[1].difference.undefined == "50 of 500 bootstrap draws have no value"
    assert "same value" in found[2].difference.undefined
    assert found[3].difference.undefined == "no cases"
    assert found[3].p_value is None
    with pytest.raises(ValueError, match="4 estimates but"):
        simultaneous(estimates, draws[:, :3])


def _gaps(sums):
    """Mean of each of 8 groups minus that of the others."""
    values, counts = sums[..., :8], sums[..., 8:]
    others = values.sum(-1, keepdims=True) - values, counts.sum(-1, keepdims=True) - counts
    return values / counts - others[0] / others[1]


@pytest.mark.heavy
def test_any_false_alarm_among_fair_groups_is_as_rare_as_declared():
    rng, runs, alarms = RNG(5), 400, 0
    patients = [str(i // 2) for i in range(600)]
    for _ in range(runs):
        values = np.repeat(rng.normal(size=300), 2) + rng.normal(size=600)
        group = np.repeat(rng.integers(0, 8, 300), 2)
        inside = (group[:, None] == np.arange(8)).astype(float)
        columns = np.concatenate([inside * values[:, None], inside], axis=1)
        draws = _gaps(clustered_sums_draws(columns, patients, rng, 400))
        found = simultaneous([_point(v) for v in _gaps(columns.sum(axis=0))], draws)
        alarms += any(c.difference.low > 0 or c.difference.high < 0 for c in found)
    # Bootstrap errors of 37 patients are 1.4 % too small, which costs about a point.
    assert 0.02 < alarms / runs < 0.085


def test_pointwise_level_lies_between_that_of_one_and_bonferronis():
    draws = RNG(0).normal(size=(40000, 20))
    values = np.zeros(20)
    sidak = 0.95 ** (1 / 20)
    assert pointwise_level(draws, values) == pytest.approx(sidak, abs=3e-4)
    assert pointwise_level(np.tile(draws[:, :1], 20), values) == pytest.approx(0.95, abs=0.003)
    assert pointwise_level(draws[:, :1], values[:1]) == 0.95
    wild = RNG(1).standard_t(2, size=(4000, 20))
    assert pointwise_level(wild, values) == pytest.approx(1 - 0.05 / 20)


def test_pointwise_level_without_draws_is_bonferronis():
    void = np.full((100, 5), np.nan)
    assert pointwise_level(void, np.zeros(5)) == pytest.approx(0.99)
    assert pointwise_level(np.zeros((100, 0)), np.zeros(0)) == 0.95
    assert pointwise_level(RNG(0).normal(size=(100, 2)), np.array([0.0, np.nan])) == 0.975
