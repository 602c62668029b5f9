import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.core.estimate import Estimate
from xaudit.stats.needed_to_predict import number_needed_to_predict, predictive_gain
from xaudit.stats.proportions import predictive_value, wilson

RATES = st.floats(0.01, 0.99)


def test_fda_example_is_reproduced():
    # FDA CADe guidance, appendix F: 168 true and 136 false positives of 1,000, 0.8 false for each
    # true one, NNP 1.97. 16600/20000 is reconstructed from the printed specificity.
    found = number_needed_to_predict(wilson(4200, 5000), wilson(16600, 20000), 0.2)
    assert round(found.value, 2) == 1.97
    assert 1.9 < found.low < found.value < found.high < 2.1
    assert found.method == "MOVER of sensitivity and specificity at prevalence 0.2"


@given(RATES, RATES, RATES)
def test_gain_is_what_the_predictive_values_add_up_to(se, sp, prevalence):
    found, missed = se * prevalence, (1 - se) * prevalence
    left, alarmed = sp * (1 - prevalence), (1 - sp) * (1 - prevalence)
    ppv, npv = found / (found + alarmed), left / (left + missed)
    assert predictive_gain(se, sp, prevalence) == pytest.approx(ppv + npv - 1, abs=1e-12)
    assert (predictive_gain(se, sp, prevalence) > 1e-12) <= (se + sp > 1)


@given(st.integers(21, 60), st.integers(21, 60), st.floats(0.01, 0.9))
def test_value_agrees_with_the_predictive_values_and_lies_in_its_limits(k, j, prevalence):
    se, sp = wilson(k, 60), wilson(j, 60)
    one = number_needed_to_predict(se, sp, prevalence)
    parts = [predictive_value(se, sp, prevalence, which) for which in ("ppv", "npv")]
    if one.value is not None:
        assert 1 / one.value == pytest.approx(sum(part.value for part in parts) - 1)
        assert 1 <= one.low <= one.value <= one.high


def test_perfection_is_one():
    found = number_needed_to_predict(wilson(50, 50), wilson(80, 80), 0.3)
    assert (found.value, found.low) == (1.0, 1.0)
    assert found.high > 1.02


@pytest.mark.parametrize(("k", "j", "reason"), [
    (20, 30, "PPV + NPV is 1 or less"),
    (33, 32, "the interval of PPV + NPV reaches 1 or less"),
    (0, 60, "all cases are called the same"),
    (60, 0, "all cases are called the same"),
])  # fmt: skip
def test_there_is_no_number_where_nothing_is_gained(k, j, reason):
    found = number_needed_to_predict(wilson(k, 60), wilson(j, 60), 0.2)
    assert found.value is None
    assert reason in found.undefined


def test_undefined_parts_and_impossible_prevalences_are_named():
    gone = Estimate.missing("no positive cases")
    assert "no positive cases" in number_needed_to_predict(gone, wilson(3, 4), 0.1).undefined
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        number_needed_to_predict(wilson(3, 4), wilson(3, 4), 1.0)


def test_a_caution_is_carried():
    cautious = wilson(55, 60).with_caution("12 positives, 30 needed for a verdict")
    assert number_needed_to_predict(cautious, wilson(50, 60), 0.2).caution == cautious.caution


@pytest.mark.parametrize(("se", "sp", "prevalence"), [(0.85, 0.83, 0.2), (0.6, 0.95, 0.05)])
def test_intervals_hold_the_truth_as_often_as_they_say(se, sp, prevalence):
    rng, runs = np.random.default_rng(5), 2000
    truth = 1 / predictive_gain(se, sp, prevalence)
    held = 0
    for k, j in zip(rng.binomial(150, se, runs), rng.binomial(400, sp, runs), strict=True):
        one = number_needed_to_predict(wilson(k, 150), wilson(j, 400), prevalence)
        held += one.value is not None and one.low <= truth <= one.high
    assert math.isclose(held / runs, 0.95, abs_tol=0.02)
