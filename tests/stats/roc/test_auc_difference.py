import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t
from stats_oracles import obuchowski_covariance, obuchowski_variance

from xaudit.stats.roc.auc import auc
from xaudit.stats.roc.auc_difference import paired_auc_difference, unpaired_auc_difference
from xaudit.stats.scored_cases import Scored

R = json.loads((Path(__file__).parents[2] / "fixtures" / "roc.json").read_text())
Z = 1.959963984540054


def names(n):
    return [str(i) for i in range(n)]


def of_r(data, key):
    return np.array(data[key], dtype=float), np.array(data["label"], dtype=bool)


@pytest.mark.parametrize("sample", R["samples"], ids=["fine", "tied"])
def test_paired_delong_is_that_of_proc(sample):
    (a, labels), (b, _) = of_r(sample["data"], "a"), of_r(sample["data"], "b")
    found = paired_auc_difference(a, b, labels, names(len(a)))
    expected = sample["paired"]
    assert found.difference.value == pytest.approx(expected["difference"])
    assert found.p_value == pytest.approx(expected["p"])
    half = Z * expected["difference"] / expected["z"]
    assert found.difference.high - found.difference.value == pytest.approx(half)
    assert found.test == "DeLong, paired, z"


@pytest.mark.parametrize("sample", R["samples"], ids=["fine", "tied"])
def test_unpaired_delong_is_that_of_proc(sample):
    (a, labels), (c, others) = of_r(sample["data"], "a"), of_r(sample["other"], "a")
    first = Scored(a, labels, names(len(a)))
    second = Scored(c, others, [f"other {i}" for i in range(len(c))])
    found = unpaired_auc_difference(first, second)
    assert found.difference.value == pytest.approx(sample["unpaired"]["difference"])
    half = Z * sample["unpaired"]["se"]
    assert found.difference.value - found.difference.low == pytest.approx(half)


@given(st.integers(0, 10**6), st.sampled_from([1, 2, 3]), st.integers(3, 20))
@settings(max_examples=40, deadline=None)
def test_clustered_paired_variance_agrees_with_the_obvious_version(seed, per_patient, levels):
    rng = np.random.default_rng(seed)
    labels = rng.random(30) < 0.4
    labels[:6] = [True, False] * 3
    common = rng.integers(0, levels, 30) + 1.0 * labels
    first, second = common + rng.integers(0, 2, 30), common + rng.integers(0, 3, 30)
    patients = [str(i % (30 // per_patient)) for i in range(30)]
    found = paired_auc_difference(first, second, labels, patients).difference
    expected = (
        obuchowski_variance(first, labels, patients)
        + obuchowski_variance(second, labels, patients)
        - 2 * obuchowski_covariance(first, second, labels, patients)
    )
    half = t.ppf(0.975, len(set(patients)) - 1) * max(expected, 0) ** 0.5
    if "Obuchowski" in found.method and abs(found.low) < 1:
        assert found.value - found.low == pytest.approx(half, abs=1e-9)
    assert found.value == pytest.approx(
        auc(first, labels, patients).value - auc(second, labels, patients).value
    )


def test_shared_patients_narrow_the_unpaired_interval():
    rng = np.random.default_rng(5)
    labels = rng.random(200) < 0.5
    mood = rng.normal(size=200)
    sets = [mood + 0.3 * rng.normal(size=200) + labels for _ in range(2)]
    same = unpaired_auc_difference(*(Scored(s, labels, names(200)) for s in sets)).difference
    apart = unpaired_auc_difference(
        Scored(sets[0], labels, names(200)), Scored(sets[1], labels, [f"x{i}" for i in range(200)])
    ).difference
    paired = paired_auc_difference(*sets, labels, names(200)).difference
    assert same.high - same.low < 0.6 * (apart.high - apart.low)
    assert same.high - same.low == pytest.approx(paired.high - paired.low, rel=0.03)


def test_same_ranking_differs_by_nothing_and_two_perfect_ones_may_differ():
    labels = np.arange(40) < 20
    scores = labels + np.linspace(0, 0.5, 40)
    same = paired_auc_difference(scores, 3 * scores, labels, names(40))
    assert (same.difference.low, same.difference.high, same.p_value) == (0.0, 0.0, 1.0)
    mixed = labels + np.random.default_rng(0).random(40) / 2
    both = paired_auc_difference(scores, mixed, labels, names(40))
    assert both.p_value is None
    assert both.difference.low < -0.02
    assert both.difference.high > 0.02
    sets = Scored(scores, labels, names(40)), Scored(mixed, labels, [f"x{i}" for i in range(40)])
    assert unpaired_auc_difference(*sets).p_value is None


def test_a_perfect_area_is_a_caution():
    labels = np.arange(40) < 20
    noisy = labels + np.random.default_rng(0).normal(size=40)
    found = paired_auc_difference(labels.astype(float), noisy, labels, names(40))
    assert "too short" in found.difference.caution


def test_one_class_is_missing():
    found = paired_auc_difference(np.zeros(4), np.ones(4), np.ones(4, bool), names(4))
    assert found.difference.undefined == "no negative cases"
    assert found.p_value is None
