import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.core.metric import Undefined
from xaudit.metrics.extent import peak_attribution, spatial_entropy, total_attribution

INSIDE = np.ones((10, 12), bool)


def test_entropy_of_one_pixel_and_of_an_even_spread():
    one = np.zeros((10, 12), np.float32)
    one[3, 4] = 2
    assert spatial_entropy(one, INSIDE) == 0
    assert spatial_entropy(np.full((10, 12), 3, np.float32), INSIDE) == pytest.approx(1)
    two = one.copy()
    two[5, 5] = 2
    assert spatial_entropy(two, INSIDE) == pytest.approx(np.log(2) / np.log(120))


@given(st.integers(0, 10**6), st.floats(0.1, 50))
def test_a_factor_changes_amounts_and_not_their_spread(seed, factor):
    values = np.random.default_rng(seed).normal(size=(10, 12)).astype(np.float32)
    louder = (values * factor).astype(np.float32)
    same = spatial_entropy
    assert same(louder, INSIDE) == pytest.approx(same(values, INSIDE), rel=1e-4)
    for metric in (total_attribution, peak_attribution):
        before = metric(values, INSIDE)
        assert metric(louder, INSIDE) == pytest.approx(factor * before, rel=1e-4)


def test_amounts_count_what_is_positive_and_inside():
    values = np.array([[3, -5, 2], [9, 1, 0]], np.float32)
    inside = np.array([[True, True, True], [False, True, True]])
    assert total_attribution(values, inside) == 6
    assert peak_attribution(values, inside) == 3
    for metric in (spatial_entropy, total_attribution, peak_attribution):
        assert isinstance(metric(-np.abs(values), inside), Undefined)
        assert isinstance(metric(values * np.nan, inside), Undefined)
