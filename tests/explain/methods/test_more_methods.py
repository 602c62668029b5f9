"""Occlusion, RISE, Score-CAM and the two other SHAPs: each against a library or its definition."""

import itertools

import numpy as np
import pytest
import torch

from xaudit.core.grid import Grid
from xaudit.errors import ConfigError, ExplainerError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.methods.partition_shap import owen_values
from xaudit.explain.methods.rise import RandomGrids
from xaudit.explain.numerics.libraries import library
from xaudit.explain.perturbation.baselines import baseline_of
from xaudit.explain.perturbation.coalitions import Coalitions, Hiding
from xaudit.explain.port import Context, make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.testing import disc, planted_case


def test_occlusion_equals_captum_feature_ablation(conv, case, explain):
    game = Coalitions(case, Hiding(12, 0.1, "blur"), Context(1))
    mask = torch.from_numpy(np.where(game.patches < 0, game.count, game.patches))
    start = np.where(game.patches < 0, case.image, game.baseline)
    theirs = library("captum.attr").FeatureAblation(conv.module).attribute(
        torch.from_numpy(case.image[None]), baselines=torch.from_numpy(start[None]),
        feature_mask=mask[None, None],
    )[0, 0].numpy()  # fmt: skip
    lost = np.array([theirs[game.patches == one].mean() for one in range(game.count)])
    np.testing.assert_allclose(
        explain("occlusion", conv, case).values, game.spread(lost), atol=1e-6
    )


def test_rise_is_the_mean_logit_where_a_pixel_is_shown(linear, case, weights, explain):
    """For a linear detector the conditional mean follows from the covariance of the masks."""
    attribution = explain("rise", linear, case, samples=3000, tolerance=1e-9)
    change = (weights * (case.image - baseline_of(case.image, case.inside, "blur")))[0]
    masks = RandomGrids(Grid((24, 24)), 4, 0.5, 99, 0, 3000)
    table = np.stack([masks[row] for row in range(3000)]).reshape(3000, -1).astype(np.float64)
    shown = table.mean(axis=0)
    expected = (table.T @ (table - shown) / 3000) @ change.ravel() / shown
    assert np.corrcoef(expected, attribution.values.ravel())[0, 1] > 0.97


def test_rise_stops_when_two_halves_agree(linear, case, explain):
    attribution = explain("rise", linear, case, samples=6000, tolerance=0.3)
    assert attribution.params["samples_used"] < 6000
    assert attribution.residual.converged
    assert attribution.residual.value <= 0.3


def test_score_cam_equals_grad_cam(conv, case, explain):
    ours, theirs = (explain("score_cam", conv, case, engine=one).values
                    for one in ("xaudit", "library"))  # fmt: skip
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    with pytest.raises(ConfigError, match="engine library has baseline black"):
        explain("score_cam", conv, case, engine="library", baseline="blur")


def test_gradient_shap_of_a_linear_detector_is_exact(linear, case, weights, explain, background):
    attribution = explain("gradient_shap", linear, case)
    exact = (weights * (case.image - background.mean(axis=0))).sum(axis=0)
    np.testing.assert_allclose(attribution.values, exact, atol=1e-5)
    assert attribution.residual.converged
    assert attribution.params["additivity_gap"] < 1e-4


def test_gradient_shap_meets_the_library(conv, case, explain):
    ours = explain("gradient_shap", conv, case, samples=600)
    theirs = explain("gradient_shap", conv, case, samples=3000, engine="library")
    assert np.corrcoef(ours.values.ravel(), theirs.values.ravel())[0, 1] > 0.99
    assert ours.params["additivity_gap"] < 0.05


def test_gradient_shap_needs_a_background(conv, case):
    job = Job(case, make_explainer("gradient_shap", {}))
    (outcome,) = explain_all(Evaluator(conv, 4), [job], Context(1))
    assert isinstance(outcome.error, ExplainerError)
    assert "without a fracture" in str(outcome.error)


def test_partition_shap_equals_the_library(conv, case, explain):
    ours = explain("partition_shap", conv, case)
    shap = library("shap")
    start = np.moveaxis(baseline_of(case.image, case.inside, "blur"), 0, -1)

    def model(images):
        return conv.logits(np.ascontiguousarray(np.moveaxis(images.astype(np.float32), -1, 1)))

    theirs = shap.PartitionExplainer(model, shap.maskers.Image(start))(
        np.moveaxis(case.image, 0, -1)[None], max_evals=60, batch_size=50, silent=True
    )
    np.testing.assert_allclose(ours.values, theirs.values[0, ..., 0], atol=1e-5)
    assert ours.residual.converged


class Interacting(torch.nn.Module):
    """Four pixels whose effects depend on each other."""

    def forward(self, x):
        a, b, c, d = (x[:, 0, row, column] for row in (0, 1) for column in (0, 1))
        return 3 * a * b + a - 2 * c * d * a + b * d


def owen_by_enumeration(value, groups):
    """Mean marginal contribution over the orders that keep each group together."""
    orders = [
        [*first, *second]
        for one, other in itertools.permutations(groups)
        for first in itertools.permutations(one)
        for second in itertools.permutations(other)
    ]
    shares = np.zeros(4)
    for order in orders:
        shown = np.zeros(4, dtype=bool)
        for player in order:
            before = value(shown)
            shown[player] = True
            shares[player] += (value(shown) - before) / len(orders)
    return shares.reshape(2, 2)


def test_owen_values_of_four_pixels_equal_enumeration(port):
    image = np.array([[[0.9, 0.4], [0.7, 0.2]]], dtype=np.float32)
    start = np.full((1, 2, 2), 0.1, dtype=np.float32)
    evaluator = Evaluator(port(Interacting()))

    def value(shown):
        mixed = np.where(shown.reshape(1, 2, 2), image, start)
        return float(evaluator.logits(mixed[None])[0])

    ours = owen_values(evaluator, image, start, 1000)
    rows = owen_by_enumeration(value, ((0, 1), (2, 3)))
    columns = owen_by_enumeration(value, ((0, 2), (1, 3)))
    assert np.abs(rows - columns).max() > 1e-3
    assert min(np.abs(ours - rows).max(), np.abs(ours - columns).max()) < 1e-5


@pytest.mark.parametrize("name", ["blur", "inpaint", "mean", "black", "white", "0.25"])
def test_baselines_leave_padding_and_stay_in_range(name):
    case = planted_case([disc((48, 40), (20, 20), 6)], (48, 40), seed=3)
    case.inside[:8] = False
    plain = baseline_of(case.image, case.inside, name)
    assert plain.dtype == np.float32
    assert plain.min() >= 0
    assert plain.max() <= 1
    np.testing.assert_array_equal(plain[:, :8], case.image[:, :8])
    assert np.abs(plain - case.image)[:, 8:].max() > 0.05


def test_inpainting_keeps_a_slope_and_takes_a_fracture_away():
    """A smooth bone comes back nearly as it was; a bright spot inside one patch does not."""
    ramp = np.linspace(0.2, 0.8, 64, dtype=np.float32)
    image = np.broadcast_to(ramp, (1, 64, 64)).copy()
    inside = np.ones((64, 64), dtype=bool)
    image[0, 30:33, 30:33] += 0.2
    filled = baseline_of(image, inside, "inpaint")
    assert abs(filled[0, 31, 31] - ramp[31]) < 0.1
    assert np.abs(filled[0, 40:, 8:56] - ramp[8:56]).mean() < 0.05
