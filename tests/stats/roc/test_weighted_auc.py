import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stats_oracles import weighted_pairs

from xaudit.stats.roc.auc import auc
from xaudit.stats.roc.weighted_auc import WeightedScores, weighted_auc


def _sides(seed, weights=None, levels=6):
    rng = np.random.default_rng(seed)
    up, down = rng.integers(1, levels + 2, 25) * 1.0, rng.integers(0, levels, 30) * 1.0
    names = [f"p{i}" for i in rng.integers(0, 20, 55)]
    w = np.ones(25) if weights is None else rng.random(25) + 0.1
    return WeightedScores(up, w, names[:25]), WeightedScores(down, np.ones(30), names[25:])


@given(st.integers(0, 10**6), st.integers(2, 100))
@settings(max_examples=30, deadline=None)
def test_equal_weights_are_the_plain_area(seed, levels):
    up, down = _sides(seed, levels=levels)
    found = weighted_auc(up, down)
    plain = auc(
        np.concatenate([up.scores, down.scores]), np.arange(55) < 25, [*up.patients, *down.patients]
    )
    assert (found.value, found.low, found.high) == pytest.approx(
        (plain.value, plain.low, plain.high)
    )


@given(st.integers(0, 10**6), st.integers(2, 100))
@settings(max_examples=30, deadline=None)
def test_weights_count_as_in_the_double_sum(seed, levels):
    up, down = _sides(seed, weights="any", levels=levels)
    found = weighted_auc(up, down)
    assert found.value == pytest.approx(weighted_pairs(up.scores, up.weights, down.scores))
    tripled = weighted_auc(WeightedScores(up.scores, 3 * up.weights, up.patients), down)
    assert (tripled.low, tripled.high) == pytest.approx((found.low, found.high))


def test_variance_is_near_that_of_the_jackknife():
    rng = np.random.default_rng(3)
    up, down = rng.normal(1, 1, 300), rng.normal(size=300)
    weights, names = rng.random(300) + 0.1, np.array([f"p{i // 3}" for i in range(300)])
    found = weighted_auc(
        WeightedScores(up, weights, list(names)), WeightedScores(down, np.ones(300), list(names))
    )
    without = [
        weighted_pairs(up[k], weights[k], down[k])
        for k in (names != name for name in np.unique(names))
    ]
    error = np.sqrt(99 / 100 * ((np.array(without) - np.mean(without)) ** 2).sum())
    half = np.log(found.high / (1 - found.high)) - np.log(found.value / (1 - found.value))
    assert half * found.value * (1 - found.value) == pytest.approx(1.96 * error, rel=0.05)


def test_perfect_and_missing():
    up = WeightedScores(np.ones(12), np.ones(12), [f"a{i}" for i in range(12)])
    down = WeightedScores(np.full(12, -np.inf), np.ones(12), [f"b{i}" for i in range(12)])
    found = weighted_auc(up, down)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low < 0.95
    nobody = WeightedScores(np.zeros(0), np.zeros(0), [])
    assert weighted_auc(nobody, down).undefined == "no positives"
    assert weighted_auc(up, nobody).undefined == "no negatives"
    one = WeightedScores(np.zeros(2), np.ones(2), ["b", "b"])
    assert "1 with negatives" in weighted_auc(up, one).undefined
