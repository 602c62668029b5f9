import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xaudit.core.estimate import Estimate
from xaudit.stats.proportions import clopper_pearson, clustered_proportion, wilson
from xaudit.stats.repeated import SCALED, at_level
from xaudit.stats.resampling.bootstrap import clustered_mean
from xaudit.stats.roc.auc import auc

LEVELS = st.floats(0.951, 0.99999)


def same(found, wanted):
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-9)
    assert (found.value, found.level, found.method) == (wanted.value, wanted.level, wanted.method)


@given(st.integers(1, 300), st.data(), LEVELS)
def test_wilson_and_exact_limits_are_those_of_the_level(n, data, level):
    k = data.draw(st.integers(0, n))
    same(at_level(wilson(k, n), level), wilson(k, n, level))
    same(at_level(clopper_pearson(k, n), level), clopper_pearson(k, n, level))


@given(st.integers(0, 2**32 - 1), st.floats(0, 1), LEVELS)
def test_effective_samples_are_recovered(seed, share, level):
    rng = np.random.default_rng(seed)
    patients = rng.integers(0, 30, 90)
    success = rng.random(30)[patients] < share
    found = at_level(clustered_proportion(success, patients), level)
    same(found, clustered_proportion(success, patients, level))


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("level", [0.96, 0.997, 0.99999])
def test_areas_are_those_of_the_level(clustered, level):
    rng = np.random.default_rng(2)
    labels = rng.random(200) < 0.4
    scores = rng.normal(size=200) + labels
    patients = np.arange(200) // (3 if clustered else 1)
    same(at_level(auc(scores, labels, patients), level), auc(scores, labels, patients, level))


def test_other_intervals_are_scaled_and_say_so():
    rng = np.random.default_rng(2)
    values = rng.normal(3, 1, 80)
    one = clustered_mean(values, np.arange(80), np.random.default_rng(0))
    wider = at_level(one, 0.997)
    resampled = clustered_mean(values, np.arange(80), np.random.default_rng(0), 20_000, 0.997)
    assert wider.method.id == SCALED
    assert (wider.low, wider.high) == pytest.approx((resampled.low, resampled.high), abs=0.05)
    assert at_level(wider, 0.999).method.count("scaled to its level") == 1


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1), LEVELS, st.sampled_from([None, 2, 50]))
@example(1.0, 0.0, 1.0, 0.99999, 2)
def test_wider_level_wider_interval(value, below, above, level, clusters):
    one = Estimate(value, value - below, value + above, "drawn", n=50, clusters=clusters)
    found = at_level(one, level)
    assert found.low <= one.low + 1e-12
    assert found.high >= one.high - 1e-12
    assert (found.low == found.high) == (one.low == one.high)


def test_shares_stay_shares():
    one = Estimate(0.97, 0.9, 0.99, "drawn", n=50)
    assert at_level(one, 0.9999, (0.0, 1.0)).high <= 1
    perfect = at_level(Estimate(1.0, 0.93, 1.0, "Newcombe 2006 score (method 5)", n=60), 0.999)
    assert perfect.high == 1
    # As Wilson's: n / (n + z²), and the old limit says n.
    assert perfect.low == pytest.approx(0.8250, abs=1e-3)


def test_what_has_no_value_or_no_width_stays_so():
    missing = Estimate.missing("none", n=3)
    assert at_level(missing, 0.99) == missing
    counted = at_level(Estimate(0.1, 0.1, 0.1, "count", n=3), 0.99)
    assert (counted.low, counted.high, counted.method) == (0.1, 0.1, "count")
    with pytest.raises(ValueError, match="level"):
        at_level(counted, 1.0)
