import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xaudit.core.metric import METRICS, Undefined
from xaudit.metrics.peaks import (
    INSIDE,
    Peak,
    Reach,
    lesion_of,
    peak_scores,
    reach_of,
    strongest_peaks,
)

INSIDE_ALL = np.ones((48, 40), bool)


def _map(*places):
    values = np.zeros((48, 40), np.float32)
    for strength, (y, x) in zip(range(len(places), 0, -1), places, strict=True):
        values[y, x] = strength
    return values


def _lesions(*corners):
    lesions = np.zeros((len(corners), 48, 40), bool)
    for plane, (y, x) in zip(lesions, corners, strict=True):
        plane[y : y + 4, x : x + 4] = True
    return lesions


def test_peaks_come_strongest_first_and_suppress_their_neighbors():
    values = _map((5, 5), (7, 6), (40, 30))
    assert strongest_peaks(values, INSIDE_ALL, 5, radius=4) == (Peak(5, 5, 3), Peak(40, 30, 1))
    assert strongest_peaks(values, INSIDE_ALL, 5, radius=1)[1] == Peak(7, 6, 2)
    assert strongest_peaks(-values, INSIDE_ALL, 5) == ()
    with pytest.raises(ValueError, match="not negative"):
        strongest_peaks(values, INSIDE_ALL, 5, radius=-1)


def test_any_all_and_five_differ_where_one_lesion_is_missed():
    lesions = _lesions((2, 2), (30, 30))
    scores = peak_scores(_map((3, 3), (40, 5)), lesions, INSIDE_ALL)
    assert scores == {"lesion_hit_rate": 0.5, "hit_any": 1, "hit_all": 0, "hit_of_five": 1}
    beside = _map((20, 2), (44, 2), (31, 31))
    assert peak_scores(beside, lesions, INSIDE_ALL) == {
        "lesion_hit_rate": 0, "hit_any": 0, "hit_all": 0, "hit_of_five": 1,
    }  # fmt: skip
    for name, value in peak_scores(beside, lesions, INSIDE_ALL).items():
        assert METRICS[name](beside, lesions, INSIDE_ALL) == value


@settings(max_examples=60)
@given(
    st.integers(0, 47), st.integers(0, 39), st.floats(0.5, 30),
    st.tuples(st.floats(0.2, 3), st.floats(0.2, 3)),
)  # fmt: skip
def test_reach_is_the_distance_to_the_nearest_pixel_of_the_lesion(y, x, distance, pixel):
    lesion = _lesions((20, 18))[0]
    apart = min(
        ((row - y) ** 2 * pixel[0] ** 2 + (column - x) ** 2 * pixel[1] ** 2) ** 0.5
        for row, column in np.argwhere(lesion)
    )
    if abs(apart - distance) > 1e-9:
        assert Reach(distance, pixel).holds(lesion, Peak(y, x, 1.0)) == (apart <= distance)


def test_tolerance_in_millimeters_needs_the_spacing():
    assert reach_of("0 px", None) == INSIDE == reach_of("0 mm", None)
    assert reach_of("10 px", None) == Reach(10.0)
    assert reach_of("5 mm", (0.5, 0.7)) == Reach(5.0, (0.5, 0.7))
    unknown = reach_of("5 mm", None)
    assert isinstance(unknown, Undefined)
    scores = peak_scores(_map((3, 3)), _lesions((2, 2)), INSIDE_ALL, unknown)
    assert set(scores.values()) == {unknown}


def test_wider_reach_never_finds_fewer():
    values, lesions = _map((8, 8), (31, 24)), _lesions((2, 2), (30, 30))
    rates = [
        peak_scores(values, lesions, INSIDE_ALL, Reach(d))["lesion_hit_rate"] for d in (0, 5, 8)
    ]
    assert rates == [0, 0.5, 1]
    assert lesion_of(Peak(8, 8, 1), lesions) is None
    assert lesion_of(Peak(8, 8, 1), lesions, Reach(5)) == 0
