import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from scipy.special import expit

from xaudit.metrics.groups.calibration_gap import CALIBRATION_GAPS, calibration_gap
from xaudit.metrics.scores.discrimination import Predictions


def study(seed=1, patients=80, slope=1.0, shift=0.0, whole=False):
    """The group's truth follows slope and shift; logits are right for everybody else."""
    rng = np.random.default_rng(seed)
    index = np.repeat(np.arange(patients), rng.choice([1, 2, 4], patients))
    inside = (index % 3 == 0) if whole else rng.random(len(index)) < 0.4
    mood = 0.8 * rng.normal(size=patients)[index]
    logits = mood + rng.normal(size=len(index))
    truth = np.where(inside, slope * logits + shift, logits)
    return Predictions(logits, rng.random(len(index)) < expit(truth), index), inside


def robust(model, design, labels, index, offset=None):
    """Coefficient and error of the last column, by statsmodels, with the factor c / (c - 1)."""
    fitted = model(labels, design, family=sm.families.Binomial(), offset=offset).fit(
        cov_type="cluster", cov_kwds={"groups": index, "use_correction": False}
    )
    clusters = len(set(index.tolist()))
    return fitted.params[-1], fitted.bse[-1] * (clusters / (clusters - 1)) ** 0.5


@pytest.mark.parametrize("whole", [True, False])
def test_gaps_of_slope_and_intercept_are_interactions_of_one_regression(whole):
    p, inside = study(whole=whole)
    g, y, one = inside.astype(float), p.labels.astype(float), np.ones(len(p))
    degrees = min(len(set(p.patients[side].tolist())) for side in (inside, ~inside)) - 1
    expected = {
        "calibration_slope": robust(
            sm.GLM, np.stack([one, g, p.logits, g * p.logits], axis=1), y, p.patients
        ),
        "calibration_intercept": robust(
            sm.GLM, np.stack([one, g], axis=1), y, p.patients, p.logits
        ),
    }
    for name, (value, error) in expected.items():
        found = calibration_gap(name, p, inside)
        half = stats.t.ppf(0.975, degrees) * error
        assert found.value == pytest.approx(value, rel=1e-5, abs=1e-6)
        assert found.high - found.value == pytest.approx(half, rel=1e-4)


@pytest.mark.parametrize("whole", [True, False])
def test_gap_of_the_brier_score_is_that_of_a_regression_on_the_group(whole):
    p, inside = study(2, whole=whole)
    squared = (expit(p.logits) - p.labels) ** 2
    design = np.stack([np.ones(len(p)), inside.astype(float)], axis=1)
    fitted = sm.OLS(squared, design).fit(
        cov_type="cluster", cov_kwds={"groups": p.patients, "use_correction": False}
    )
    clusters = len(set(p.patients.tolist()))
    degrees = min(len(set(p.patients[side].tolist())) for side in (inside, ~inside)) - 1
    half = stats.t.ppf(0.975, degrees) * fitted.bse[1] * (clusters / (clusters - 1)) ** 0.5
    found = calibration_gap("brier", p, inside)
    assert found.value == pytest.approx(fitted.params[1])
    assert found.high - found.value == pytest.approx(half)


def test_intervals_hold_equal_groups_and_find_a_planted_difference():
    held = dict.fromkeys(CALIBRATION_GAPS, 0)
    for seed in range(150):
        p, inside = study(seed, whole=seed % 2 == 0)
        for name in CALIBRATION_GAPS:
            one = calibration_gap(name, p, inside)
            held[name] += one.low <= 0 <= one.high
    assert all(135 <= count <= 150 for count in held.values()), held
    p, inside = study(3, patients=400, shift=-1.5)
    assert calibration_gap("calibration_intercept", p, inside).high < -0.5
    p, inside = study(4, patients=400, slope=0.2)
    assert calibration_gap("calibration_slope", p, inside).high < -0.2


def test_sides_turn_the_sign():
    p, inside = study(5)
    for name in CALIBRATION_GAPS:
        one, other = calibration_gap(name, p, inside), calibration_gap(name, p, ~inside)
        assert one.value == pytest.approx(-other.value)
        assert one.low == pytest.approx(-other.high)


def test_a_side_that_cannot_be_judged_is_named():
    p, _ = study(6)
    nobody = np.zeros(len(p), dtype=bool)
    assert "the subgroup: no positive cases" in calibration_gap(
        "calibration_slope", p, p.patients == p.patients[~p.labels][0]
    ).undefined.replace("no negative", "no positive")
    assert "0 patients on one side" in calibration_gap("brier", p, nobody).undefined
