import numpy as np
import pytest
from credibility_oracles import icc
from hypothesis import given, settings
from hypothesis import strategies as st

from xaudit.core.metric import Undefined
from xaudit.metrics.maps.stability import repeatability, stability

INSIDE = np.ones((28, 28), bool)
MAP = np.random.default_rng(0).normal(size=(28, 28))


def test_an_unchanged_map_is_stable():
    assert stability(MAP, 2 * MAP, INSIDE, (0.8, 0.84)) == pytest.approx(1)
    assert stability(MAP, -MAP, INSIDE, (0.8, 0.8)) == pytest.approx(-1)


def test_a_map_that_vanishes_is_not_stable():
    for bad in (np.zeros_like(MAP), np.full_like(MAP, np.nan)):
        assert stability(MAP, bad, INSIDE, (0.8, 0.8)) == 0
        assert isinstance(stability(bad, MAP, INSIDE, (0.8, 0.8)), Undefined)


@pytest.mark.parametrize("scores", [(0.8, 0.6), (0.2, 0.26), (0.5, float("nan"))])
def test_a_changed_score_may_change_the_map(scores):
    found = stability(MAP, MAP, INSIDE, scores)
    assert isinstance(found, Undefined)
    assert "moved" in found.reason or "finite" in found.reason


@given(st.integers(0, 10**6), st.integers(2, 4))
@settings(max_examples=10, deadline=None)
def test_repeatability_agrees_with_the_obvious_version(seed, count):
    rng = np.random.default_rng(seed)
    maps = (MAP + rng.normal(size=(count, 28, 28)))[:, :8, :8]
    value = repeatability(maps, INSIDE[:8, :8])
    assert value == pytest.approx(icc(maps.reshape(count, -1).T.tolist()), rel=1e-6)
    assert repeatability(1e-20 * maps, INSIDE[:8, :8]) == pytest.approx(value)


def test_cells_are_means_over_blocks_of_the_image():
    rng = np.random.default_rng(2)
    coarse = rng.normal(size=(2, 28, 28))
    fine = np.repeat(np.repeat(coarse, 8, axis=1), 8, axis=2)
    inside = np.ones((224, 224), bool)
    assert repeatability(fine, inside) == pytest.approx(repeatability(coarse, INSIDE))
    inside[:, :80] = False
    fine[:, :, :80] = 1e6
    expected = repeatability(coarse[:, :, 10:], INSIDE[:, 10:])
    assert repeatability(fine, inside) == pytest.approx(expected)


def test_the_same_map_repeats_and_noise_does_not():
    assert repeatability(np.stack([MAP, MAP]), INSIDE) == pytest.approx(1)
    noise = np.random.default_rng(3).normal(size=(2, 28, 28))
    assert abs(repeatability(noise, INSIDE)) < 0.15
    # Same order, other values: not repeated.
    assert repeatability(np.stack([MAP, MAP + 5]), INSIDE) < 0.2


def test_maps_that_say_nothing_have_no_repeatability():
    for bad in (np.zeros((2, 28, 28)), np.full((2, 28, 28), np.nan)):
        assert isinstance(repeatability(bad, INSIDE), Undefined)
    with pytest.raises(ValueError, match="two maps"):
        repeatability(MAP[None], INSIDE)
