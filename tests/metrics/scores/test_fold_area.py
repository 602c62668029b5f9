from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from xaudit.metrics.scores.discrimination import Predictions, auc
from xaudit.metrics.scores.fold_area import fold_mean_auc


def study(seed, shifts=(0.0,) * 5, patients=200, truth=1.0):
    """Folds whose detectors have scales of their own; patients with one to three cases."""
    rng = np.random.default_rng(seed)
    images = rng.integers(1, 4, patients)
    of = np.repeat(np.arange(patients), images)
    labels = np.repeat(rng.random(patients) < 0.5, images)
    fold = of % len(shifts)
    logits = truth * labels + np.repeat(rng.normal(size=patients), images) * 0.6
    logits = logits + rng.normal(size=len(of)) * 0.8 + np.asarray(shifts)[fold]
    p = Predictions(logits, labels, tuple(map(str, of)), unit="limb")
    return p, {str(one): fold == one for one in range(len(shifts))}


def test_value_is_the_mean_of_scikit_learns_areas():
    p, folds = study(1)
    areas = [roc_auc_score(p.labels[own], p.logits[own]) for own in folds.values()]
    found = fold_mean_auc(p, folds)
    assert found.value == pytest.approx(np.mean(areas))
    assert found.low < found.value < found.high
    assert (found.unit, found.n, found.clusters) == ("limb", len(p), 200)


def test_scales_of_folds_matter_to_the_pooled_area_only():
    p, folds = study(2)
    shifted, _ = study(2, shifts=(0.0, 4.0, -4.0, 2.0, -2.0))
    assert fold_mean_auc(shifted, folds).value == pytest.approx(fold_mean_auc(p, folds).value)
    assert auc(shifted).value < auc(p).value - 0.1


def test_intervals_cover_the_truth():
    whole, _ = study(0, patients=40_000)
    truth = roc_auc_score(whole.labels, whole.logits)
    found = [fold_mean_auc(*study(seed)) for seed in range(1, 151)]
    covered = sum(one.low <= truth <= one.high for one in found)
    # 95 % of 150 is 142.5; fewer than 135 come once in 500 times.
    assert covered >= 135


def test_shared_patients_and_one_class_are_reasons():
    p, folds = study(3)
    tied = replace(p, patients=("one",) * len(p))
    assert "two folds" in fold_mean_auc(tied, folds).undefined
    one_class = replace(p, labels=p.labels & ~folds["2"])
    assert fold_mean_auc(one_class, folds).undefined == "fold 2 has cases of one class only"
    everyone = {"all": np.ones(len(p), dtype=bool)}
    assert "two folds needed" in fold_mean_auc(p, everyone).undefined
