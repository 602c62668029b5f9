"""The rest of a small group by a series, against a regression of the rest."""

import numpy as np
import pytest
from scipy.special import expit

from xaudit.stats.calibration.recalibration_gap import RecalibrationGaps


def study(seed=0, cases=20_000, patients=9000, groups=100):
    rng = np.random.default_rng(seed)
    index = np.append(np.arange(patients), rng.integers(patients, size=cases - patients))
    logits = rng.normal(size=cases) * 2 + 0.3
    labels = rng.random(cases) < expit(0.7 * logits - 0.2)
    # Patients have cases in several groups.
    return logits, labels, index, rng.integers(groups, size=cases)


@pytest.mark.parametrize("which", ["slope", "intercept"])
def test_series_and_regression_of_the_rest_agree(which, monkeypatch):
    logits, labels, index, group = study()
    gaps = RecalibrationGaps(logits, labels, index, which)
    direct = RecalibrationGaps(logits, labels, index, which)
    direct._series = None
    monkeypatch.setattr(gaps, "_directly", lambda *_: pytest.fail("the series was not used"))
    for one in range(10):
        rows = np.flatnonzero(group == one)
        found, plain = gaps.gap(rows), direct.gap(rows)
        assert (found.n, found.clusters, found.method) == (plain.n, plain.clusters, plain.method)
        for name in ("value", "low", "high"):
            assert getattr(found, name) == pytest.approx(getattr(plain, name), abs=1e-9)


@pytest.mark.parametrize("which", ["slope", "intercept"])
def test_a_group_that_moves_the_rest_is_taken_out_by_a_regression(which):
    logits, labels, index, _ = study()
    rows = np.flatnonzero(logits + 2 * labels > 1)
    gaps = RecalibrationGaps(logits, labels, index, which)
    plain = RecalibrationGaps(logits, labels, index, which)
    plain._series = None
    assert gaps.gap(rows) == plain.gap(rows)


def test_reasons_are_those_of_the_side():
    logits, labels, index, _ = study()
    gaps = RecalibrationGaps(logits, labels, index, "slope")
    assert gaps.gap(np.flatnonzero(labels)[:50]).undefined == "the subgroup: no negative cases"
    assert gaps.gap(np.empty(0, dtype=np.intp)).undefined == "the subgroup: no positive cases"
    rest = np.flatnonzero(~labels | (np.arange(len(labels)) < 3000))
    others = np.setdiff1d(np.arange(len(labels)), rest)
    assert labels[others].all()
    assert gaps.gap(rest).undefined == "the rest: no negative cases"
