"""Weighted sums and areas against the plain thing: rows written out as often as they are drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.stats.auc import auc_value
from xaudit.stats.bootstrap import bootstrap, expanded_tail
from xaudit.stats.weights import auc_in_and_out, numbered, patient_counts, sums_in_and_out


def table(seed, cases=40, patients=12, groups=3):
    rng = np.random.default_rng(seed)
    index = np.append(np.arange(patients), rng.integers(patients, size=cases - patients))
    member = np.append(np.arange(groups), rng.integers(groups, size=cases - groups))
    scores = rng.integers(6, size=cases).astype(float)
    scores[rng.random(cases) < 0.1] = -np.inf
    counts = np.concatenate(list(patient_counts(patients, rng, 5))).astype(np.float32)
    return scores, rng.random(cases) < 0.5, member, index, counts


@given(st.integers(0, 10_000))
def test_areas_equal_those_of_repeated_rows(seed):
    scores, labels, member, index, counts = table(seed)
    inside, outside = auc_in_and_out(
        scores, labels, [member == group for group in range(3)], index, counts
    )
    for draw, weights in enumerate(counts):
        rows = np.repeat(np.arange(len(scores)), weights[index].astype(int))
        for group in range(3):
            for found, chosen in (
                (inside, rows[member[rows] == group]),
                (outside, rows[member[rows] != group]),
            ):
                plain = auc_value(scores[chosen], labels[chosen])
                expected = np.nan if plain is None else plain
                assert found[draw, group] == pytest.approx(expected, abs=1e-12, nan_ok=True)


@given(st.integers(0, 10_000))
def test_sums_equal_those_of_repeated_rows(seed):
    _scores, labels, member, index, counts = table(seed)
    columns = np.stack([labels, np.ones(len(labels))], axis=1).astype(np.float32)
    levels = [member == group for group in range(3)]
    inside, outside = sums_in_and_out(columns, levels, index, counts)
    for draw, weights in enumerate(counts):
        each = columns * weights[index][:, None]
        for place, level in enumerate(levels):
            assert inside[draw, place].tolist() == each[level].sum(axis=0).tolist()
            assert outside[draw, place].tolist() == each[~level].sum(axis=0).tolist()


def test_every_draw_has_as_many_patients():
    counts = np.concatenate(list(patient_counts(700, np.random.default_rng(1), 4000)))
    assert counts.shape == (4000, 700)
    assert set(counts.sum(axis=1)) == {700}
    # Each count is binomial: mean 1, variance 1 - 1/700.
    assert counts.var() == pytest.approx(1 - 1 / 700, rel=0.01)
    assert counts[0].tolist() != counts[1].tolist()


def test_counts_are_the_draws_of_the_slow_bootstrap():
    """The same generator gives the same interval, whichever way the rows are put together."""
    scores, labels, member, index, _ = table(3, cases=200, patients=60, groups=2)
    inside = member == 0

    def gap(rows):
        chosen, others = rows[inside[rows]], rows[~inside[rows]]
        return auc_value(scores[chosen], labels[chosen]) - auc_value(scores[others], labels[others])

    slow = bootstrap(gap, index, np.random.default_rng(9), draws=300)
    counts = np.concatenate(list(patient_counts(60, np.random.default_rng(9), 300)))
    tail = expanded_tail(60, 0.95)
    within, without = auc_in_and_out(scores, labels, [inside], index, counts.astype(np.float32))
    limits = np.quantile((within - without)[:, 0], [tail, 1 - tail])
    assert (slow.low, slow.high) == pytest.approx(tuple(limits), abs=1e-12)


def test_names_and_numbers_give_the_same_patients():
    names = ("b", "a", "c", "a")
    assert numbered(names)[0] == 3
    assert (
        numbered(names)[1].tolist() == numbered(np.array([7, 2, 9, 2]))[1].tolist() == [1, 0, 2, 0]
    )
