import map_oracles as oracles
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.core.metric import Undefined
from xaudit.metrics.maps.extent import (
    border_enrichment,
    peak_attribution,
    spatial_entropy,
    total_attribution,
)

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


@given(st.integers(0, 10**6))
def test_spread_and_amounts_are_those_of_the_plain_versions(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(10, 12)).astype(np.float32)
    inside, frame = rng.random((10, 12)) < 0.8, np.ones((10, 12), bool)
    frame[2:-2, 2:-2] = False
    inside[0, :2], values[0, 0] = True, 1
    expected = oracles.evidence(values, inside)
    assert spatial_entropy(values, inside) == pytest.approx(oracles.spatial_entropy(values, inside))
    assert total_attribution(values, inside) == pytest.approx(sum(expected.values()))
    assert peak_attribution(values, inside) == max(expected.values())
    area = (frame & inside).sum() / inside.sum()
    on_frame = oracles.share_on(values, frame, inside) / area
    assert border_enrichment(values, frame, inside) == pytest.approx(on_frame)


def test_evidence_on_the_frame_is_one_for_an_even_map_and_needs_a_frame():
    frame = np.zeros((10, 12), bool)
    frame[:1] = True
    even = np.ones((10, 12), np.float32)
    assert border_enrichment(even, frame, INSIDE) == pytest.approx(1)
    assert border_enrichment(np.where(frame, even, 0), frame, INSIDE) == pytest.approx(10)
    for values, border in ((even, ~INSIDE), (-even, frame), (even * np.nan, frame)):
        assert isinstance(border_enrichment(values, border, INSIDE), Undefined)
