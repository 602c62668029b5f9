import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from xaudit.metrics.scores.discrimination import Predictions
from xaudit.metrics.scores.roc_parts import (
    partial_auc,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
)
from xaudit.stats.roc.partial_auc import Band


def study(seed, n=300):
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.4
    patients = np.repeat(np.arange(n // 2), 2).astype(str)
    return Predictions(labels * 1.3 + rng.normal(size=n), labels, tuple(patients), unit="limb")


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("seed", range(5))
def test_partial_area_is_that_of_scikit_learn(seed):
    p = study(seed)
    found = partial_auc(p, Band("specificity", 0.8, 1.0), rng(), 200)
    assert found.value == pytest.approx(roc_auc_score(p.labels, p.logits, max_fpr=0.2))
    assert found.low < found.value < found.high
    assert (found.unit, found.clusters) == ("limb", 150)


@pytest.mark.parametrize("seed", range(5))
def test_rates_are_read_off_the_curve_of_scikit_learn(seed):
    p = study(seed)
    alarms, hits, _ = roc_curve(p.labels, p.logits, drop_intermediate=False)
    found = sensitivity_at_specificity(p, 0.905, rng(), 200)
    assert found.value == pytest.approx(np.interp(0.095, alarms, hits))
    other = specificity_at_sensitivity(p, 0.905, rng(), 200)
    assert other.value == pytest.approx(1 - np.interp(0.905, hits, alarms), abs=0.01)
    assert found.unit == other.unit == "limb"


def test_one_class_has_no_curve():
    p = study(1)
    only = p.subset(p.labels)
    for one in (
        partial_auc(only, Band("specificity", 0.8, 1.0), rng(), 200),
        sensitivity_at_specificity(only, 0.9, rng(), 200),
    ):
        assert one.undefined == "no negative cases"
