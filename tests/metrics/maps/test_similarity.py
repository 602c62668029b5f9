import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity as ssim_of_skimage

from xaudit.core.metric import Undefined
from xaudit.metrics.maps.similarity import (
    hog_similarity,
    oriented_gradients,
    rank_correlation,
    structural_similarity,
)

ALL = (rank_correlation, structural_similarity, hog_similarity)
EVERYWHERE = np.ones((24, 32), bool)
seeds = given(st.integers(0, 10**6))
few = settings(max_examples=25, deadline=None)


def _maps(seed):
    return np.random.default_rng(seed).normal(size=(2, 24, 32))


@seeds
@few
def test_a_map_is_like_itself_and_a_positive_factor_changes_nothing(seed):
    one, other = _maps(seed)
    for similarity in ALL:
        assert similarity(one, one, EVERYWHERE) == pytest.approx(1)
        value = similarity(one, other, EVERYWHERE)
        assert similarity(other, one, EVERYWHERE) == pytest.approx(value)
        assert similarity(1e-20 * one, 5e10 * other, EVERYWHERE) == pytest.approx(value, abs=1e-6)
        flipped = similarity(one[:, ::-1], other[:, ::-1], EVERYWHERE)
        assert flipped == pytest.approx(value, abs=1e-9)
        assert abs(value) < 0.5


@seeds
@few
def test_rank_correlation_agrees_with_scipy_ties_included(seed):
    one, other = np.round(_maps(seed) * 2)
    inside = np.random.default_rng(seed).random(EVERYWHERE.shape) < 0.7
    expected = spearmanr(one[inside], other[inside]).statistic
    assert rank_correlation(one, other, inside) == pytest.approx(expected)
    assert rank_correlation(one, -one, inside) == pytest.approx(-1)


def test_structural_similarity_agrees_with_scikit_image():
    one, other = _maps(3)
    one, other = one / np.sqrt((one**2).mean()), other / np.sqrt((other**2).mean())
    low = min(one.min(), other.min())
    one, other = one - low, other - low
    span = max(one.max(), other.max())
    _, picture = ssim_of_skimage(
        one, other, data_range=span, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False, full=True,
    )  # fmt: skip
    value = structural_similarity(*_maps(3), EVERYWHERE)
    assert value == pytest.approx(picture.mean(), abs=1e-6)


def test_histograms_of_gradients_agree_with_the_obvious_version():
    values = _maps(5)[0]
    expected = np.zeros((3, 4, 8))
    for y in range(1, 23):
        for x in range(1, 31):
            right = values[y, x + 1] - values[y, x - 1]
            down = values[y + 1, x] - values[y - 1, x]
            degrees = math.degrees(math.atan2(down, right)) % 180
            nearest = min(range(9), key=lambda one: abs(degrees - 22.5 * one)) % 8
            expected[y // 8, x // 8, nearest] += math.hypot(right, down)
    expected /= np.sqrt((expected**2).sum(axis=2, keepdims=True))
    assert np.abs(oriented_gradients(values) - expected).max() < 1e-6


def test_padding_does_not_count():
    one, other = _maps(1)
    inside = EVERYWHERE.copy()
    inside[:, :8] = False
    changed = other.copy()
    changed[:, :8] = 1e9
    for similarity in ALL:
        assert similarity(one, changed, inside) == pytest.approx(similarity(one, other, inside))


@pytest.mark.parametrize("similarity", ALL)
def test_maps_that_say_nothing_are_not_compared(similarity):
    one = _maps(0)[0]
    for bad in (np.zeros_like(one), np.full_like(one, np.nan)):
        assert isinstance(similarity(one, bad, EVERYWHERE), Undefined)
        assert isinstance(similarity(bad, one, EVERYWHERE), Undefined)
    assert isinstance(similarity(one, one, np.zeros_like(EVERYWHERE)), Undefined)
    with pytest.raises(ValueError, match="two maps"):
        similarity(one, one[1:], EVERYWHERE)


def test_a_map_smaller_than_a_cell_is_refused():
    with pytest.raises(ValueError, match="at least 8"):
        oriented_gradients(np.zeros((7, 9)))
