import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xaudit.explain.numerics.quadrature import AdaptiveTrapezoids, node, refinements

FINE = 1024


class Walk:
    """Maps on a fine grid, and the logit whose derivative is their sum."""

    def __init__(self, maps):
        self.maps = maps.astype(np.float32)
        slopes = maps.sum(axis=(1, 2))
        steps = (slopes[1:] + slopes[:-1]) / 2 / (len(maps) - 1)
        self.logits = np.concatenate([[0], np.cumsum(steps)])
        self.truth = np.trapezoid(maps, dx=1 / (len(maps) - 1), axis=0)

    def nodes(self, positions):
        places = np.rint(np.asarray(positions) * (len(self.maps) - 1)).astype(int)
        return [node(at, self.logits[place], self.maps[place])
                for at, place in zip(positions, places, strict=True)]  # fmt: skip

    def integrated(self, intervals, at_first=8, at_once=4):
        found = AdaptiveTrapezoids(self.nodes(np.linspace(0, 1, at_first + 1)))
        while len(found) < intervals:
            found.split(self.nodes(found.middles(min(at_once, intervals - len(found)))))
        return found

    def error(self, found):
        return np.linalg.norm(found.integral - self.truth) / np.linalg.norm(found.integral)


def brownian(seed, pixels=12, speed=1.0):
    """Maps that jump everywhere, as those of networks with ReLUs do; faster where speed says."""
    rng = np.random.default_rng(seed)
    pace = np.reshape(speed, (-1, 1, 1)) / np.sqrt(FINE)
    steps = rng.normal(size=(FINE, pixels, pixels)) * pace
    start = rng.normal(size=(1, pixels, pixels))
    return Walk(start + np.concatenate([np.zeros_like(start), np.cumsum(steps, axis=0)]))


def bump(at, width, height=60.0):
    """A quiet map with one burst."""
    path = np.linspace(0, 1, FINE + 1)
    shape = height * np.exp(-(((path - at) / width) ** 2))
    rng = np.random.default_rng(4)
    return Walk(rng.normal(size=(1, 6, 6)) + shape[:, None, None] * rng.random((6, 6)))


def test_values_by_hand():
    maps = np.array([0.0, 4.0, 2.0]).reshape(3, 1, 1)
    found = AdaptiveTrapezoids([
        node(at, logit, one) for at, logit, one in zip((0, 0.5, 1), (0, 1.5, 3), maps, strict=True)
    ])  # fmt: skip
    assert found.integral.item() == pytest.approx((0 + 4) / 4 + (4 + 2) / 4)
    assert found.gap == pytest.approx(3 - 2.5)
    # Squared steps 16 and 4, width 1/2: neither gap is larger than chance.
    assert found.expected_error == pytest.approx(np.sqrt(20 / 4 / 12) / 2.5)
    assert found.middles(1) == [0.25]
    np.testing.assert_allclose(found.middles(2), [0.25, 0.75])


def test_straight_maps_are_integrated_exactly():
    path = np.linspace(0, 1, FINE + 1).reshape(-1, 1, 1)
    walk = Walk(1 + path * np.arange(4.0).reshape(2, 2))
    for intervals in (8, 20):
        found = walk.integrated(intervals)
        np.testing.assert_allclose(found.integral, walk.truth, rtol=1e-6)
        assert found.gap == pytest.approx(0, abs=1e-6)


@given(st.integers(0, 1000), st.integers(2, 9), st.lists(st.integers(1, 5), max_size=4))
@settings(max_examples=30, deadline=None)
def test_all_nodes_together_are_one_trapezoidal_rule(seed, first, rounds):
    walk = brownian(seed, pixels=3)
    positions = np.linspace(0, 1, first + 1)
    found = AdaptiveTrapezoids(walk.nodes(positions))
    for count in rounds:
        middles = found.middles(count)
        assert not np.isin(middles, positions).any()
        positions = np.sort(np.concatenate([positions, middles]))
        found.split(walk.nodes(middles))
    maps = np.stack([one.values for one in walk.nodes(positions)])
    np.testing.assert_allclose(
        found.integral, np.trapezoid(maps.astype(float), positions, axis=0), atol=1e-6
    )
    assert len(found) == len(positions) - 1
    total = walk.logits[-1] - found.integral.sum()
    assert found.gap == pytest.approx(total, abs=1e-4)


def test_nodes_go_where_the_map_moves():
    speed = np.where(np.arange(FINE) < FINE // 8, 8.0, 0.5)
    walk = brownian(1, speed=speed)
    found = walk.integrated(32)
    dense = sum(one.right.at <= 1 / 8 for one in found._intervals)
    # By the cube root of how fast the square grows, 15 of 32 belong there.
    assert 12 <= dense <= 18
    assert walk.error(found) < 0.5 * walk.error(walk.integrated(32, at_first=32))


@pytest.mark.parametrize("first", [8, 16])
def test_expected_error_is_that_of_many_motions(first):
    """Of 200, where nodes lie beforehand and where they go by what was seen.

    A gap of two standard errors takes the place of what was expected: that is one in 22 intervals
    where nothing is hidden, and the error is stated too large by a tenth.
    """
    found = [(walk := brownian(seed), walk.integrated(16, first)) for seed in range(200)]
    ratios = [walk.error(one) / one.expected_error for walk, one in found]
    assert 0.8 < np.mean(np.square(ratios)) < 1
    assert np.mean(np.array(ratios) < 1.1) > 0.95


def test_a_burst_between_nodes_is_seen_by_its_gap():
    """At both ends of its interval the map is the same; the logit tells."""
    walk = bump(at=0.44, width=0.012)
    found = walk.integrated(8)
    assert np.abs(np.diff([one.moved for one in found._intervals])).max() < 1e-3
    assert found.middles(1) == [0.4375]
    assert walk.error(walk.integrated(40)) < 0.02 < walk.error(walk.integrated(40, 40))


@pytest.mark.parametrize("at", [0.06, 0.2, 0.44, 0.69, 0.9])
@pytest.mark.parametrize("width", [0.01, 0.03])
def test_bursts_are_not_stated_too_small(at, width):
    walk = bump(at, width)
    rough = brownian(3, pixels=6)
    both = Walk(walk.maps.astype(float) + rough.maps)
    for intervals in (8, 16, 32, 64):
        found = both.integrated(intervals)
        assert both.error(found) < 2 * found.expected_error


def test_a_map_of_zeros_has_no_relative_error():
    found = AdaptiveTrapezoids([node(at, 1.0, np.zeros((2, 2))) for at in (0, 0.5, 1)])
    assert found.expected_error is None
    assert len(found.middles(2)) == 2


def test_refinements_double_within_the_maximum():
    assert refinements(8, 40) == [8, 16, 32]
    assert refinements(8, 8) == [8]
