from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from xaudit.metrics.groups.site_shift import sampled_cases, site_shift, standardized_difference
from xaudit.metrics.scores.discrimination import Predictions


def study(rng, patients=60, sites=3, ill_here=0.4):
    """Patients of several images; fractures show in the first column, patients in all of them."""
    home = rng.permutation(patients) % sites
    index = np.repeat(np.arange(patients), rng.choice([1, 2, 3], patients))
    ill = rng.random(patients) < np.where(home == 0, ill_here, 0.4)
    values = rng.normal(size=(patients, 6))[index] + rng.normal(size=(len(index), 6))
    values[:, 0] += 2.0 * ill[index]
    p = Predictions(np.zeros(len(index)), ill[index], index)
    return values, p, {f"s{k}": home[index] == k for k in range(sites)}


def p_values(runs, **changes):
    rng = np.random.default_rng(11)
    found = []
    for _ in range(runs):
        values, p, sites = study(rng, **changes)
        shift = site_shift(values, p, sites, ["s0"], rng)["s0"]
        found.append((shift.auc_p.value, shift.mmd_p.value))
    return np.array(found)


@pytest.mark.parametrize("ill_here", [0.4, 0.9])
def test_p_values_of_equal_sites_are_uniform_also_where_fractures_are_not(ill_here):
    """0.9: the site has more fractures, which the features show, and differs in nothing else."""
    found = p_values(200, ill_here=ill_here)
    for column in found.T:
        assert (column <= 0.05).mean() <= 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5
        assert stats.kstest(column, "uniform").pvalue > 1e-3


def test_a_planted_shift_is_found_beyond_holm():
    rng = np.random.default_rng(2)
    values, p, sites = study(rng, patients=120)
    values[sites["s1"], 3] += 3.0
    found = site_shift(values, p, sites, list(sites), rng)
    one = found["s1"]
    assert one.auc_p.value == one.mmd_p.value == pytest.approx(3 / 1000)
    assert one.auc.low > 0.7
    assert one.auc_chance.high < one.auc.low
    assert one.auc_chance.low < 0.5 < one.auc_chance.high
    assert "Holm over 3 sites" in one.auc_p.method


def test_a_spread_alone_shows_in_the_discrepancy():
    rng = np.random.default_rng(3)
    values, p, sites = study(rng, patients=120, sites=2)
    values[sites["s0"]] *= 3.0
    found = site_shift(values, p, sites, ["s0"], rng)["s0"]
    assert found.mmd_p.value == 1 / 1000


def test_two_sites_are_one_comparison():
    rng = np.random.default_rng(4)
    values, p, sites = study(rng, sites=2)
    found = site_shift(values, p, sites, list(sites), rng)
    assert found["s0"] == found["s1"]
    assert "Holm" not in found["s0"].auc_p.method


def test_area_is_that_of_scores_clustered_by_patient():
    values, p, sites = study(np.random.default_rng(5))
    found = site_shift(values, p, sites, ["s2"], np.random.default_rng(6))["s2"].auc
    assert found.unit == "patient"
    assert found.clusters == len(set(p.patients.tolist())) < found.n
    assert "at least as wide as permutations spread" in found.method


@pytest.mark.parametrize("shift", [0.0, 1.5])
def test_intervals_of_areas_hold_what_such_studies_give_on_average(shift):
    """Also with few patients, where areas vary because classifiers are trained on few."""
    rng, found = np.random.default_rng(15), []
    for _ in range(60):
        values, p, sites = study(rng, patients=30)
        values[sites["s0"], 3] += shift
        one = site_shift(values, p, sites, ["s0"], rng)["s0"].auc
        found.append((one.value, one.low, one.high))
    areas, low, high = np.array(found).T
    held = (low <= areas.mean()) & (areas.mean() <= high)
    assert held.mean() >= 0.93
    assert (high >= 0.5).all()


def test_numbers_that_are_the_same_everywhere_have_a_reason():
    _values, p, sites = study(np.random.default_rng(7))
    found = site_shift(np.ones((len(p), 3)), p, sites, ["s0"], np.random.default_rng(8))["s0"]
    assert all(one.undefined for one in found.parts.values())


def test_small_sites_are_kept_whole_and_patients_never_cut():
    rng = np.random.default_rng(9)
    index = np.repeat(np.arange(300), 3)
    home = np.where(np.arange(300) < 20, 0, 1 + np.arange(300) % 2)[index]
    p = Predictions(np.zeros(900), np.arange(900) % 2 == 0, index)
    sites = {f"s{k}": home == k for k in range(3)}
    rows = sampled_cases(p, sites, rng, most=300)
    assert 290 < len(rows) <= 300
    assert sites["s0"][rows].sum() == 60
    assert (np.bincount(index[rows])[np.unique(index[rows])] == 3).all()
    assert abs(int(sites["s1"][rows].sum()) - int(sites["s2"][rows].sum())) <= 3
    np.testing.assert_array_equal(sampled_cases(p, sites, rng), np.arange(900))


def test_difference_of_one_image_each_is_that_of_a_t_interval():
    rng = np.random.default_rng(10)
    values = rng.normal(size=80)
    inside = np.arange(80) < 30
    p = Predictions(np.zeros(80), np.arange(80) % 2 == 0, np.arange(80))
    found = standardized_difference(values, p, inside, comparisons=4)
    here, rest = values[inside], values[~inside]
    error = (here.var() / 29 + rest.var() / 49) ** 0.5
    half = stats.t.ppf(1 - 0.05 / 4 / 2, 29) * error / values.std()
    assert found.value == pytest.approx((here.mean() - rest.mean()) / values.std())
    assert found.high - found.value == pytest.approx(half)


def test_differences_of_clustered_cases_hold_their_level():
    rng, held = np.random.default_rng(12), 0
    for _ in range(400):
        index = np.repeat(np.arange(40), rng.choice([1, 2, 5], 40))
        values = 2 * rng.normal(size=40)[index] + rng.normal(size=len(index))
        p = Predictions(np.zeros(len(index)), index % 2 == 0, index)
        found = standardized_difference(values, p, index < 15)
        held += found.low <= 0 <= found.high
    assert 0.93 <= held / 400 <= 0.98


def test_difference_without_patients_or_spread_has_a_reason():
    p = Predictions(np.zeros(6), np.arange(6) % 2 == 0, np.array([0, 0, 0, 1, 2, 3]))
    one = standardized_difference(np.arange(6.0), p, np.arange(6) < 3)
    assert "1 patient on one side" in one.undefined
    two = standardized_difference(np.ones(6), replace(p, patients=np.arange(6)), np.arange(6) < 3)
    assert "same in every case" in two.undefined


def test_scores_of_the_detector_are_not_read():
    values, p, sites = study(np.random.default_rng(13))
    changed = replace(p, logits=np.random.default_rng(1).normal(size=len(p)))
    first, second = (
        site_shift(values, one, sites, ["s0"], np.random.default_rng(14))["s0"]
        for one in (p, changed)
    )
    assert first == second
