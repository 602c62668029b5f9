import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit
from scipy.stats import t

from xaudit.metrics.scores.calibration import (
    brier,
    calibration_bins,
    calibration_intercept,
    calibration_slope,
    ece,
)
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.resampling import bootstrap


def _study(n=400, slope=0.5, shift=0.4, seed=0):
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=n)
    labels = rng.random(n) < expit(slope * logits + shift)
    return Predictions(logits, labels, tuple(str(i // 2) for i in range(n)))


def test_slope_and_its_interval_agree_with_statsmodels():
    p = _study()
    groups = np.array([int(name) for name in p.patients])
    fit = sm.Logit(p.labels.astype(float), sm.add_constant(p.logits)).fit(
        disp=0, cov_type="cluster", cov_kwds={"groups": groups}
    )
    found = calibration_slope(p)
    assert found.value == pytest.approx(fit.params[1], rel=1e-6)
    # Statsmodels also multiplies by (n - 1) / (n - 2).
    error = fit.bse[1] / np.sqrt(399 / 398)
    assert found.high - found.value == pytest.approx(t.ppf(0.975, 199) * error, rel=1e-4)


def test_intercept_agrees_with_statsmodels_with_an_offset():
    p = _study()
    family = sm.families.Binomial()
    fit = sm.GLM(p.labels.astype(float), np.ones(400), family=family, offset=p.logits).fit()
    assert calibration_intercept(p).value == pytest.approx(fit.params[0], rel=1e-6)


def test_perfect_separation_has_no_slope():
    labels = np.arange(10) < 5
    p = Predictions(np.where(labels, 1.0, -1.0), labels, tuple("abcdefghij"))
    assert "separate" in calibration_slope(p).undefined
    assert calibration_intercept(p).value == pytest.approx(0, abs=1e-8)
    constant = Predictions(np.zeros(10), labels, p.patients)
    assert calibration_slope(constant).undefined == "the score is constant"
    assert calibration_slope(p.subset(labels)).undefined == "no negative cases"


def test_extreme_logits_still_converge():
    p = _study(slope=1, shift=0)
    wide = Predictions(p.logits * 1e4, p.labels, p.patients)
    assert calibration_slope(wide).value == pytest.approx(calibration_slope(p).value / 1e4)


def test_brier_is_the_mean_square():
    p = _study()
    found = brier(p, np.random.default_rng(0))
    assert found.value == pytest.approx(np.mean((expit(p.logits) - p.labels) ** 2))
    assert found.low < found.value < found.high


def test_ece_is_the_weighted_gap_of_the_bins():
    p = _study()
    bins = calibration_bins(p)
    assert len(bins) == 10
    assert sum(b.observed.n for b in bins) == 400
    gap = sum(b.observed.n * abs(b.mean_probability - b.observed.value) for b in bins) / 400
    assert ece(p, np.random.default_rng(0)).value == pytest.approx(gap)


def test_tied_probabilities_share_a_bin():
    p = Predictions(np.zeros(20), np.arange(20) < 5, tuple(map(str, range(20))))
    (only,) = calibration_bins(p)
    assert (only.observed.k, only.observed.n, only.low, only.high) == (5, 20, 0.5, 0.5)
    assert ece(p, np.random.default_rng(0)).value == pytest.approx(0.25)


@pytest.mark.parametrize("prevalence", [0.05, 0.3, 0.5])
@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_calibration_error_of_many_is_drawn_as_if_patients_were_drawn(
    monkeypatch, prevalence, shift
):
    """Limits move by less than 2,000 draws leave open (0.06 of the standard error), or nothing."""
    rng, patients, apart = np.random.default_rng(8), 2000, 2.0
    labels = np.repeat(rng.random(patients) < prevalence, 2)
    scores = rng.normal(size=2 * patients) + apart * labels
    logits = apart * scores - apart**2 / 2 + np.log(prevalence / (1 - prevalence)) + shift
    p = Predictions(logits, labels, np.repeat(np.arange(patients), 2))
    fast = ece(p, np.random.default_rng(1), draws=40_000)
    monkeypatch.setattr(bootstrap, "_MANY", 10**9)
    slow = ece(p, np.random.default_rng(2), draws=40_000)
    error = (slow.high - slow.low) / (2 * 1.96)
    assert fast.value == slow.value
    # Of these 40,000 draws a hundredth or two more.
    assert abs(fast.low - slow.low) < 0.09 * error
    assert abs(fast.high - slow.high) < 0.09 * error
