import numpy as np
import pytest
from group_gaps import GROUP_METRICS, case_table, draw_group_metrics

from xaudit.metrics.scores import discrimination
from xaudit.metrics.scores.calibration import brier
from xaudit.metrics.scores.discrimination import Predictions

RNG = np.random.default_rng


@pytest.fixture
def predictions():
    rng = RNG(0)
    labels = rng.random(400) < 0.4
    logits = rng.normal(size=400) + 2 * labels - 1
    return Predictions(logits, labels, tuple(f"p{i // 2}" for i in range(400)), unit="limb")


def test_values_are_those_of_the_single_metrics(predictions):
    group = RNG(1).random(400) < 0.5
    found = draw_group_metrics(predictions, {"group": group}, RNG(2), draws=2000)
    own = predictions.subset(group)
    for name in ("sensitivity", "specificity", "ppv", "npv", "accuracy", "auc"):
        single, resampled = getattr(discrimination, name)(own), found.estimate(name, "group")
        assert resampled.value == pytest.approx(single.value)
        assert (resampled.low, resampled.high) == pytest.approx((single.low, single.high), abs=0.02)
        assert (resampled.n, resampled.clusters, resampled.unit) == (
            single.n,
            single.clusters,
            "limb",
        )
    single = brier(own, RNG(3))
    resampled = found.estimate("brier", "group", "percentile")
    assert resampled.value == pytest.approx(single.value)
    assert (resampled.low, resampled.high) == pytest.approx((single.low, single.high), abs=0.01)


def test_calibration_in_the_large_is_observed_minus_predicted(predictions):
    everyone = {"all": np.ones(400, bool)}
    found = draw_group_metrics(
        predictions, everyone, RNG(0), metrics=("calibration_in_the_large",)
    ).estimate("calibration_in_the_large", "all")
    predicted = 1 / (1 + np.exp(-predictions.logits))
    assert found.value == pytest.approx(predictions.labels.mean() - predicted.mean())
    assert found.low < found.value < found.high


def test_only_what_is_asked_for_is_computed(predictions):
    table = case_table(predictions, ("ppv",))
    assert (table.metrics, set(table.columns)) == (("ppv",), {"hits", "called"})
    areas = draw_group_metrics(predictions, {"all": np.ones(400, bool)}, RNG(0), 5, ("auc",))
    assert areas.replicates.shape == (5, 1, 1)
    assert case_table(predictions).metrics == GROUP_METRICS
    with pytest.raises(ValueError, match="unknown metric 'recall'"):
        case_table(predictions, ("recall",))


def test_a_probability_of_0_is_a_score_like_any_other(predictions):
    """Its logit is infinitely far away, and no column is."""
    lowest = np.where(np.arange(400) < 60, -np.inf, predictions.logits)
    certain = Predictions(lowest, predictions.labels, predictions.patients)
    found = draw_group_metrics(certain, {"all": np.ones(400, bool)}, RNG(0), 50)
    for name in ("auc", "sensitivity"):
        assert found.estimate(name, "all").value == pytest.approx(
            getattr(discrimination, name)(certain).value
        )
