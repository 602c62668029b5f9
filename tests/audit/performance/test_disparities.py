from dataclasses import replace

import numpy as np
import pytest

from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.performance.disparities import disparities as found_disparities
from xaudit.core.cut import Cut
from xaudit.core.detector import OperatingPoint
from xaudit.metrics.groups.sides import ResampledSides, Sides
from xaudit.metrics.scores.discrimination import Predictions

POINTS = (OperatingPoint("a", 0.0, "fixed", ""), OperatingPoint("b", -1.0, "fixed", ""))
STATISTICS = StatisticsConfig(draws=400)


def study(seed, harm=0.0, patients=250):
    """Patients with one to three cases; the detector fails level 1 of column "b" by `harm`."""
    rng = np.random.default_rng(seed)
    images = rng.integers(1, 4, patients)
    of = np.repeat(np.arange(patients), images)
    labels = np.repeat(rng.random(patients) < 0.45, images)
    columns = {}
    for name, count in zip("abc", (2, 3, 4), strict=True):
        resampled = np.repeat(rng.integers(count, size=patients), images)
        columns[name] = {str(level): resampled == level for level in range(count)}
    logits = np.where(labels, 1.2, -1.2) + np.repeat(rng.normal(size=patients), images)
    logits = logits + rng.normal(size=len(of)) - harm * columns["b"]["1"] * labels
    return Predictions(logits, labels, tuple(map(str, of)), unit="limb"), columns


def disparities(predictions, points, columns, statistics, seed):
    sides = Sides(predictions, {name: cut(levels) for name, levels in columns.items()})
    edges, rng = [point.edge for point in points], np.random.default_rng(seed)
    resampled = ResampledSides(sides, edges, rng, statistics.draws)
    return found_disparities(resampled, predictions.labels, points, statistics.minimum[1])


def cut(levels):
    return Cut(tuple(levels), np.argmax(list(levels.values()), axis=0).astype(np.int32))


def alarms(findings):
    return [
        one.scope
        for one in findings
        if one.estimate.value is not None and not one.estimate.low <= 0 <= one.estimate.high
    ]


def test_fair_studies_seldom_raise_any_alarm():
    fair = [bool(alarms(disparities(*args(seed), STATISTICS, 1))) for seed in range(30)]
    # At 5 % more than four of 30 come once in 60 times.
    assert sum(fair) <= 4


def args(seed, harm=0.0):
    predictions, columns = study(seed, harm)
    return predictions, POINTS, columns


def test_a_group_that_is_missed_is_found():
    found = list(disparities(*args(3, harm=1.6), STATISTICS, 1))
    scopes = [one for one in alarms(found) if one["group"] == "b" and one["level"] == "1"]
    assert {one.get("operating_point") for one in scopes} >= {"a", "b"}
    assert all(one.estimate.unit == "limb" for one in found)
    assert all(one.scope["analysis"] == "simultaneous" for one in found)
    # Sensitivity and specificity at each point, and the area once, for nine levels.
    assert len(found) == 9 * 5


def test_small_levels_are_left_out_and_cost_nothing():
    predictions, points, columns = args(3)
    few = np.zeros(len(predictions), dtype=bool)
    few[:20] = True
    with_few = {**columns, "d": {"few": few, "many": ~few}}
    one, two = (
        list(disparities(predictions, points, each, STATISTICS, 1)) for each in (columns, with_few)
    )
    assert [each.id for each in one] == [each.id for each in two]


def test_nothing_to_compare_gives_nothing():
    predictions, points, columns = args(3)
    everyone = {"all": {"all": np.ones(len(predictions), dtype=bool)}}
    assert list(disparities(predictions, points, everyone, STATISTICS, 1)) == []
    assert list(disparities(predictions, (), columns, STATISTICS, 1)) == []


@pytest.mark.parametrize("shift", [0.5, -0.5])
def test_gaps_are_those_of_the_sample(shift):
    predictions, points, columns = args(5)
    moved = replace(predictions, logits=predictions.logits + shift)
    for one in disparities(moved, points[:1], columns, STATISTICS, 1):
        if one.metric == "sensitivity_gap":
            inside = columns[one.scope["group"]][one.scope["level"]]
            called = moved.logits > 0
            level, rest = (called[side & moved.labels].mean() for side in (inside, ~inside))
            assert one.estimate.value == pytest.approx(level - rest)
