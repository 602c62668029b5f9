import numpy as np
import pytest
from group_bootstrap import draw_groups
from group_gaps import case_table, drawn_group

from xaudit.metrics.groups.extremes import worst_to_best
from xaudit.metrics.groups.gaps import Size
from xaudit.metrics.scores.discrimination import Predictions

METRICS = ("sensitivity", "specificity")


def study(seed, harm, patients=300):
    """Three levels; the detector misses more in level "2"."""
    rng = np.random.default_rng(seed)
    images = rng.integers(1, 4, patients)
    level = np.repeat(rng.integers(3, size=patients), images)
    labels = np.repeat(rng.random(patients) < 0.5, images)
    logits = np.where(labels, 1.2, -1.2) + np.repeat(rng.normal(size=patients), images)
    logits = logits + rng.normal(size=len(labels)) - harm * labels * (level == 2)
    of = np.repeat(np.arange(patients), images)
    p = Predictions(logits, labels, tuple(map(str, of)), unit="limb")
    return p, {str(one): level == one for one in range(3)}


def extremes(p, groups, metrics=METRICS, level=0.95):
    resampled = draw_groups(case_table(p, metrics), groups, np.random.default_rng(1), 400)
    return of_members(p, groups, resampled, dict.fromkeys(metrics, tuple(groups)), level)


def of_members(p, groups, resampled, members, level=0.95):
    found = {
        metric: [drawn_group(p, groups[name], resampled, (metric, name)) for name in some]
        for metric, some in members.items()
    }
    return worst_to_best(found, Size.of(p), level)


def shares(p, groups):
    """Sensitivity and specificity of each level, counted."""
    called = p.logits > 0
    return (
        [called[own & p.labels].mean() for own in groups.values()],
        [1 - called[own & ~p.labels].mean() for own in groups.values()],
    )


@pytest.mark.parametrize("seed", range(4))
def test_values_are_plain_ranges(seed):
    p, groups = study(seed, harm=0.5)
    found, (found_of, left) = extremes(p, groups), shares(p, groups)
    assert found.difference["sensitivity"].value == pytest.approx(max(found_of) - min(found_of))
    assert found.ratio["specificity"].value == pytest.approx(min(left) / max(left))
    # The definition of fairlearn's equalized_odds_difference.
    assert found.either.value == pytest.approx(max(np.ptp(found_of), np.ptp(left)))
    for one in (*found.difference.values(), *found.ratio.values(), found.either):
        assert one.low <= one.value <= one.high
        assert one.unit == "limb"


def test_intervals_cover_the_truth_of_fair_and_of_unfair_detectors():
    def true_range(harm):
        p, groups = study(99, harm, patients=60_000)
        return np.ptp(shares(p, groups)[0])

    for harm in (0.0, 1.0):
        # Equal levels have a true range of 0; a large study still shows some.
        truth = true_range(harm) if harm else 0.0
        covered = [
            one.low <= truth <= one.high
            for one in (
                extremes(*study(seed, harm)).difference["sensitivity"] for seed in range(40)
            )
        ]
        assert sum(covered) >= 36


def test_a_harmed_level_is_found_and_areas_have_extremes_too():
    found = extremes(*study(3, harm=2.0))
    assert found.difference["sensitivity"].low > 0.1
    assert found.ratio["sensitivity"].high < 0.9
    area = extremes(*study(3, harm=2.0), metrics=("auc",)).difference["auc"]
    assert area.low > 0


def test_two_levels_are_the_gap_of_the_two():
    p, groups = study(5, harm=1.0)
    two = {"0": groups["0"], "2": groups["2"]}
    found = extremes(p, two).difference["sensitivity"]
    assert "1 pair of subgroups" in found.method
    assert found.value == pytest.approx(abs(np.diff(shares(p, two)[0])[0]))


def test_a_level_that_finds_nothing_has_ratio_zero_and_two_of_them_none():
    p, groups = study(6, harm=200.0)
    found = extremes(p, groups)
    assert shares(p, groups)[0][2] == 0
    assert found.ratio["sensitivity"].value == found.ratio["sensitivity"].low == 0.0
    none = Predictions(np.full(len(p), -1.0), p.labels, p.patients)
    assert "at 0" in extremes(none, groups).ratio["sensitivity"].undefined


def test_one_large_level_is_a_reason():
    p, groups = study(7, harm=0.0)
    resampled = draw_groups(case_table(p, METRICS), groups, np.random.default_rng(1), 200)
    found = of_members(p, groups, resampled, {"sensitivity": ["0"], "specificity": ["0", "1"]})
    assert "fewer than two subgroups" in found.difference["sensitivity"].undefined
    assert "fewer than two subgroups" in found.either.undefined
    assert found.difference["specificity"].value is not None
