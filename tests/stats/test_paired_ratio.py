import numpy as np
import pytest

from xaudit.stats.paired_ratio import paired_ratio_difference


def draw(seed, n=300):
    rng = np.random.default_rng(seed)
    called = rng.random((2, n)) < 0.5
    right = called & (rng.random((2, n)) < [[0.8], [0.6]])
    return right, called, [f"p{i // 3}" for i in range(n)]


def by_hand(right, called, names, draws, seed):
    """Patients drawn one by one, with all their cases."""
    rng, patients = np.random.default_rng(seed), sorted(set(names))
    rows = {one: [i for i, name in enumerate(names) if name == one] for one in patients}
    gaps = []
    for _ in range(draws):
        chosen = [i for one in rng.choice(patients, len(patients)) for i in rows[one]]
        gaps.append(right[0, chosen].sum() / called[0, chosen].sum()
                    - right[1, chosen].sum() / called[1, chosen].sum())  # fmt: skip
    return np.quantile(gaps, [0.025, 0.975])


def test_equals_patients_drawn_one_by_one():
    right, called, names = draw(2)
    found = paired_ratio_difference(
        (right[0], called[0]), (right[1], called[1]), names, np.random.default_rng(3), 4000
    )
    value = right[0].sum() / called[0].sum() - right[1].sum() / called[1].sum()
    assert found.value == pytest.approx(value)
    assert (found.n, found.clusters) == (300, 100)
    assert (found.low, found.high) == pytest.approx(tuple(by_hand(right, called, names, 3000, 5)),
                                                    abs=0.012)  # fmt: skip


def test_the_same_ratio_twice_differs_by_nothing():
    right, called, names = draw(2)
    one = right[0], called[0]
    found = paired_ratio_difference(one, one, names, np.random.default_rng(3), 300)
    assert (found.value, found.low, found.high) == (0, 0, 0)
    assert "no spread" in found.caution


def test_nothing_to_divide_by_is_said():
    right, called, names = draw(2)
    nothing = np.zeros(300), np.zeros(300)
    found = paired_ratio_difference((right[0], called[0]), nothing, names, np.random.default_rng(3))
    assert found.value is None
    assert "divide" in found.undefined
