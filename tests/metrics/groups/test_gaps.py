import numpy as np
import pytest
from group_gaps import simultaneous_gaps

from xaudit.metrics.scores import discrimination
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.difference import independent_difference

RNG = np.random.default_rng


def _study(seed=0, harm=0.0, n=800):
    rng = RNG(seed)
    labels = rng.random(n) < 0.5
    member = rng.integers(0, 4, n // 2).repeat(2)
    logits = rng.normal(size=n) + (3 * labels - 1.5) * np.where(member == 2, 1 - harm, 1)
    predictions = Predictions(logits, labels, tuple(f"p{i // 2}" for i in range(n)), unit="limb")
    groups = {str(g): member == g for g in range(4)} | {f"not {g}": member != g for g in range(4)}
    return predictions, groups


PAIRS = [(str(g), f"not {g}") for g in range(4)]


def test_one_pair_is_newcombes_or_movers_interval():
    p, groups = _study()
    found = simultaneous_gaps(p, groups, {"sensitivity": PAIRS[:1]}, RNG(1))["sensitivity"][0]
    sides = [discrimination.sensitivity(p.subset(groups[g])) for g in PAIRS[0]]
    expected = independent_difference(*sides)
    assert found.value == pytest.approx(expected.value)
    # The correlation of separate patients over draws is near 0.
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.01)
    assert found.unit == "limb"


def test_more_comparisons_widen_and_a_planted_gap_is_found():
    p, groups = _study(harm=0.8)
    one = simultaneous_gaps(p, groups, {"sensitivity": PAIRS[2:3]}, RNG(1))["sensitivity"][0]
    metrics = ("sensitivity", "specificity", "auc", "brier")
    many = simultaneous_gaps(p, groups, dict.fromkeys(metrics, PAIRS), RNG(1))
    found = many["sensitivity"][2]
    assert found.value == one.value
    assert found.low < one.low
    assert one.high < found.high < 0
    assert many["auc"][2].high < 0
    assert many["brier"][2].low > 0
    fair = simultaneous_gaps(*_study(), dict.fromkeys(metrics, PAIRS), RNG(1))
    assert all(gap.low < 0 < gap.high for gaps in fair.values() for gap in gaps)
    assert "simultaneous over 16 comparisons" in found.method
    assert found.level == 0.95


def test_a_group_against_itself_hardly_differs():
    p, groups = _study()
    groups["copy"] = groups["1"]
    found = simultaneous_gaps(p, groups, {"auc": [("1", "copy")]}, RNG(1))["auc"][0]
    # Only the asymmetry of its interval is left of the distance to its own limits.
    assert -0.02 < found.low < 0 < found.high < 0.02


def test_an_empty_group_keeps_its_reason():
    p, groups = _study()
    groups["none"] = np.zeros(800, bool)
    pairs = {"sensitivity": [("none", "1"), *PAIRS], "auc": [("1", "none")]}
    found = simultaneous_gaps(p, groups, pairs, RNG(1))
    assert "nothing to divide by" in found["sensitivity"][0].undefined
    assert found["auc"][0].value is None
    assert found["sensitivity"][1].value is not None
    assert simultaneous_gaps(p, groups, {"auc": []}, RNG(1), draws=5) == {"auc": ()}
