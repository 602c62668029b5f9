import numpy as np
import pytest

from xaudit.stats.resampling.bootstrap import clustered_mean
from xaudit.stats.resampling.paired_ratio import paired_ratio_difference

ONES = np.ones(60)
PATIENTS = [f"p{number // 2}" for number in range(60)]


def test_equals_the_bootstrap_of_the_differences_where_both_are_means():
    rng = np.random.default_rng(1)
    first, second = rng.normal(1, 1, 60), rng.normal(0, 1, 60)
    found = paired_ratio_difference(
        (first, ONES), (second, ONES), PATIENTS, np.random.default_rng(7)
    )
    mean = clustered_mean(first - second, PATIENTS, np.random.default_rng(7))
    assert found.value == pytest.approx(mean.value)
    assert (found.low, found.high) == pytest.approx((mean.low, mean.high))
    assert found.clusters == 30


def test_same_ratio_differs_by_nothing_and_shows_no_spread():
    one = (np.arange(60.0), ONES)
    found = paired_ratio_difference(one, one, PATIENTS, np.random.default_rng(1))
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)
    assert "no spread" in found.caution


def test_ratio_of_nothing_is_said():
    found = paired_ratio_difference(
        (ONES, ONES), (ONES, 0 * ONES), PATIENTS, np.random.default_rng(1)
    )
    assert found.value is None
    assert "nothing to divide by" in found.undefined


def test_lengths_are_checked():
    with pytest.raises(ValueError, match="60 cases, 3 patient"):
        paired_ratio_difference(
            (ONES, ONES), (ONES, ONES), ["a", "b", "c"], np.random.default_rng(1)
        )


def test_interval_holds_the_truth_in_about_95_of_100():
    rng, held = np.random.default_rng(5), 0
    for _ in range(200):
        truth = rng.random(80) < 0.5
        new, old = (np.where(rng.random(80) < share, truth, ~truth) for share in (0.9, 0.8))
        pairs = [((one & truth).astype(float), one.astype(float)) for one in (new, old)]
        found = paired_ratio_difference(
            pairs[0], pairs[1], [str(n) for n in range(80)], rng, draws=300
        )
        held += found.low <= 0.1 <= found.high
    assert 0.90 <= held / 200 <= 0.99
