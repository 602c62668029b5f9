import numpy as np
import pytest

from xaudit.metrics.scores.discrimination import Predictions, auc, sensitivity, specificity
from xaudit.metrics.scores.robustness import ROBUSTNESS, degradation


def study(images, seed=0, patients=120):
    rng = np.random.default_rng(seed)
    labels = np.repeat(rng.random(patients) < 0.5, images)
    logits = np.where(labels, 1.5, -1.5) + rng.normal(size=len(labels))
    names = tuple(f"p{number // images}" for number in range(len(labels)))
    return Predictions(logits, labels, names, unit="limb")


@pytest.mark.parametrize("images", [1, 3])
def test_worse_images_are_the_metrics_on_them(images):
    clean = study(images)
    degraded = 0.3 * clean.logits + np.random.default_rng(1).normal(size=len(clean))
    found = degradation(clean, degraded)
    after = Predictions(degraded, clean.labels, clean.patients, unit="limb")
    for name, metric in (("auc", auc), ("sensitivity", sensitivity), ("specificity", specificity)):
        assert found[name].value == metric(after)
        gap = found[name].gap
        assert gap.value == pytest.approx(metric(after).value - metric(clean).value)
        assert gap.high < 0
        assert gap.unit == "limb"
    assert tuple(found) == ROBUSTNESS


@pytest.mark.parametrize("images", [1, 3])
def test_images_that_stay_give_a_gap_of_0(images):
    clean = study(images)
    for one in degradation(clean, clean.logits).values():
        assert one.gap.value == 0
        assert one.gap.low <= 0 <= one.gap.high


def test_pairs_tell_more_than_two_separate_samples():
    clean = study(1)
    degraded = clean.logits - 0.4
    found = degradation(clean, degraded)["sensitivity"]
    alone = found.value.high - found.value.low
    assert found.gap.high - found.gap.low < alone


def test_one_class_alone_has_reasons():
    clean = study(1)
    positives = clean.subset(clean.labels)
    found = degradation(positives, positives.logits)
    assert found["auc"].gap.undefined
    assert found["specificity"].gap.undefined
    assert found["sensitivity"].gap.value == 0
