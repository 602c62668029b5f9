import numpy as np
import pytest
from bca import acceleration, bca_of_draws
from scipy import stats

from xaudit.stats.resampling.bootstrap import expanded_tail, interval_of_draws

RNG = np.random.default_rng


def _mean_draws(x, draws):
    return x[RNG(1).integers(len(x), size=(draws, len(x)))].mean(axis=1)


def test_limits_are_those_of_scipy():
    x = RNG(0).exponential(size=40)
    accelerated = acceleration(x - x.mean(), np.arange(40))
    found = bca_of_draws(x.mean(), _mean_draws(x, 40000), accelerated, (40, 40))
    level = 1 - 2 * expanded_tail(40, 0.95)
    expected = stats.bootstrap(
        (x,), np.mean, n_resamples=40000, method="BCa", rng=RNG(2), confidence_level=level
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.006)
    assert found.method == "patient bootstrap, expanded BCa"


def test_acceleration_is_about_that_of_the_jackknife():
    x, index = RNG(3).exponential(size=300), np.arange(300) // 2
    without = np.array([x[index != i].mean() for i in range(150)])
    gap = without.mean() - without
    jackknife = (gap**3).sum() / (6 * (gap**2).sum() ** 1.5)
    assert acceleration(x - x.mean(), index) == pytest.approx(jackknife, rel=1e-6)
    assert acceleration(np.zeros(4), np.arange(4)) == 0.0


def test_limits_follow_a_change_of_scale():
    x = RNG(4).exponential(size=30)
    draws = _mean_draws(x, 3000)
    plain = bca_of_draws(x.mean(), draws, 0.05, (30, 30))
    logs = bca_of_draws(float(np.log(x.mean())), np.log(draws), 0.05, (30, 30))
    assert np.exp([logs.low, logs.high]) == pytest.approx([plain.low, plain.high], rel=1e-3)


def test_without_bias_and_skewness_they_are_the_percentiles():
    draws = np.linspace(-1, 1, 1001)
    found, plain = bca_of_draws(0.0, draws, 0.0, (30, 30)), interval_of_draws(0.0, draws, 30, 30)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))
    assert -0.97 < found.low < -0.955
    endless = bca_of_draws(0.0, draws, 0.0, (10**6, 10**6))
    assert endless.high == pytest.approx(0.95, abs=1e-5)


def test_no_correction_is_said():
    draws = RNG(0).random(1000)
    assert "percentile" in bca_of_draws(2.0, draws, 0.0, (30, 30)).method
    assert "percentile" in bca_of_draws(0.5, draws, 9.0, (30, 30)).method
    assert bca_of_draws(0.5, np.full(1000, 0.5), 0.0, (30, 30)).caution
    assert "2 needed" in bca_of_draws(0.5, draws, 0.0, (3, 1)).undefined
    draws[:100] = np.nan
    assert "100 of 1000" in bca_of_draws(0.5, draws, 0.0, (30, 30)).undefined
