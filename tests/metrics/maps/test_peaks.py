import map_oracles as oracles
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from xaudit.core.grid import Grid
from xaudit.core.metric import METRICS, Undefined
from xaudit.metrics.maps.peaks import (
    INSIDE,
    PEAK_RADIUS,
    Peak,
    Reach,
    lesion_hits,
    lesions_of,
    peak_scores,
    peaks_by_chance,
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


def test_shoulder_of_a_wide_blob_is_no_peak():
    rows, columns = np.mgrid[:224, :224]
    strong = np.exp(-((rows - 60) ** 2 + (columns - 60) ** 2) / (2 * 32**2))
    weak = 0.4 * np.exp(-((rows - 180) ** 2 + (columns - 170) ** 2) / (2 * 20**2))
    values, inside = (strong + weak).astype(np.float32), np.ones((224, 224), bool)
    first, second = strongest_peaks(values, inside, 5)
    assert (first.row, first.column) == (60, 60)
    assert abs(second.row - 180) <= 2
    assert abs(second.column - 170) <= 2
    lesions = np.zeros((2, 224, 224), bool)
    lesions[0, 55:65, 55:65] = lesions[1, 172:188, 162:178] = True
    assert METRICS["hit_all"](values, lesions, inside) == 1
    # A lesion beside the blob is not found by sampling the blob's flank.
    beside = np.zeros((1, 224, 224), bool)
    beside[0, 78:82, 50:70] = True
    assert METRICS["hit_of_five"](strong.astype(np.float32), beside, inside) == 0


def test_terrace_beside_something_stronger_is_no_peak_and_a_plateau_is_one():
    values = np.zeros((48, 40), np.float32)
    values[5:9, 5:9], values[5:9, 9:12] = 1, 2
    values[30:33, 20:27] = 1.5
    assert strongest_peaks(values, INSIDE_ALL, 5, radius=1) == (Peak(6, 10, 2), Peak(31, 23, 1.5))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 6), st.booleans())
def test_peaks_are_those_of_the_plain_version(seed, radius, smooth):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(14, 17))
    values = ndimage.gaussian_filter(values, 1) if smooth else np.round(values * 2)
    inside = rng.random(values.shape) < 0.95
    # Every plateau gets a strength of its own: which of equal peaks comes first is another test.
    distinct = values.copy()
    for number, (_, part) in enumerate(sorted(oracles.plateaus(oracles.evidence(values, inside)),
                                              key=lambda one: min(one[1]))):  # fmt: skip
        for place in part:
            distinct[place] += (values[place] > 0) * number * 1e-9
    found = strongest_peaks(distinct, inside, 5, radius)
    expected = oracles.strongest_peaks(distinct, inside, 5, radius)
    assert [one.strength for one in found] == [one[2] for one in expected]
    lesions = rng.random((2, 14, 17)) < 0.2
    lesions[:, 0, 0] = inside[0, 0] = True
    if (distinct[inside] > 0).any() and all((one & inside).any() for one in lesions):
        scores = peak_scores(distinct, lesions, inside)
        assert scores == oracles.peak_scores(distinct, lesions, inside, PEAK_RADIUS)


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
    assert reach_of("0 px", Grid((9, 9))) == INSIDE == reach_of("0 mm", Grid((9, 9)))
    assert reach_of("10 px", Grid((9, 9))) == Reach(10.0)
    assert reach_of("5 mm", Grid((9, 9), (0.5, 0.7))) == Reach(5.0, (0.5, 0.7))
    unknown = reach_of("5 mm", Grid((9, 9)))
    assert isinstance(unknown, Undefined)
    scores = peak_scores(_map((3, 3)), _lesions((2, 2)), INSIDE_ALL, unknown)
    assert set(scores.values()) == {unknown}


def test_wider_reach_never_finds_fewer():
    values, lesions = _map((8, 8), (31, 24)), _lesions((2, 2), (30, 30))
    rates = [
        peak_scores(values, lesions, INSIDE_ALL, Reach(d))["lesion_hit_rate"] for d in (0, 5, 8)
    ]
    assert rates == [0, 0.5, 1]
    assert lesions_of(Peak(8, 8, 1), lesions) == ()
    assert lesions_of(Peak(8, 8, 1), lesions, Reach(5)) == (0,)
    assert lesions_of(Peak(3, 3, 1), np.concatenate([lesions, lesions[:1]])) == (0, 2)


def test_lesions_outside_the_image_do_not_count():
    inside = INSIDE_ALL.copy()
    inside[:, 36:] = False
    lesions = _lesions((2, 2), (30, 36))
    scores = peak_scores(_map((3, 3)), lesions, inside)
    assert scores == dict.fromkeys(scores, 1.0)


@pytest.mark.parametrize("reach", [INSIDE, Reach(1.0), Reach(1.5, (1.0, 0.7))])
def test_chance_is_that_of_all_pairs_of_points(reach):
    inside = np.ones((5, 6), bool)
    inside[:, 5] = False
    lesions = np.zeros((2, 5, 6), bool)
    lesions[0, 0, :2] = lesions[1, 3:, 1:3] = True
    places = [Peak(y, x, 1.0) for y, x in np.argwhere(inside)]
    hits = np.array([[reach.holds(one, place) for one in lesions] for place in places])
    pairs = [hits[[i, j]].any(axis=0) for i in range(len(places)) for j in range(len(places))]
    found = peaks_by_chance(lesions, inside, reach)
    assert found["lesion_hit_rate"] == pytest.approx(np.mean(pairs))
    assert found["hit_any"] == pytest.approx(np.mean([one.any() for one in pairs]))
    assert found["hit_all"] == pytest.approx(np.mean([one.all() for one in pairs]))
    assert found["hit_of_five"] == pytest.approx(1 - (1 - hits.any(axis=1).mean()) ** 5)


def test_chance_needs_lesions_a_reach_and_not_too_many():
    lesions = _lesions((2, 2))
    for without in (lesions[:0], lesions & False):
        assert {type(one) for one in peaks_by_chance(without, INSIDE_ALL).values()} == {Undefined}
    unknown = reach_of("5 mm", Grid((9, 9)))
    assert set(peaks_by_chance(lesions, INSIDE_ALL, unknown).values()) == {unknown}
    many = peaks_by_chance(np.repeat(lesions, 9, axis=0), INSIDE_ALL)
    assert isinstance(many["hit_all"], Undefined)
    assert isinstance(many["hit_any"], float)


@pytest.mark.parametrize("tolerance", ["0 px", "6 px", "3 mm"])
def test_peaks_and_lesions_of_two_views_are_never_near_each_other(tolerance):
    """Scores of views one under another are those of the views far apart."""
    rng = np.random.default_rng(8)
    near, far = Grid((40, 20), (0.5, 0.5), 2), Grid((140, 20), (0.5, 0.5), 2)
    for _ in range(20):
        values = ndimage.gaussian_filter(rng.standard_normal((40, 20)), 1.5).astype(np.float32)
        lesions = np.zeros((2, 40, 20), dtype=bool)
        lesions[0, 16:20, 4:9] = lesions[1, 21:24, 10:14] = True
        inside = np.ones((40, 20), dtype=bool)
        apart = [np.insert(one, [20] * 100, 0, axis=-2) for one in (values, lesions, inside)]
        one, other = reach_of(tolerance, near), reach_of(tolerance, Grid(far.shape, far.spacing))
        found = peak_scores(values, lesions, inside, one)
        assert found == peak_scores(*apart, other)
        assert lesion_hits(values, lesions, inside, reach=one) == lesion_hits(*apart, reach=other)
        chance, expected = (
            peaks_by_chance(lesions, inside, one), peaks_by_chance(*apart[1:], other),
        )  # fmt: skip
        assert chance == pytest.approx(expected)
