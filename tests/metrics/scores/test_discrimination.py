import numpy as np
import pytest

from xaudit.core.metric import METRICS
from xaudit.metrics.scores import discrimination as d
from xaudit.metrics.scores.discrimination import Predictions, Table2x2, with_misses


@pytest.fixture
def study():
    logits = np.array([2.0, 1.0, 0.0, -1.0, 3.0, -2.0, -3.0, 0.5])
    labels = np.array([1, 1, 1, 1, 0, 0, 0, 0], dtype=bool)
    return Predictions(logits, labels, tuple("abcdefgh"), 0.0)


def test_a_logit_at_the_threshold_is_a_negative_call(study):
    assert study.table == Table2x2(tp=2, fp=2, fn=2, tn=2)


def test_rates_carry_their_counts(study):
    for name in ("sensitivity", "specificity", "ppv", "npv"):
        found = METRICS[name](study)
        assert (found.k, found.n, found.value, found.method) == (2, 4, 0.5, "Wilson"), name
    assert d.accuracy(study).k == 4


def test_f1_is_the_harmonic_mean(study):
    found = d.f1(study, np.random.default_rng(0))
    assert found.value == pytest.approx(0.5)
    assert found.low < 0.5 < found.high


def test_an_empty_class_is_missing_with_its_count(study):
    normals = study.subset(~study.labels)
    assert (d.sensitivity(normals).undefined, d.sensitivity(normals).n) == ("no positive cases", 0)
    assert d.auc(normals).value is None
    assert d.f1(normals, np.random.default_rng(0)).value is None
    assert d.likelihood_ratio_positive(normals).value is None
    silent = Predictions(study.logits, study.labels, study.patients, 99.0)
    assert d.ppv(silent).undefined == "no case is called positive"


def test_the_worst_case_counts_every_miss_as_wrong(study):
    worst = with_misses(study, [True, False], ["x", "y"])
    assert worst.table == Table2x2(tp=2, fp=3, fn=3, tn=2)
    with pytest.raises(ValueError, match="scored cases only"):
        d.auc(worst)


def test_nan_and_unequal_lengths_are_refused(study):
    with pytest.raises(ValueError, match="NaN"):
        Predictions(np.array([np.nan]), np.array([True]), ("a",))
    with pytest.raises(ValueError, match="one of each"):
        Predictions(study.logits, study.labels[1:], study.patients)


def test_the_unit_of_the_study_is_kept(study):
    images = Predictions(study.logits, study.labels, study.patients, 0.0, "image")
    assert {m(images).unit for m in (d.sensitivity, d.auc)} == {"image"}
    assert d.likelihood_ratio_negative(images).unit == "image"
