import numpy as np
import pytest

from xaudit.core.cut import Cut
from xaudit.errors import ConfigError
from xaudit.fairness.disparity import gap_of_sides
from xaudit.fairness.groups import apply_size_rule, levels, size_rule
from xaudit.metrics.groups.sides import ResampledSides, Side, Sides
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.proportions import wilson

RNG = np.random.default_rng


def _study(per_patient=1):
    rng = RNG(0)
    labels = rng.random(200) < 0.5
    logits = rng.normal(size=200) + 1.5 * labels
    return Predictions(logits, labels, tuple(str(i // per_patient) for i in range(200)), 0.7)


def gap_to_rest(metric, predictions, in_level, rng, draws=2000):
    """The gap between some cases and all others."""
    sides = Sides(predictions, {"": Cut(("in", "out"), (~in_level).astype(np.int32))})
    at = None if metric == "auc" else predictions.threshold
    return gap_of_sides(
        metric, Side("", "in"), sides,
        lambda: ResampledSides(sides, [predictions.threshold], rng, draws), at,
    )  # fmt: skip


def test_levels_add_up_to_the_study():
    cut = levels([{"sex": "F"}, {"sex": "M", "age": "2"}, {"sex": ""}, {}])
    assert list(cut) == ["age", "sex"]
    assert list(cut["sex"]) == ["F", "M", "not recorded"]
    assert np.sum(list(cut["sex"].values()), axis=0).tolist() == [1, 1, 1, 1]


def test_the_size_rule_turns_at_its_limits():
    assert [size_rule(n) for n in (9, 10, 29, 30)] == ["counts", "interval", "interval", "verdict"]
    small = apply_size_rule(wilson(3, 7), 7)
    assert (small.value, small.k, small.n) == (None, 3, 7)
    assert apply_size_rule(wilson(1, 1), 1).undefined == "1 positive, 10 needed for an estimate"
    assert "30 needed" in apply_size_rule(wilson(9, 14), 14).caution
    assert apply_size_rule(wilson(30, 40), 40) == wilson(30, 40)


@pytest.mark.parametrize("name", ["sensitivity", "specificity", "ppv", "npv", "auc"])
def test_closed_and_drawn_gaps_agree(name):
    level = np.arange(200) < 80
    closed = gap_to_rest(name, _study(), level, RNG(1))
    mixed = Predictions(
        _study().logits, _study().labels, tuple(str(i % 100) for i in range(200)), 0.7
    )
    resampled = gap_to_rest(name, mixed, level, RNG(1), draws=400)
    assert resampled.value == pytest.approx(closed.value)
    assert "bootstrap" in resampled.method
    assert "bootstrap" not in closed.method
    assert resampled.high - resampled.low == pytest.approx(closed.high - closed.low, rel=0.35)


def test_one_case_per_patient_uses_newcombe():
    found = gap_to_rest("sensitivity", _study(), np.arange(200) < 80, RNG(1))
    assert found.method == "Newcombe hybrid score"


def test_turning_the_level_around_turns_the_sign():
    level = np.arange(200) < 80
    a = gap_to_rest("specificity", _study(2), level, RNG(1))
    b = gap_to_rest("specificity", _study(2), ~level, RNG(1))
    assert (a.value, a.low, a.high) == pytest.approx((-b.value, -b.high, -b.low))


def test_an_empty_level_is_missing_and_an_unknown_metric_is_named():
    empty = gap_to_rest("auc", _study(), np.zeros(200, bool), RNG(0))
    assert "the subgroup" in empty.undefined
    with pytest.raises(ConfigError, match="sensitivity"):
        gap_to_rest("dice", _study(), np.ones(200, bool), RNG(0))
