import numpy as np
import pytest
from scipy.stats import hypergeom

from xaudit.metrics.groups.association import association, association_p, negatives_auc
from xaudit.stats.independence.association import association_p_value


def test_p_is_that_of_fishers_exact_test():
    labels = np.array([True] * 12 + [False] * 18)
    levels = np.array([1] * 8 + [0] * 4 + [1] * 5 + [0] * 13)
    extreme, draws = association_p_value(
        levels, labels, [f"p{n}" for n in range(30)], np.random.default_rng(0), 4999
    )
    table = hypergeom(30, 13, 12)
    distance = abs(8 - 13 * 12 / 30)
    exact = sum(table.pmf(k) for k in range(13) if abs(k - 13 * 12 / 30) >= distance - 1e-9)
    assert extreme / draws == pytest.approx(exact, abs=0.01)


def test_patients_stay_whole():
    """Ten images of each of six patients are six facts, not sixty."""
    labels = np.repeat([True, True, True, False, False, False], 10)
    levels = labels.astype(int)
    patients = np.repeat([f"p{n}" for n in range(6)], 10).tolist()
    extreme, draws = association_p_value(levels, labels, patients, np.random.default_rng(0))
    assert extreme / draws == pytest.approx(2 / 20, abs=0.03)


def test_p_is_level_when_nothing_is_tied():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(200):
        patients = rng.integers(40, size=80).astype(str).tolist()
        own = {name: rng.integers(3) for name in sorted(set(patients))}
        levels = np.array([own[name] for name in patients])
        labels = rng.random(80) < 0.4
        extreme, draws = association_p_value(levels, labels, patients, rng, 99)
        found.append(extreme / draws)
    assert np.mean(np.array(found) <= 0.1) < 0.17
    assert 0.4 < np.mean(found) < 0.6


def test_a_column_of_one_level_is_tied_to_nothing():
    labels = np.array([True, False, True])
    assert association_p_value(
        np.zeros(3, dtype=int), labels, ["a", "b", "c"], np.random.default_rng(0)
    ) == (1000, 1000)
    assert association_p(1000, 1000).value == 1


def test_difference_and_shift_are_plain_counts():
    labels = np.array([True] * 30 + [False] * 30)
    inside = np.array(([True] * 20 + [False] * 10) + ([True] * 10 + [False] * 20))
    patients = [f"p{n}" for n in range(60)]
    one = association(labels, inside, patients)
    assert one.value == pytest.approx(20 / 30 - 10 / 30)
    assert one.low < one.value < one.high
    logits = np.arange(60.0)
    shift = negatives_auc(logits, labels, inside, patients)
    own, rest = logits[inside & ~labels], logits[~inside & ~labels]
    assert shift.value == pytest.approx(np.mean(own[:, None] > rest[None]))


def test_kinds_of_patients_are_dealt_as_patients_are(monkeypatch):
    rng = np.random.default_rng(5)
    patients = np.append(np.arange(12_000), rng.integers(12_000, size=3000))
    levels = rng.integers(4, size=15_000)
    labels = rng.random(15_000) < 0.3 + 0.006 * levels

    def found(many):
        monkeypatch.setattr("xaudit.stats.independence.association._MANY", many)
        return [
            association_p_value(levels, labels, patients, np.random.default_rng(seed), 99)[0]
            for seed in range(16)
        ]

    by_kind, singly = found(100), found(10**9)
    assert by_kind != singly
    error = np.std(by_kind + singly) / np.sqrt(8)
    assert np.mean(by_kind) == pytest.approx(np.mean(singly), abs=4 * error + 0.5)


def test_which_cases_of_a_patient_in_one_level_are_positive_does_not_matter(monkeypatch):
    """Eight patterns of labels are then four: few enough for patients to be dealt out by kind."""
    rng = np.random.default_rng(6)
    patients = np.repeat(np.arange(20_000), 3)
    levels = np.repeat(rng.integers(30, size=20_000), 3)
    labels = rng.random(60_000) < 0.3 + 0.001 * levels
    monkeypatch.setattr(
        "xaudit.stats.independence.association._deal_singly",
        lambda columns, *_: columns and pytest.fail("one by one"),
    )
    by_kind = [
        association_p_value(levels, labels, patients, np.random.default_rng(seed), 99)[0]
        for seed in range(16)
    ]
    monkeypatch.undo()
    monkeypatch.setattr("xaudit.stats.independence.association._MANY", 10**9)
    singly = [
        association_p_value(levels, labels, patients, np.random.default_rng(seed), 99)[0]
        for seed in range(16)
    ]
    error = np.std(by_kind + singly) / np.sqrt(8)
    assert np.mean(by_kind) == pytest.approx(np.mean(singly), abs=4 * error + 0.5)
