"""Agreement against the libraries of the field, and values by hand."""

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters
from statsmodels.stats.inter_rater import fleiss_kappa as fleiss_of_statsmodels

from xaudit.core.message import Message
from xaudit.stats.agreement import (
    alpha_columns,
    cohen_kappa,
    fleiss_columns,
    fleiss_kappa,
    krippendorff_alpha,
    pair_columns,
)
from xaudit.stats.resampling.of_sums import clustered_function

WHY = Message("no value")
calls = st.lists(st.lists(st.sampled_from([0, 1, None]), min_size=3, max_size=3), min_size=2,
                 max_size=30)  # fmt: skip


def both_used(values):
    assume(0 < np.nansum(values) < np.isfinite(values).sum())


@settings(max_examples=60)
@given(calls)
def test_alpha_is_that_of_krippendorff(rows):
    table = np.array(rows, dtype=float)
    table = table[np.isfinite(table).sum(axis=1) >= 2]
    assume(len(table))
    both_used(table)
    expected = krippendorff.alpha(reliability_data=table.T, level_of_measurement="nominal")
    columns = alpha_columns(np.nansum(table, axis=1).astype(int), np.isfinite(table).sum(axis=1))
    assert krippendorff_alpha(columns.sum(axis=0)) == pytest.approx(expected)


@settings(max_examples=60)
@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=2, max_size=30))
def test_kappas_are_those_of_statsmodels_and_of_scikit_learn(rows):
    table = np.array(rows)
    both_used(table.astype(float))
    expected = fleiss_of_statsmodels(aggregate_raters(table.astype(int))[0])
    sums = fleiss_columns(table.sum(axis=1), 4).sum(axis=0)
    assert fleiss_kappa(sums) == pytest.approx(expected)
    first, second = table[:, 0], table[:, 1]
    both_used(np.stack([first, second]).astype(float))
    sums = pair_columns(first, second).sum(axis=0)
    assert cohen_kappa(sums) == pytest.approx(cohen_kappa_score(first, second))


def test_by_hand_cohen_1960_and_weights_stand_for_repeats():
    assert cohen_kappa(np.array([20.0, 5, 10, 15])) == pytest.approx(0.4)
    columns = pair_columns(np.array([True, False, True]), np.array([True, False, False]))
    weights = np.array([3.0, 2, 1])
    repeated = np.repeat(columns, weights.astype(int), axis=0).sum(axis=0)
    assert cohen_kappa(weights @ columns) == cohen_kappa(repeated)


def test_one_category_has_a_reason_and_no_number():
    yes = np.ones(20, dtype=bool)
    people = tuple(map(str, range(20)))
    for function, columns in (
        (cohen_kappa, pair_columns(yes, yes)),
        (fleiss_kappa, fleiss_columns(np.full(20, 3), 3)),
        (krippendorff_alpha, alpha_columns(np.full(20, 3), np.full(20, 3))),
        (krippendorff_alpha, alpha_columns(np.ones(20, int), np.ones(20, int))),
    ):
        assert np.isnan(function(columns.sum(axis=0)))
        found = clustered_function(function, columns, people, np.random.default_rng(1), 200, WHY)
        assert (found.value, found.undefined, found.n) == (None, WHY, 20)


def test_one_patient_and_no_case_have_reasons():
    columns = pair_columns(np.array([True, False]), np.array([True, True]))[[0, 1, 1]]
    rng = np.random.default_rng(1)
    one = clustered_function(fleiss_kappa, fleiss_columns(np.array([1, 2]), 2), "aa", rng, 200, WHY)
    assert "2 needed" in one.undefined
    assert clustered_function(cohen_kappa, columns[:0], (), rng, 200, WHY).undefined == WHY


@pytest.mark.parametrize("images", [1, 3])
def test_intervals_cover_the_agreement_of_simulated_annotators(images):
    """Readings of known sensitivity and specificity; images of a patient share the truth."""
    sensitivity, specificity, prevalence = 0.85, 0.9, 0.4
    yes = prevalence * sensitivity + (1 - prevalence) * (1 - specificity)
    both = prevalence * sensitivity**2 + (1 - prevalence) * (1 - specificity) ** 2
    observed = 1 - 2 * (yes - both)
    chance = yes**2 + (1 - yes) ** 2
    truth, covered = (observed - chance) / (1 - chance), {"cohen": 0, "alpha": 0}
    rng = np.random.default_rng(4)
    for _ in range(200):
        sick = np.repeat(rng.random(120) < prevalence, images)
        said = rng.random((2, len(sick))) < np.where(sick, sensitivity, 1 - specificity)
        people = np.repeat(np.arange(120), images)
        for name, function, columns in (
            ("cohen", cohen_kappa, pair_columns(*said)),
            ("alpha", krippendorff_alpha, alpha_columns(said.sum(axis=0), np.full(len(sick), 2))),
        ):
            found = clustered_function(function, columns, people, rng, 200, WHY)
            covered[name] += found.low <= truth <= found.high
    assert all(180 <= count <= 198 for count in covered.values()), covered
