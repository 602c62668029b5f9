import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t
from sklearn.metrics import auc as trapezoid
from sklearn.metrics import roc_auc_score

from xaudit.stats.roc.auc import auc, auc_value, roc_points, visible


@pytest.fixture(scope="module")
def oracle():
    path = Path(__file__).parents[2] / "oracles" / "stats_oracles.py"
    spec = importlib.util.spec_from_file_location("stats_oracles", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _sample(seed, n, per_patient, levels):
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.4
    labels[:6] = [True, False] * 3
    names = [str(i // per_patient) for i in range(n)]
    return rng.integers(0, levels, n) + 1.0 * labels, labels, names


@given(st.integers(0, 10**6), st.integers(12, 40), st.sampled_from([1, 2, 3]), st.integers(3, 20))
@settings(max_examples=60)
def test_value_and_limits_agree_with_the_obvious_version(oracle, seed, n, per_patient, levels):
    scores, labels, names = _sample(seed, n, per_patient, levels)
    found = auc(scores, labels, names)
    assert found.value == pytest.approx(oracle.pairs_auc(scores, labels))
    assert found.value == pytest.approx(roc_auc_score(labels, scores))
    assert auc_value(scores, labels) == pytest.approx(found.value)
    if "DeLong" in found.method:
        variance = oracle.obuchowski_variance(scores, labels, names)
        quantile = t.ppf(0.975, len(set(names)) - 1) if per_patient > 1 else 1.959963984540054
        expected = oracle.logit_limits(found.value, variance, quantile)
        assert (found.low, found.high) == pytest.approx(expected)
    x, y = roc_points(scores, labels)
    assert trapezoid(x, y) == pytest.approx(found.value)


def test_perfect_scores_still_have_a_lower_limit():
    labels = np.arange(20) < 10
    found = auc(labels.astype(float), labels, [str(i) for i in range(20)])
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.7 < found.low < 0.95
    turned = auc(-labels.astype(float), labels, [str(i) for i in range(20)])
    assert turned.high == pytest.approx(1 - found.low)


def test_constant_score_is_one_half_with_an_interval():
    labels = np.arange(20) < 10
    found = auc(np.zeros(20), labels, [str(i) for i in range(20)])
    assert found.value == 0.5
    assert found.low < 0.4
    assert found.high > 0.6
    assert "Newcombe" in found.method


def test_duplicated_images_leave_the_interval():
    scores, labels, names = _sample(3, 60, 1, 30)
    once = auc(scores, labels, names)
    twice, often = (auc(np.tile(scores, k), np.tile(labels, k), names * k) for k in (2, 5))
    assert (twice.low, twice.high) == pytest.approx((often.low, often.high))
    # Clusters have t instead of z.
    assert once.low - 0.01 < twice.low < once.low


def test_one_class_only_is_missing():
    assert auc(np.zeros(3), np.ones(3, bool), list("abc")).undefined == "no negative cases"
    assert auc(np.zeros(3), np.zeros(3, bool), list("abc")).undefined == "no positive cases"


def test_a_curve_of_very_many_corners_is_kept_by_those_that_can_be_told_apart():
    rng = np.random.default_rng(0)
    labels = rng.random(40_000) < 0.3
    x, y = roc_points(rng.normal(size=40_000) + labels, labels)
    few, high = visible(x, y)
    assert len(few) <= 2_001
    assert (few[0], high[0], few[-1], high[-1]) == (0, 0, 1, 1)
    # Both curves rise, so the nearest corner to the left bounds the distance of what is left out.
    nearest = np.searchsorted(few + high, x + y, side="right") - 1
    assert np.abs(x - few[nearest]).max() <= 1e-3
    assert np.abs(y - high[nearest]).max() <= 1e-3
    assert np.isin(few + 1j * high, x + 1j * y).all()


def test_a_curve_of_some_thousand_corners_is_kept_whole():
    x = np.linspace(0, 1, 10_000)
    assert visible(x, x)[0] is x
