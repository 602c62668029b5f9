import numpy as np
import pytest
from scipy.special import expit

from xaudit.metrics.scores.calibration import bin_of, ece
from xaudit.metrics.scores.debiased_calibration import squared_calibration_error
from xaudit.metrics.scores.discrimination import Predictions

RNG = np.random.default_rng


def _study(seed, n=300, shift=0.0, per_patient=1):
    rng = RNG(seed)
    logits = 1.5 * rng.normal(size=n)
    labels = rng.random(n) < expit(logits + shift)
    return Predictions(logits, labels, tuple(str(i // per_patient) for i in range(n)))


def test_value_is_that_of_kumar_where_a_bin_has_one_probability():
    rng = RNG(0)
    logits = rng.choice([-2.0, -0.5, 0.5, 2.0], 400)
    labels = rng.random(400) < 0.5
    found = squared_calibration_error(
        Predictions(logits, labels, tuple(map(str, range(400)))), RNG(1), bins=40, draws=5
    )
    expected = 0.0
    for logit in np.unique(logits):
        y = labels[logits == logit]
        gap, share = expit(logit) - y.mean(), y.mean()
        expected += len(y) / 400 * (gap**2 - share * (1 - share) / (len(y) - 1))
    assert found.value == pytest.approx(expected)


def test_clusters_term_by_term():
    p = _study(1, per_patient=3)
    found = squared_calibration_error(p, RNG(1), bins=5, draws=5)
    probability, names = expit(p.logits), np.array(p.patients)
    expected = 0.0
    for b in range(5):
        own = bin_of(probability, 5) == b
        gaps = (probability - p.labels)[own]
        c = len(set(names[own]))
        spread = sum(((gaps - gaps.mean())[names[own] == q].sum()) ** 2 for q in set(names[own]))
        variance = c / (c - 1) * spread / own.sum() ** 2
        expected += own.mean() * (gaps.mean() ** 2 - variance)
    assert found.value == pytest.approx(expected)


def test_chance_is_taken_off_where_ece_keeps_it():
    calibrated = [_study(seed, per_patient=2) for seed in range(60)]
    values = [squared_calibration_error(p, RNG(0), draws=2).value for p in calibrated]
    kept = [ece(p, RNG(0), draws=2).value for p in calibrated]
    assert abs(np.mean(values)) < 2.5 * np.std(values) / np.sqrt(60)
    assert np.mean(kept) > 0.04


def test_interval_holds_the_value_and_finds_a_planted_error():
    found = squared_calibration_error(_study(2, n=2000, shift=1.0), RNG(0))
    assert 0 < found.low <= found.value <= found.high
    fine = squared_calibration_error(_study(3, n=2000), RNG(0))
    assert fine.low <= 0


def test_what_has_no_value_says_so():
    p = _study(4, n=12)
    assert "single patient" in squared_calibration_error(p, RNG(0), bins=12, draws=5).undefined
    one = Predictions(p.logits, p.labels, ("a",) * 12)
    assert "2 needed" in squared_calibration_error(one, RNG(0), draws=5).undefined
