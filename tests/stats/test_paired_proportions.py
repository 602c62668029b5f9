import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t
from stats_oracles import tango_distance
from statsmodels.stats.contingency_tables import mcnemar

from xaudit.stats.paired_proportions import mcnemar_p_value, paired_difference

counts = st.integers(0, 30)


def pairs(first_only, second_only, n):
    first = np.arange(n) < first_only
    second = (np.arange(n) >= first_only) & (np.arange(n) < first_only + second_only)
    return first, second


@given(counts, counts)
def test_exact_p_value_is_that_of_statsmodels(b, c):
    if b + c:
        expected = mcnemar([[5, b], [c, 5]], exact=True).pvalue
        assert mcnemar_p_value(b, c, "exact") == pytest.approx(expected)
    assert mcnemar_p_value(b, c, "mid-p") <= mcnemar_p_value(b, c, "exact")


def test_mid_p_by_hand():
    # 1 of 6: 2 (1 + 6) / 64 - 6 / 64.
    assert mcnemar_p_value(5, 1, "mid-p") == pytest.approx(8 / 64)
    assert mcnemar_p_value(3, 3, "mid-p") == 1.0
    assert mcnemar_p_value(0, 0, "exact") == 1.0
    with pytest.raises(ValueError, match="negative"):
        mcnemar_p_value(-1, 2, "exact")


@given(st.integers(0, 12), st.integers(0, 12), st.integers(2, 40))
@settings(max_examples=60, deadline=None)
def test_score_limits_are_where_the_likelihood_says(b, c, rest):
    n = b + c + rest
    found = paired_difference(*pairs(b, c, n), [str(i) for i in range(n)]).difference
    assert found.value == pytest.approx((b - c) / n)
    assert found.low < found.value < found.high
    assert tango_distance(b, c, n, found.low) == pytest.approx(1.959964, abs=1e-4)
    assert tango_distance(b, c, n, found.high) == pytest.approx(-1.959964, abs=1e-4)


def test_all_disagree_one_way():
    found = paired_difference(*pairs(20, 0, 20), [str(i) for i in range(20)])
    assert (found.difference.value, found.difference.high) == (1.0, 1.0)
    assert 0.5 < found.difference.low < 0.95
    assert found.p_value < 1e-5


def _clustered(seed):
    rng = np.random.default_rng(seed)
    index = np.sort(rng.integers(0, 30, 90))
    return rng.random(90) < 0.7, rng.random(90) < 0.5, index


@pytest.mark.parametrize("seed", range(3))
def test_clustered_tests_term_by_term(seed):
    first, second, index = _clustered(seed)
    names = [str(i) for i in index]
    by_case = by_patient = squares_case = squares_patient = 0.0
    for patient in set(index):
        own = index == patient
        b = int((first[own] & ~second[own]).sum())
        c = int((second[own] & ~first[own]).sum())
        by_case += b - c
        squares_case += (b - c) ** 2
        by_patient += (b - c) / own.sum()
        squares_patient += ((b - c) / own.sum()) ** 2
    case, patient = (paired_difference(first, second, names, w) for w in ("case", "patient"))
    # Published with χ² on 1 degree, which is z²; here t on patients - 1.
    degrees = len(set(index)) - 1
    assert case.p_value == pytest.approx(2 * t.sf(abs(by_case) / squares_case**0.5, degrees))
    expected = 2 * t.sf(abs(by_patient) / squares_patient**0.5, degrees)
    assert patient.p_value == pytest.approx(expected)
    assert case.difference.value == pytest.approx(first.mean() - second.mean())
    assert patient.difference.value == pytest.approx(by_patient / len(set(index)))
    assert "Durkalski" in patient.test


def test_copies_of_cases_leave_the_clustered_interval():
    first, second, index = _clustered(4)
    names = [str(i) for i in index]
    once = paired_difference(first, second, names).difference
    twice = paired_difference(np.tile(first, 2), np.tile(second, 2), names * 2).difference
    assert (once.low, once.high) == pytest.approx((twice.low, twice.high))


@pytest.mark.parametrize("weight", ["case", "patient"])
@pytest.mark.parametrize("seed", range(3))
def test_limits_are_what_the_clustered_test_just_rejects(seed, weight):
    first, second, index = _clustered(seed)
    found = paired_difference(first, second, [str(i) for i in index], weight).difference
    gaps = np.bincount(index, weights=first.astype(float) - second)
    sizes = np.bincount(index).astype(float)
    gaps, sizes = gaps[sizes > 0], sizes[sizes > 0]
    if weight == "patient":
        gaps, sizes = gaps / sizes, np.ones(len(sizes))
    for limit in (found.low, found.high):
        rest = gaps - limit * sizes
        assert abs(rest.sum()) / np.sqrt(rest @ rest) == pytest.approx(t.ppf(0.975, len(gaps) - 1))


def test_all_agree_and_all_differ_still_have_an_interval():
    names = [str(i // 2) for i in range(60)]
    yes, no = np.ones(60, bool), np.zeros(60, bool)
    same = paired_difference(yes, yes, names)
    assert (same.difference.value, same.p_value) == (0.0, 1.0)
    assert same.difference.low == pytest.approx(-same.difference.high)
    assert 0.05 < same.difference.high < 0.2
    apart = paired_difference(yes, no, names).difference
    assert (apart.value, apart.high) == (1.0, 1.0)
    assert 0.6 < apart.low < 0.95
    assert paired_difference(no, yes, names).difference.high == pytest.approx(-apart.low)
    few = paired_difference(yes[:4], np.array([False, True, False, False]), list("aabb")).difference
    assert (few.low, few.high) == (-1.0, 1.0)


def test_what_cannot_be_compared_says_so():
    same = np.ones(4, bool)
    assert "2 needed" in paired_difference(same, same, list("aaaa")).difference.undefined
    with pytest.raises(ValueError, match="4 and 4 cases, 1 patients"):
        paired_difference(same, same, ["a"])
