import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from xaudit.core.estimate import Estimate
from xaudit.stats.difference import independent_difference
from xaudit.stats.proportions import (
    clopper_pearson,
    clustered_proportion,
    likelihood_ratio,
    predictive_value,
    wilson,
)


@pytest.mark.parametrize(
    ("method", "k", "n", "low", "high", "digits"),
    [
        (wilson, 44, 51, 74.3, 93.2, 1),
        (wilson, 168, 169, 96.7, 99.9, 1),
        (wilson, 291, 316, 88.6, 94.6, 1),
        (wilson, 617, 684, 87.7, 92.2, 1),
        (clopper_pearson, 102, 104, 93.23, 99.77, 2),
        (clopper_pearson, 190, 204, 88.75, 96.20, 2),
    ],
)
def test_published_intervals_are_reproduced(method, k, n, low, high, digits):
    found = method(k, n)
    assert round(100 * found.low, digits) == low
    assert round(100 * found.high, digits) == high


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_both_intervals_agree_with_statsmodels(kn):
    k, n = kn
    for method, name in ((wilson, "wilson"), (clopper_pearson, "beta")):
        found = method(k, n)
        expected = proportion_confint(k, n, method=name)
        assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)
        assert found.low <= k / n <= found.high


@pytest.mark.parametrize("method", [wilson, clopper_pearson])
def test_no_cases_are_missing_not_zero(method):
    assert method(0, 0).value is None
    with pytest.raises(ValueError, match="0 ≤ k ≤ n"):
        method(3, 2)


def test_one_case_per_patient_is_plain_wilson():
    found = clustered_proportion(np.arange(51) < 44, [str(i) for i in range(51)])
    assert (found.method, found.low, found.k) == ("Wilson", wilson(44, 51).low, 44)


def test_duplicated_images_do_not_narrow_the_interval():
    success, names = np.arange(60) < 45, [str(i) for i in range(60)]
    twice = clustered_proportion(np.tile(success, 2), names * 2)
    once = wilson(45, 60)
    # As wide as once, and a little more: clusters have t instead of z.
    assert 1 <= (twice.high - twice.low) / (once.high - once.low) < 1.04
    assert "Rao–Scott" in twice.method


def test_all_correct_counts_patients_not_images():
    found = clustered_proportion(np.ones(40, bool), [str(i // 4) for i in range(40)])
    assert found.low == pytest.approx(wilson(10, 10).low)


def test_order_of_the_rows_changes_nothing():
    rng = np.random.default_rng(1)
    success, names = rng.random(50) < 0.7, np.array([str(i // 3) for i in range(50)])
    order = rng.permutation(50)
    a = clustered_proportion(success, list(names))
    b = clustered_proportion(success[order], list(names[order]))
    assert (a.low, a.high) == pytest.approx((b.low, b.high))


def test_derived_values_fit_the_limits_that_fda_prints():
    # FDA CADe guidance, appendix F, prints 4200/5000 and rates; 16600/20000 is reconstructed from
    # the printed specificity. Its predictive values are the study's own, hence the tolerance.
    se, sp = wilson(4200, 5000), wilson(16600, 20000)
    ppv = predictive_value(se, sp, 0.2, "ppv")
    npv = predictive_value(se, sp, 0.2, "npv")
    ratio = likelihood_ratio(se, sp, "positive")
    assert (round(ratio.low, 1), round(ratio.high, 1)) == (4.8, 5.1)
    assert ppv.value == pytest.approx(4200 / 7600)
    assert (ppv.low, ppv.high) == pytest.approx((0.541, 0.564), abs=0.004)
    assert (npv.low, npv.high) == pytest.approx((0.951, 0.957), abs=0.003)


def test_perfect_specificity_has_ppv_one_with_a_lower_limit():
    found = predictive_value(wilson(40, 50), wilson(30, 30), 0.1, "ppv")
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.1 < found.low < 0.9
    assert likelihood_ratio(wilson(40, 50), wilson(30, 30), "positive").value is None


def test_undefined_parts_stay_undefined():
    gone = Estimate.missing("no positive cases")
    assert "no positive cases" in predictive_value(gone, wilson(3, 4), 0.1, "npv").undefined
    assert predictive_value(wilson(0, 9), wilson(9, 9), 0.1, "ppv").value is None


def test_newcombe_example_is_reproduced():
    # Newcombe 1998, table II (a): 56/70 - 48/80, method 10.
    found = independent_difference(wilson(56, 70), wilson(48, 80))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert found.method == "Newcombe hybrid score"


def test_what_is_counted_need_not_be_a_case():
    """Lesions are counted so, too."""
    one = clustered_proportion(np.array([True, False, True]), ["p", "p", "p"])
    assert one.value is None
    assert str(one.undefined) == "all 3 values come from one patient"
