import numpy as np
import pytest

from xaudit.errors import ConfigError
from xaudit.explain.methods.lime import covering, lime_weights
from xaudit.explain.numerics.libraries import library
from xaudit.explain.numerics.regression import fit_linear
from xaudit.explain.perturbation.coalitions import Coalitions, Hiding
from xaudit.explain.port import Context


def game_of(case, segments):
    return Coalitions(case, Hiding(segments, 0.1, "blur"), Context(1))


def per_patch(game, values):
    mine = game.patches >= 0
    return np.bincount(game.patches[mine], weights=values[mine])


def test_the_library_engine_is_lime(conv, case, explain):
    ours = explain("lime", conv, case, samples=80, engine="library")
    game, context = game_of(case, 12), Context(1)
    lime = library("lime.lime_image")
    lime.tqdm = lambda rows: rows
    start = np.where(game.patches < 0, case.image, game.baseline)
    theirs = lime.LimeImageExplainer(
        kernel_width=0.25, feature_selection="none",
        random_state=np.random.RandomState(context.seed_for(case, "lime") % 2**32),
    ).explain_instance(
        np.repeat(np.moveaxis(case.image, 0, -1), 3, axis=-1),
        lambda images: conv.logits(
            np.ascontiguousarray(np.moveaxis(images[..., :1], -1, 1), dtype=np.float32)
        )[:, None],
        labels=(0,),
        hide_color=np.repeat(np.moveaxis(start, 0, -1), 3, axis=-1),
        num_features=100,
        num_samples=80,
        segmentation_fn=lambda image: covering(game),
    )  # fmt: skip
    weights = dict(theirs.local_exp[0])
    expected = game.spread(np.array([weights[n] for n in range(game.count)]))
    np.testing.assert_allclose(ours.values, expected, atol=1e-6)
    assert ours.params["r2"] == pytest.approx(theirs.score, abs=1e-5)


def test_regression_is_that_of_lime_on_the_same_samples():
    """lime's own base class, fed with our coalitions and weights."""
    rng = np.random.default_rng(0)
    shown = rng.random((200, 9)) < 0.5
    shown[0] = True
    logits = shown @ rng.normal(size=9) + 0.3 * shown[:, 0] * shown[:, 1]
    ours = fit_linear(shown.astype(float), logits, lime_weights(shown, 0.25))
    base = library("lime.lime_base").LimeBase(
        lambda distance: np.sqrt(np.exp(-(distance**2) / 0.25**2)), random_state=0
    )
    distances = library("sklearn.metrics").pairwise_distances(
        shown.astype(float), shown[:1].astype(float), metric="cosine"
    ).ravel()  # fmt: skip
    _, theirs, score, _ = base.explain_instance_with_data(
        shown.astype(int), logits[:, None], distances, 0, 9, feature_selection="none",
        model_regressor=library("sklearn.linear_model").LinearRegression(),
    )  # fmt: skip
    np.testing.assert_allclose(ours.coefficients, [dict(theirs)[n] for n in range(9)], atol=1e-9)
    assert ours.r2 == pytest.approx(score)


def test_both_engines_meet_with_many_samples(conv, case, explain):
    ours = explain("lime", conv, case, segments=14, samples=1024, tolerance=1e-9)
    theirs = explain("lime", conv, case, segments=14, samples=6000, engine="library")
    game = game_of(case, 14)
    one, two = (per_patch(game, each.values) for each in (ours, theirs))
    assert np.linalg.norm(one - two) < 0.1 * np.linalg.norm(two)


def test_weights_of_a_detector_that_is_linear_in_superpixels(linear, case, weights, explain):
    attribution = explain("lime", linear, case, samples=400, segments=14)
    game = game_of(case, 14)
    exact = per_patch(game, (weights * (case.image - game.baseline))[0])
    ours = per_patch(game, attribution.values)
    assert np.corrcoef(exact, ours)[0, 1] > 0.999
    assert attribution.params["r2"] > 0.95
    assert attribution.residual.converged


def test_standard_errors_are_those_of_repetition():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=6)
    fits = []
    for _ in range(300):
        features = rng.random((80, 6)) < 0.5
        noise = rng.normal(size=80) * (0.5 + features[:, 0])
        fits.append(fit_linear(features * 1.0, features @ truth + noise, np.ones(80)))
    spread = np.std([one.coefficients for one in fits], axis=0)
    stated = np.sqrt(np.mean([one.errors**2 for one in fits], axis=0))
    np.testing.assert_allclose(stated, spread, rtol=0.15)


def test_bad_parameters_say_what_is_allowed(conv, case, explain):
    with pytest.raises(ConfigError, match="segments < samples"):
        explain("lime", conv, case, samples=10)
    with pytest.raises(ConfigError, match="kernel_width is positive"):
        explain("lime", conv, case, kernel_width=0.0)
    with pytest.raises(ConfigError, match="2 <= segments"):
        explain("lime", conv, case, segments=1)
