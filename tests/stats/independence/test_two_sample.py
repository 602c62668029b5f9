import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import rbf_kernel

from xaudit.stats.independence import two_sample as module
from xaudit.stats.independence.two_sample import Permuted


def sample(seed=0, patients=24, width=5):
    rng = np.random.default_rng(seed)
    index = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
    values = module.standardized(rng.normal(size=(len(index), width)) + 0.3 * index[:, None] % 2)
    return values, index, rng


def test_operator_gives_the_scores_of_a_ridge_regression_trained_for_each_fold():
    values, index, rng = sample()
    fold = module.patient_folds(24, rng)[index]
    labels = (index % 3 == 0).astype(float)
    operator = module.held_out(module.linear_kernel(values), fold, ridge=0.7)
    scores = operator @ labels
    for one in range(module.FOLDS):
        test = fold == one
        train = values[~test] - values[~test].mean(axis=0)
        # The kernel is divided by the number of columns, so the penalty is multiplied by it.
        ridge = Ridge(alpha=0.7 * values.shape[1], fit_intercept=False)
        ridge.fit(train, labels[~test] - labels[~test].mean())
        expected = ridge.predict(values[test] - values[~test].mean(axis=0))
        np.testing.assert_allclose(scores[test], expected, atol=1e-10)


def test_operator_follows_any_kernel():
    values, index, rng = sample(1)
    fold, labels = module.patient_folds(24, rng)[index], (index % 2 == 0).astype(float)
    kernel = module.gaussian_kernel(values, index)
    scores = module.held_out(kernel, fold) @ labels
    train, test = fold != 0, fold == 0
    center = np.eye(train.sum()) - 1 / train.sum()
    inner = center @ kernel[np.ix_(train, train)] @ center
    outer = (kernel[np.ix_(test, train)] - kernel[np.ix_(train, train)].mean(axis=0)) @ center
    model = KernelRidge(alpha=1.0, kernel="precomputed")
    model.fit(inner, labels[train] - labels[train].mean())
    np.testing.assert_allclose(scores[test], model.predict(outer), atol=1e-10)


def test_a_patient_is_never_scored_by_what_it_trained():
    values, index, rng = sample(2)
    fold = module.patient_folds(24, rng)[index]
    operator = module.held_out(module.linear_kernel(values), fold)
    assert not operator[fold[:, None] == fold[None, :]].any()
    assert len({(a, b) for a, b in zip(index, fold, strict=True)}) == 24
    assert np.ptp(np.bincount(module.patient_folds(23, rng))) <= 1


def test_areas_are_those_of_scikit_learn_for_every_permutation():
    values, index, rng = sample(3)
    fold = module.patient_folds(24, rng)[index]
    operator = module.held_out(module.linear_kernel(values), fold)
    here = np.arange(24) < 8
    dealt = module.dealt_again(here, np.arange(24) % 2 == 0, rng, 20)
    sides = np.concatenate([here[None], dealt])[:, index]
    found, scores = module.classifier_test(operator, sides)
    expected = [roc_auc_score(side, operator @ side.astype(float)) for side in sides]
    np.testing.assert_allclose([found.value, *found.null], expected, atol=1e-12)
    np.testing.assert_allclose(scores, operator @ sides[0].astype(float))


def test_discrepancy_is_that_of_three_double_sums():
    values, index, _rng = sample(4)
    kernel = module.gaussian_kernel(values, index)
    sides = np.stack([index < 9, index % 2 == 0])
    found = module.mean_discrepancy(kernel, sides)
    for side, value in zip(sides, (found.value, *found.null), strict=True):
        a, b = np.flatnonzero(side), np.flatnonzero(~side)
        within = sum(kernel[i, j] for i in a for j in a) / len(a) ** 2
        others = sum(kernel[i, j] for i in b for j in b) / len(b) ** 2
        across = sum(kernel[i, j] for i in a for j in b) / (len(a) * len(b))
        assert value == pytest.approx(within + others - 2 * across, abs=1e-12)


def test_width_of_the_kernel_is_the_median_distance_between_patients():
    values, index, _rng = sample(5)
    pairs = [(i, j) for i in range(len(index)) for j in range(i) if index[i] != index[j]]
    median = np.median([cdist(values[[i]], values[[j]])[0, 0] for i, j in pairs])
    expected = rbf_kernel(values, gamma=1 / (2 * median**2))
    np.testing.assert_allclose(module.gaussian_kernel(values, index), expected, atol=1e-12)
    assert module.gaussian_kernel(np.zeros((6, 2)), np.arange(6)) is None
    assert module.gaussian_kernel(np.eye(3), np.zeros(3, dtype=int)) is None


def test_patients_are_dealt_out_within_their_stratum():
    here, strata = np.arange(30) < 10, np.arange(30) % 3 == 0
    dealt = module.dealt_again(here, strata, np.random.default_rng(1), 400)
    assert (dealt[:, strata].sum(axis=1) == (here & strata).sum()).all()
    assert (dealt.sum(axis=1) == 10).all()
    # Everybody of a stratum is as likely to be at the place.
    for stratum in (strata, ~strata):
        share = here[stratum].mean()
        np.testing.assert_allclose(dealt[:, stratum].mean(axis=0), share, atol=0.1)


def test_p_value_counts_the_sample_and_ties():
    assert Permuted(2.0, np.array([1.0, 2.0, 3.0])).p_value == 3 / 4
    assert Permuted(9.0, np.zeros(999)).p_value == 1 / 1000
    assert Permuted(1.0, np.full(9, 1.0 - 1e-12)).p_value == 1.0


def test_columns_that_never_vary_are_left_out():
    values = np.array([[1.0, 7.0], [3.0, 7.0], [5.0, 7.0]])
    scaled = module.standardized(values)
    assert scaled.shape == (3, 1)
    assert scaled.mean() == pytest.approx(0)
    assert scaled.std() == pytest.approx(1)
