"""Counts of patients, and their numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.stats import weights
from xaudit.stats.weights import numbered, patient_counts, patient_weights


def test_every_draw_has_as_many_patients():
    counts = np.concatenate(list(patient_counts(700, np.random.default_rng(1), 4000)))
    assert counts.shape == (4000, 700)
    assert set(counts.sum(axis=1)) == {700}
    # Each count is binomial: mean 1, variance 1 - 1/700.
    assert counts.var() == pytest.approx(1 - 1 / 700, rel=0.01)
    assert counts[0].tolist() != counts[1].tolist()


def test_names_and_numbers_give_the_same_patients():
    names = ("b", "a", "c", "a")
    assert numbered(names)[0] == 3
    assert (
        numbered(names)[1].tolist() == numbered(np.array([7, 2, 9, 2]))[1].tolist() == [1, 0, 2, 0]
    )


@pytest.mark.parametrize("largest", [5, 40, 10_000])
def test_dense_numbers_are_counted_and_others_sorted_to_the_same_end(largest):
    numbers = np.random.default_rng(0).integers(0, largest, 200)
    names, index = np.unique(numbers, return_inverse=True)
    found = numbered(numbers)
    assert found[0] == len(names)
    np.testing.assert_array_equal(found[1], index)
    assert numbered(numbers - 3)[0] == len(names)


@given(st.lists(st.tuples(st.integers(2, 60), st.integers(0, 1), st.integers(1, 90)), max_size=8))
def test_draws_that_are_kept_are_those_that_would_be_drawn(asked):
    for clusters, seed, draws in asked:
        kept, plain = np.random.default_rng(seed), np.random.default_rng(seed)
        found = np.concatenate(list(patient_counts(clusters, kept, draws)))
        expected = np.stack(
            [
                np.bincount(chosen, minlength=clusters)
                for chosen in plain.integers(clusters, size=(draws, clusters))
            ]
        )
        np.testing.assert_array_equal(found, expected)
        assert kept.random() == plain.random()


def test_metrics_of_one_group_are_read_on_the_same_draws():
    first, again, other = (
        list(patient_counts(40, np.random.default_rng(seed), 500)) for seed in (3, 3, 4)
    )
    assert all(one is two for one, two in zip(first, again, strict=True))
    assert any((one != two).any() for one, two in zip(first, other, strict=True))
    with pytest.raises(ValueError, match="read-only"):
        first[0][0, 0] = 9


@pytest.mark.parametrize("clusters", [1, 40, 3000])
def test_weights_are_the_counts_with_patients_first(clusters, monkeypatch):
    counts = np.concatenate(list(patient_counts(clusters, np.random.default_rng(3), 70)))
    monkeypatch.setattr(weights, "_TOGETHER", 30)
    parts = list(patient_weights(clusters, np.random.default_rng(3), 70))
    assert np.array_equal(np.concatenate(parts, axis=1), counts.T)
    assert {part.dtype for part in parts} == {np.dtype(np.float32)}
