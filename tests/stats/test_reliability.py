import numpy as np
import pytest
from credibility_oracles import icc
from hypothesis import given, settings
from hypothesis import strategies as st

from xaudit.stats.reliability import intraclass_correlation, spearman_brown, split_reliability

# Shrout and Fleiss 1979, table 2: six targets, four judges.
SHROUT = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)
seeds = given(st.integers(0, 10**6))


def test_the_published_example():
    assert intraclass_correlation(SHROUT) == pytest.approx(0.29, abs=0.005)


@seeds
@settings(max_examples=40, deadline=None)
def test_agrees_with_the_obvious_version_whatever_the_order_and_scale(seed):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(rng.integers(2, 9), rng.integers(2, 5)))
    value = intraclass_correlation(table)
    assert value == pytest.approx(icc(table.tolist()), rel=1e-6)
    assert intraclass_correlation(3 * table[::-1] + 2) == pytest.approx(value, rel=1e-6)


def test_perfect_repetition_and_a_constant_offset():
    things = np.arange(5.0)
    assert intraclass_correlation(np.stack([things, things], 1)) == pytest.approx(1)
    # Absolute agreement: a repetition that adds a constant is no perfect one.
    assert intraclass_correlation(np.stack([things, things + 2], 1)) < 0.7
    assert intraclass_correlation(np.full((4, 3), 0.1)) is None


def test_noise_of_the_size_of_the_signal_gives_one_half():
    rng = np.random.default_rng(1)
    table = rng.normal(size=(20_000, 1)) + rng.normal(size=(20_000, 3))
    assert intraclass_correlation(table) == pytest.approx(0.5, abs=0.02)
    # Three repetitions averaged: 3 · 0.5 / (1 + 2 · 0.5).
    assert split_reliability(table) == pytest.approx(0.75, abs=0.02)


def test_spearman_brown():
    assert spearman_brown(0.5, 2) == pytest.approx(2 / 3)
    assert spearman_brown(0.3, 1) == pytest.approx(0.3)
    assert spearman_brown(-1, 2) is None


def test_unvarying_repetitions_have_no_reliability():
    assert split_reliability(np.array([[1.0, 2], [1, 3], [1, 4]])) is None


@pytest.mark.parametrize("table", [np.ones((1, 3)), np.ones(4), np.array([[1, np.nan], [2, 3]])])
def test_a_table_that_is_none_is_refused(table):
    for function in (intraclass_correlation, split_reliability):
        with pytest.raises(ValueError, match="finite table"):
            function(table)
