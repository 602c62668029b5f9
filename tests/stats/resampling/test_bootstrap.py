import numpy as np
import pytest

from xaudit.stats import weights as module
from xaudit.stats.proportions import clustered_proportion
from xaudit.stats.resampling.bootstrap import (
    bootstrap,
    clustered_difference,
    clustered_mean,
    clustered_sums_draws,
    interval_of_draws,
)
from xaudit.stats.roc.auc import auc

RNG = np.random.default_rng


@pytest.fixture
def sample():
    rng = RNG(0)
    return rng.random(90), [f"p{i // 3:02}" for i in range(90)]


def _limits(found):
    return found.value, found.low, found.high


def test_duplicating_every_image_leaves_the_interval(sample):
    values, names = sample
    once = clustered_mean(values, names, RNG(1))
    twice = clustered_mean(np.tile(values, 2), names * 2, RNG(1))
    assert _limits(twice) == pytest.approx(_limits(once))


def test_order_of_the_rows_changes_nothing(sample):
    values, names = sample
    order = RNG(2).permutation(90)
    mixed = clustered_mean(values[order], [names[i] for i in order], RNG(1))
    assert _limits(mixed) == pytest.approx(_limits(clustered_mean(values, names, RNG(1))))


def test_chunks_change_nothing(sample, monkeypatch):
    whole = clustered_mean(*sample, RNG(1))
    monkeypatch.setattr(module, "_CHUNK", 100)
    assert _limits(clustered_mean(*sample, RNG(1))) == pytest.approx(_limits(whole))


def test_vectorized_and_general_version_agree(sample):
    values, names = sample
    fast = clustered_mean(values, names, RNG(1), draws=4000)
    slow = bootstrap(lambda rows: float(values[rows].mean()), names, RNG(2), draws=4000)
    assert _limits(fast) == pytest.approx(_limits(slow), abs=0.01)


def test_difference_agrees_with_the_general_version(sample):
    values, names = sample
    group = np.arange(90) % 2 == 0

    def gap(rows):
        return float(values[rows][group[rows]].mean() - values[rows][~group[rows]].mean())

    fast = clustered_difference(values, group, names, RNG(1), draws=4000)
    slow = bootstrap(gap, names, RNG(2), draws=4000)
    assert _limits(fast) == pytest.approx(_limits(slow), abs=0.015)


def test_void_draws_make_the_estimate_missing():
    found = clustered_difference(np.arange(4.0), np.arange(4) == 0, list("abcd"), RNG(0))
    assert "draws have no value" in found.undefined


def test_one_patient_is_missing_and_no_spread_is_a_caution():
    assert clustered_mean(np.ones(3), ["a"] * 3, RNG(0)).value is None
    assert clustered_mean(np.ones(3), list("abc"), RNG(0)).caution
    assert clustered_mean(np.ones(0), [], RNG(0)).undefined == "no cases"
    with pytest.raises(ValueError, match="finite"):
        clustered_mean(np.array([1.0, np.nan]), ["a", "b"], RNG(0))


@pytest.mark.heavy
def test_nominal_95_percent_intervals_cover_about_that():
    rng, runs = RNG(7), 1000
    covered = np.zeros(3)
    names = [str(i // 2) for i in range(160)]
    for _ in range(runs):
        mood = np.repeat(rng.normal(size=80), 2)
        labels = np.repeat(np.arange(80) < 40, 2)
        noise = mood + rng.normal(size=160)
        mean = clustered_mean(noise, names, rng, draws=500)
        share = clustered_proportion(noise > 0, names)
        area = auc(noise + 2**0.5 * labels, labels, names)
        # P(N(√2, 4) > 0) is the area of two normals of variance 2, shifted by √2.
        for i, (found, truth) in enumerate([(mean, 0.0), (share, 0.5), (area, 0.7602499)]):
            covered[i] += found.low <= truth <= found.high
    assert (covered / runs > 0.93).all(), covered / runs
    assert (covered / runs < 0.97).all(), covered / runs


def test_few_patients_are_a_caution_and_widen_the_percentiles():
    draws = np.linspace(-1, 1, 2001)
    few, many = (interval_of_draws(0.0, draws, 90, c) for c in (29, 30))
    assert few.caution == "29 patients, 30 needed for a verdict on an interval from draws"
    assert many.caution is None
    assert few.low < many.low < -0.95
    endless = interval_of_draws(0.0, draws, 10**6, 10**6)
    assert (endless.low, endless.high) == pytest.approx((-0.95, 0.95), abs=1e-4)


@pytest.mark.parametrize(
    ("value", "limits"), [(0.0, (0, 0.2316)), (1.0, (0.7684, 1)), (0.5, (0.3842, 0.6158))]
)
def test_shares_that_are_all_alike_have_an_exact_interval_over_patients(value, limits):
    names = [f"p{i // 2}" for i in range(28)]
    found = clustered_mean(np.full(28, value), names, RNG(0), share=True)
    assert _limits(found) == pytest.approx((value, *limits), abs=1e-4)
    assert (found.caution, found.n, found.clusters) == (None, 28, 14)


def test_what_is_no_share_has_no_such_interval():
    found = clustered_mean(np.zeros(40), [str(i) for i in range(40)], RNG(0))
    assert "no spread" in found.caution


@pytest.mark.parametrize("rare", [0.02, 0.1])
def test_interval_of_shares_that_are_all_alike_holds_the_mean(rare):
    """Patients have 0.5, a few 1: whenever a sample shows 0.5 alone, it must allow for them."""
    rng, missed = RNG(3), 0
    names = [str(i) for i in range(20)]
    for _ in range(400):
        values = np.where(rng.random(20) < rare, 1.0, 0.5)
        if (values == 0.5).all():
            found = clustered_mean(values, names, RNG(0), share=True)
            missed += not found.low <= 0.5 + rare / 2 <= found.high
    assert missed / 400 <= 0.05


def _columns(kind, patients=4000):
    rng = np.random.default_rng(3)
    if kind == "kinds":
        return rng.integers(0, 3, (patients, 2)).astype(float)
    if kind == "normal":
        return np.stack([rng.normal(size=patients), rng.random(patients) ** 2], axis=1)
    # One patient in a thousand adds anything: a sum of these is skew.
    rare = np.where(rng.random(patients) < 0.001, rng.random(patients), 0.0)
    return np.stack([rare, rng.random(patients)], axis=1)


@pytest.mark.parametrize("kind", ["kinds", "normal", "skew"])
def test_sums_of_many_patients_are_spread_as_those_of_single_draws(kind, monkeypatch):
    columns = _columns(kind)
    resampled = clustered_sums_draws(columns, np.arange(4000), np.random.default_rng(1), 4000)
    monkeypatch.setattr("xaudit.stats.resampling.bootstrap._MANY", 10**9)
    plain = clustered_sums_draws(columns, np.arange(4000), np.random.default_rng(2), 4000)
    spread = plain.std(axis=0)
    # Errors of 4,000 draws: 1/63 of a standard error for a mean, 1/25 for these quantiles.
    assert np.abs(resampled.mean(axis=0) - plain.mean(axis=0)).max() < 0.1 * spread.max()
    np.testing.assert_allclose(resampled.std(axis=0), spread, rtol=0.06)
    tails = [np.quantile(one, [0.025, 0.975], axis=0) for one in (resampled, plain)]
    assert (np.abs(tails[0] - tails[1]) < 0.2 * spread).all()
    assert np.corrcoef(resampled.T)[0, 1] == pytest.approx(np.corrcoef(plain.T)[0, 1], abs=0.08)
    if kind == "skew":
        again = clustered_sums_draws(columns, np.arange(4000), np.random.default_rng(2), 4000)
        np.testing.assert_array_equal(again, plain)


def test_kinds_are_drawn_alike_however_many_draws_are_held(monkeypatch):
    columns = _columns("kinds")
    whole = clustered_sums_draws(columns, np.arange(4000), np.random.default_rng(1), 50)
    monkeypatch.setattr("xaudit.stats.resampling.bootstrap._CELLS", 63)
    parts = clustered_sums_draws(columns, np.arange(4000), np.random.default_rng(1), 50)
    np.testing.assert_array_equal(parts, whole)
