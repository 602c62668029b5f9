"""Draws of every level and its rest against the plain thing: rows written out as often as drawn."""

import tracemalloc

import numpy as np
import pytest

from xaudit.core.cut import Cut
from xaudit.stats.groups.side_draws import Scene, draw_sides, patient_draws
from xaudit.stats.roc.auc import auc_value

EDGES = (0.0, 0.5)


def scene(seed, cases=300, patients=120, digits=1):
    rng = np.random.default_rng(seed)
    index = np.append(np.arange(patients), rng.integers(patients, size=cases - patients))
    labels = rng.random(cases) < 0.4
    scores = (rng.normal(size=cases) + labels).round(digits)
    scores[rng.random(cases) < 0.05] = -np.inf
    cuts = [
        Cut.of([f"site {one % 5}" for one in index]),
        Cut.of([f"view {one}" for one in rng.integers(3, size=cases)]),
    ]
    return Scene(scores, labels, index, EDGES), cuts


def plain(one, rows):
    """The metrics of `SideDraws` of these rows, repeats allowed."""
    scores, labels = one.scores[rows], one.labels[rows]
    found = []
    for edge in EDGES:
        called = scores > edge
        pairs = ((called, labels), (~called, ~labels), (labels, called), (~labels, ~called))
        found += [hit[of].mean() if of.any() else np.nan for hit, of in pairs]
    area = auc_value(scores, labels)
    return [*found, np.nan if area is None else area]


@pytest.mark.parametrize("seed", range(3))
def test_draws_equal_those_of_repeated_rows(seed):
    one, cuts = scene(seed)
    resampled = draw_sides(one, cuts, np.random.default_rng(3), 40)
    counts = np.concatenate(list(patient_draws(120, np.random.default_rng(3), 40)), axis=1)
    masks = [inside for cut in cuts for inside in cut.values()]
    for draw in (0, 17, 39):
        rows = np.repeat(np.arange(300), counts[one.index, draw].astype(int))
        for place, inside in enumerate(masks):
            for side, chosen in ((resampled.inside, inside), (resampled.outside, ~inside)):
                expected = plain(one, rows[chosen[rows]])
                np.testing.assert_allclose(side[draw, :, place], expected, atol=1e-6)
    for place, inside in enumerate(masks):
        values = [plain(one, np.flatnonzero(side)) for side in (inside, ~inside)]
        np.testing.assert_allclose(resampled.values[:, :, place], values, atol=1e-12)


def test_areas_of_many_different_scores_are_hardly_moved_by_quantiles():
    one, cuts = scene(1, cases=4000, patients=1500, digits=9)
    resampled = draw_sides(one, cuts, np.random.default_rng(3), 200)
    counts = np.concatenate(list(patient_draws(1500, np.random.default_rng(3), 200)), axis=1)
    inside = cuts[1]["view 1"]
    place = len(cuts[0]) + 1
    exact = []
    for draw in range(200):
        rows = np.repeat(np.arange(4000), counts[one.index, draw].astype(int))
        exact.append(auc_value(*(x[rows[inside[rows]]] for x in (one.scores, one.labels))))
    error = np.std(exact)
    assert np.abs(resampled.inside[:, -1, place] - exact).max() < error / 50
    # Thresholds lie between two quantiles: counts are exact.
    rows = np.flatnonzero(inside)
    np.testing.assert_allclose(resampled.values[0, :8, place], plain(one, rows)[:8], atol=1e-12)


def test_a_level_that_is_seldom_drawn_is_void_in_those_draws():
    one, _ = scene(2)
    cut = Cut.of(["rare" if patient == 3 else "rest" for patient in one.index])
    labels = one.labels | (one.index == 3)
    rare = Scene(one.scores, labels, one.index, EDGES)
    resampled = draw_sides(rare, [cut], np.random.default_rng(2), 400)
    assert np.isnan(resampled.inside[:, 0, 0]).mean() == pytest.approx(np.exp(-1), abs=0.1)
    assert not np.isnan(resampled.outside[:, 0, 0]).any()


def test_two_levels_are_each_others_rest():
    one, _ = scene(4)
    cut = Cut.of(["a" if row % 3 else "b" for row in range(300)])
    resampled = draw_sides(one, [cut], np.random.default_rng(2), 50)
    np.testing.assert_allclose(resampled.inside[..., 0], resampled.outside[..., 1], atol=1e-6)


def test_memory_does_not_grow_with_levels_times_levels():
    """The build before took 9 MB for each of the levels, and 4 GB for these."""
    rng = np.random.default_rng(0)
    cut = Cut.of([f"site {one}" for one in rng.integers(500, size=2000)])
    one = Scene(rng.normal(size=2000), rng.random(2000) < 0.5, np.arange(2000), (0.0,))
    tracemalloc.start()
    try:
        draw_sides(one, [cut], rng, 1000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100e6


def test_parts_of_the_draws_change_nothing(monkeypatch):
    one, cuts = scene(4)
    whole = draw_sides(one, cuts, np.random.default_rng(3), 40)
    monkeypatch.setattr("xaudit.stats.groups.side_draws._CELLS", 500)
    parts = draw_sides(one, cuts, np.random.default_rng(3), 40)
    np.testing.assert_array_equal(parts.inside, whole.inside)
    np.testing.assert_array_equal(parts.outside, whole.outside)
