"""All levels of a study at once, against every group drawn from its own cases."""

import numpy as np
import pytest
from group_bootstrap import draw_groups
from group_gaps import case_table, drawn_group, simultaneous_gaps

from xaudit.core.cut import Cut
from xaudit.metrics.groups.extremes import worst_to_best
from xaudit.metrics.groups.gaps import gaps_together
from xaudit.metrics.groups.sides import ResampledSides, Side, Sides
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.difference import correlated_difference
from xaudit.stats.multiple.multiplicity import pointwise_level

METRICS = ("sensitivity", "specificity", "auc")
DRAWS = 1500


@pytest.fixture(scope="module")
def study():
    rng = np.random.default_rng(2)
    index = np.append(np.arange(500), rng.integers(500, size=700))
    labels = rng.random(1200) < 0.45
    view = Cut.of([f"view {one}" for one in rng.integers(4, size=1200)])
    logits = rng.normal(size=1200) + 1.6 * labels - 0.8 - 0.5 * labels * view["view 2"]
    p = Predictions(logits, labels, index, unit="limb")
    return p, view, ResampledSides(Sides(p, {"view": view}), [0.0], np.random.default_rng(3), DRAWS)


def slow(p, view):
    groups = dict(view) | {f"not {name}": ~inside for name, inside in view.items()}
    return groups, draw_groups(case_table(p, METRICS), groups, np.random.default_rng(4), DRAWS)


def test_simultaneous_gaps_are_those_of_groups_drawn_alone(study):
    p, view, resampled = study
    groups, _ = slow(p, view)
    pairs = {metric: [(name, f"not {name}") for name in view] for metric in METRICS}
    plain = simultaneous_gaps(p, groups, pairs, np.random.default_rng(5), DRAWS)
    family = [
        (resampled.at(metric, side, edge), resampled.at(metric, side.others, edge))
        for metric in METRICS
        for edge in [None if metric == "auc" else 0.0]
        for side in (Side("view", name) for name in view)
    ]
    found = gaps_together(family, resampled.sides.size)
    for one, other in zip(found, [gap for some in plain.values() for gap in some], strict=True):
        assert (one.n, one.clusters, one.unit) == (other.n, other.clusters, other.unit)
        assert one.value == pytest.approx(other.value, abs=1e-12)
        width = other.high - other.low
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=width / 20)


def test_worst_to_best_is_that_of_all_pairs_one_by_one(study):
    """Every pair by itself, as `gaps_together` makes it: the obvious version."""
    p, view, _ = study
    groups, resampled = slow(p, view)
    members = [drawn_group(p, groups[name], resampled, ("sensitivity", name)) for name in view]
    pairs = [(one, two) for place, one in enumerate(members) for two in members[place + 1 :]]
    columns = np.stack([one.draws - two.draws for one, two in pairs], axis=1)
    level = pointwise_level(columns, np.array([one.value - two.value for one, two in pairs]))
    gaps = []
    for one, two in pairs:
        tied = float(np.corrcoef(one.draws, two.draws)[0, 1])
        gaps.append(correlated_difference(one.interval(level), two.interval(level), tied))
    size = Sides(p, {"view": view}).size
    found = worst_to_best({"sensitivity": members}, size).difference["sensitivity"]
    assert found.value == pytest.approx(max(abs(gap.value) for gap in gaps))
    assert found.low == pytest.approx(max(0.0, *(max(gap.low, -gap.high) for gap in gaps)))
    assert found.high == pytest.approx(max(max(gap.high, -gap.low) for gap in gaps))


def test_draws_without_a_value_are_left_out_pair_by_pair(study):
    p, view, _ = study
    groups, resampled = slow(p, view)
    resampled.replicates[::200, 0, 0] = np.nan
    resampled.replicates[50::200, 0, 1] = np.nan
    members = [drawn_group(p, groups[name], resampled, ("sensitivity", name)) for name in view]
    found = worst_to_best({"sensitivity": members}, Sides(p, {"view": view}).size)
    assert found.difference["sensitivity"].low <= found.difference["sensitivity"].value


def test_sides_have_names_and_reasons():
    p = Predictions(np.array([1.0, -1.0]), np.array([True, True]), np.array([0, 1]))
    sides = Sides(p, {"x": Cut.of(["a", "b"])})
    side = Side("x", "a")
    assert side.others == Side("x", "a", rest=True)
    assert sides.estimate("specificity", side).undefined == "no negative cases"
    assert sides.estimate("auc", side).undefined == "no negative cases"
    assert sides.counted("npv", side, 0.0) == (0, "negative calls")
    assert sides.counted("sensitivity", side.others, 0.0) == (1, "positives")
