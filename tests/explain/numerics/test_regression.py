import numpy as np
from scipy.stats import multivariate_normal

from xaudit.explain.numerics.regression import fit_linear, fit_pairs, fit_shrunken


def drawn(seed, spread, noise, count=120, players=30):
    rng = np.random.default_rng(seed)
    features = (rng.random((count, players)) < 0.8) - 0.5
    truth = rng.normal(0, spread, players)
    return features, truth, features @ truth + rng.normal(0, noise, count)


def test_shrunken_fit_is_the_posterior_at_the_likeliest_variances():
    """The slow way: the likelihood of the values on a grid, then Bayes' rule."""
    features, _, values = drawn(1, 0.5, 0.7, count=40, players=6)
    grid = np.geomspace(0.2, 2, 60)
    best = max(
        (multivariate_normal(cov=noise**2 * np.eye(40) + spread**2 * features @ features.T)
         .logpdf(values), spread, noise)
        for spread in grid for noise in grid
    )  # fmt: skip
    _, spread, noise = best
    precision = features.T @ features / noise**2 + np.eye(6) / spread**2
    covariance = np.linalg.inv(precision)
    found = fit_shrunken(features, values)
    expected = covariance @ features.T @ values / noise**2
    np.testing.assert_allclose(found.coefficients, expected, atol=0.02)
    np.testing.assert_allclose(found.errors, np.sqrt(np.diag(covariance)), rtol=0.1)


def test_shrinking_never_costs_much_and_gains_where_noise_rules():
    for spread, most in ((0.0, 0.1), (0.1, 0.5), (3.0, 1.05)):
        squares = np.zeros(2)
        for seed in range(20):
            features, truth, values = drawn(seed, spread, 1.0)
            plain = fit_linear(features, values, np.ones(len(values))).coefficients
            shrunken = fit_shrunken(features, values).coefficients
            squares += [np.sum((one - truth) ** 2) for one in (shrunken, plain)]
        assert squares[0] < most * squares[1]


def test_stated_errors_are_those_that_are_made():
    scores = []
    for seed in range(30):
        features, truth, values = drawn(seed, 0.5, 1.0)
        found = fit_shrunken(features, values)
        scores.extend((found.coefficients - truth) / found.errors)
    assert 0.9 < np.sqrt(np.mean(np.square(scores))) < 1.15


def test_values_that_are_all_zero_give_coefficients_of_zero():
    features, _, _ = drawn(1, 1, 1)
    found = fit_shrunken(features, np.zeros(len(features)))
    assert not found.coefficients.any()
    assert np.isfinite(found.errors).all()


def pairs(seed, count=96, players=12, even=0.0, noise=0.3):
    """Coalitions with complements, weights that differ within pairs, and an even interaction."""
    rng = np.random.default_rng(seed)
    first = rng.random((count, players)) < 0.5
    shown = np.stack([first, ~first], axis=1).reshape(-1, players).astype(float)
    truth = rng.normal(size=players)
    signs = 2 * shown - 1
    values = shown @ truth + even * (signs[:, 0] * signs[:, 1] + signs[:, 2] * signs[:, 3])
    weights = np.exp(-((1 - shown.mean(axis=1)) ** 2) / 0.1)
    return shown, values + rng.normal(0, noise, len(values)), weights, truth


def test_pairs_of_a_linear_model_give_its_coefficients():
    shown, values, weights, truth = pairs(1, noise=0.0)
    np.testing.assert_allclose(fit_pairs(shown, values, weights).coefficients, truth, atol=1e-9)


def test_even_interactions_are_noise_that_pairs_keep_out():
    squares = np.zeros(2)
    scores = []
    for seed in range(40):
        shown, values, weights, truth = pairs(seed, even=2.0)
        both = [fit_pairs(shown, values, weights), fit_linear(shown, values, weights, group=2)]
        # A pairwise interaction of players that are shown by fair coins has no linear part but
        # that of the weights, which is the same for all of them.
        squares += [np.sum((one.coefficients - truth) ** 2) for one in both]
        scores.extend((both[0].coefficients - truth) / both[0].errors)
    assert squares[0] < 0.6 * squares[1]
    assert np.sqrt(np.mean(np.square(scores))) < 1.5
