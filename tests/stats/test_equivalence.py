import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW

from xaudit.core.estimate import Estimate
from xaudit.stats.equivalence import equivalence, equivalence_p_value
from xaudit.stats.proportions import normal_quantile


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        (-0.04, 0.04, "equivalent"),
        (-0.05, 0.04, "not shown"),
        (0.01, 0.06, "not shown"),
        (-0.2, 0.2, "not shown"),
        (0.05, 0.2, "different"),
        (-0.3, -0.06, "different"),
    ],
)
def test_the_interval_answers(low, high, answer):
    found = equivalence(Estimate((low + high) / 2, low, high, "any", 0.9), 0.05)
    assert found.answer == answer
    assert found.alpha == pytest.approx(0.05)


def test_no_value_is_no_answer_and_no_margin_is_an_error():
    assert equivalence(Estimate.missing("no cases"), 0.1).answer == "undefined"
    with pytest.raises(ValueError, match="margin"):
        equivalence(Estimate.missing("no cases"), 0.0)
    with pytest.raises(ValueError, match="positive"):
        equivalence_p_value(0.1, 0.0, 0.1)


@given(st.floats(-0.2, 0.2), st.floats(0.01, 0.1), st.floats(0.01, 0.2))
def test_p_value_and_interval_agree(value, error, margin):
    half = normal_quantile(0.9) * error
    found = equivalence(Estimate(value, value - half, value + half, "Wald", 0.9), margin)
    p = equivalence_p_value(value, error, margin)
    if abs(p - 0.05) > 1e-9:
        assert (p < 0.05) == (found.answer == "equivalent")


def test_p_value_is_that_of_statsmodels():
    x = np.random.default_rng(0).normal(0.1, 1, 200)
    sample = DescrStatsW(x)
    expected = max(sample.ztest_mean(-0.3, "larger")[1], sample.ztest_mean(0.3, "smaller")[1])
    assert equivalence_p_value(x.mean(), sample.std_mean, 0.3) == pytest.approx(expected)
