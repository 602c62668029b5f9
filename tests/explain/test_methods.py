"""Every method equals its library on the same inputs, and is what its paper promises."""

import itertools
import random

import numpy as np
import pytest
import torch

from xaudit.errors import ConfigError, ExplainerError, RegistryError
from xaudit.explain.baselines import baseline_of
from xaudit.explain.evaluator import Evaluator
from xaudit.explain.libraries import library
from xaudit.explain.partition_shap import owen_values
from xaudit.explain.port import EXPLAINERS, make_explainer
from xaudit.explain.superpixels import superpixels

CHEAP = {
    "gradcam": {},
    "integrated_gradients": {"steps": 16, "max_steps": 64},
    "shap": {"evaluations": 60},
    "lime": {"samples": 80, "segments": 12},
}
NAMES = tuple(CHEAP)


def explain(name, detector, case, seed=1, micro_batch=8, **params):
    explainer = make_explainer(name, {**CHEAP[name], **params})
    return explainer.explain(Evaluator(detector, micro_batch), case, seed)


def test_gradcam_equals_the_library(conv, case):
    ours = explain("gradcam", conv, case).values
    cam = library("pytorch_grad_cam").GradCAM(conv.module, [conv.target_layer])
    pixels = torch.from_numpy(case.image[None]).requires_grad_(True)
    theirs = cam(pixels, targets=[lambda output: output])[0]
    cam.activations_and_grads.release()
    # The library clips at 0, scales to [0, 1] on the feature grid, and enlarges with OpenCV's
    # bilinear rule, which is align_corners False.
    grid = np.maximum(grid_of(conv, case), 0)
    scaled = (grid - grid.min()) / (1e-7 + (grid - grid.min()).max())
    enlarged = torch.nn.functional.interpolate(
        torch.from_numpy(scaled)[None, None], size=ours.shape, mode="bilinear", align_corners=False
    )[0, 0].numpy()
    enlarged = (enlarged - enlarged.min()) / (1e-7 + (enlarged - enlarged.min()).max())
    np.testing.assert_allclose(enlarged, theirs, atol=1e-5)
    # Ours is the same grid, signed and unscaled.
    raw = torch.nn.functional.interpolate(
        torch.from_numpy(grid_of(conv, case))[None, None],
        size=ours.shape, mode="bilinear", align_corners=False,
    )[0, 0].numpy()  # fmt: skip
    np.testing.assert_allclose(ours, raw, atol=1e-6)


def grid_of(conv, case):
    """Grad-CAM from its definition: mean gradient of each feature map times the map."""
    pixels = torch.from_numpy(case.image[None])
    features = conv.module.features(pixels).detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(conv.module.head(features.mean(dim=(2, 3))).sum(), features)
    return (gradient.mean(dim=(2, 3), keepdim=True) * features).sum(dim=1)[0].detach().numpy()


def test_gradcam_keeps_what_speaks_against_a_fracture(conv, case):
    assert explain("gradcam", conv, case).values.min() < 0


def test_gradcam_without_a_picture_layer_says_so(linear, case):
    with pytest.raises(ExplainerError, match="layer that returns a picture"):
        explain("gradcam", linear, case)


@pytest.mark.parametrize("baseline", ["blur", "black", "mean"])
def test_integrated_gradients_equals_the_library(conv, case, baseline):
    params = {"steps": 20, "max_steps": 20, "baseline": baseline}
    ours = explain("integrated_gradients", conv, case, **params)
    start = torch.from_numpy(baseline_of(case.image, case.inside, baseline)[None])
    theirs = (
        library("captum.attr")
        .IntegratedGradients(conv.module)
        .attribute(torch.from_numpy(case.image[None]), baselines=start, n_steps=20)
    )
    np.testing.assert_allclose(ours.values, theirs[0].sum(dim=0).numpy(), atol=1e-6)
    assert ours.params["steps_used"] == 20


def test_integrated_gradients_of_a_linear_detector_are_exact(linear, case, weights):
    attribution = explain("integrated_gradients", linear, case)
    start = baseline_of(case.image, case.inside, "blur")
    np.testing.assert_allclose(
        attribution.values, (weights * (case.image - start)).sum(axis=0), atol=1e-5
    )
    assert attribution.residual.value < 1e-4
    assert attribution.residual.converged


def test_integrated_gradients_doubles_until_it_converged(conv, case):
    loose = explain("integrated_gradients", conv, case, steps=2, tolerance=10.0)
    strict = explain("integrated_gradients", conv, case, steps=2, max_steps=64, tolerance=1e-9)
    assert loose.params["steps_used"] == 2
    assert strict.params["steps_used"] == 64
    assert strict.residual.converged is False
    assert strict.backward == 2 + 4 + 8 + 16 + 32 + 64


def test_shap_equals_the_library(conv, case):
    ours = explain("shap", conv, case, evaluations=60)
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


def test_shap_of_four_pixels_equals_enumeration(port):
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


def test_shap_of_a_linear_detector_is_exact_for_every_region(linear, case, weights):
    ours = explain("shap", linear, case, evaluations=2000).values
    start = baseline_of(case.image, case.inside, "blur")
    exact = (weights * (case.image - start))[0]
    # Regions are halved where they matter most, so only the quarters are certain to be cut.
    blocks = [one.reshape(2, 12, 2, 12).sum(axis=(1, 3)) for one in (ours, exact)]
    np.testing.assert_allclose(*blocks, atol=1e-4)


def test_lime_equals_the_library(conv, case):
    ours = explain("lime", conv, case, seed=11)
    patches = superpixels(case.image, 12, 0.1)
    start = baseline_of(case.image, case.inside, "blur")
    lime = library("lime.lime_image")
    lime.tqdm = lambda rows: rows
    theirs = lime.LimeImageExplainer(
        kernel_width=0.25, feature_selection="none", random_state=np.random.RandomState(11)
    ).explain_instance(
        np.repeat(np.moveaxis(case.image, 0, -1), 3, axis=-1),
        lambda images: conv.logits(
            np.ascontiguousarray(np.moveaxis(images[..., :1], -1, 1), dtype=np.float32)
        )[:, None],
        labels=(0,),
        hide_color=np.repeat(np.moveaxis(start, 0, -1), 3, axis=-1),
        num_features=100,
        num_samples=80,
        segmentation_fn=lambda image: patches,
    )
    weights = dict(theirs.local_exp[0])
    areas = np.bincount(patches.ravel())
    expected = np.array([weights[n] / areas[n] for n in range(len(areas))])[patches]
    np.testing.assert_allclose(ours.values, expected, atol=1e-7)
    assert ours.residual.value == pytest.approx(1 - theirs.score, abs=1e-5)


def test_lime_finds_the_weights_of_a_detector_that_is_linear_in_superpixels(linear, case, weights):
    attribution = explain("lime", linear, case, samples=400)
    patches = superpixels(case.image, 12, 0.1)
    start = baseline_of(case.image, case.inside, "blur")
    change = (weights * (case.image - start))[0]
    exact = np.bincount(patches.ravel(), weights=change.ravel())
    ours = np.bincount(patches.ravel(), weights=attribution.values.ravel())
    assert np.corrcoef(exact, ours)[0, 1] > 0.99
    assert attribution.residual.value < 0.05


@pytest.mark.parametrize("name", NAMES)
def test_batch_size_changes_nothing(name, conv, case):
    maps = [explain(name, conv, case, micro_batch=size).values for size in (1, 7, 64)]
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-5)
    np.testing.assert_allclose(maps[0], maps[2], atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_detector_and_random_states_are_left_alone(name, conv, case):
    state = (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state())  # noqa: NPY002
    hooks = sum(len(one._forward_hooks) for one in conv.module.modules())
    explain(name, conv, case)
    assert not conv.module.training
    assert not any(one.requires_grad for one in conv.module.parameters())
    assert all(one.grad is None for one in conv.module.parameters())
    assert sum(len(one._forward_hooks) for one in conv.module.modules()) == hooks
    assert random.getstate() == state[0]
    assert np.random.get_state()[1].tolist() == state[1]  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), state[2])


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_gives_the_same_map_and_the_cost_is_kept(name, conv, case):
    one, two = explain(name, conv, case), explain(name, conv, case)
    np.testing.assert_array_equal(one.values, two.values)
    forward, backward = make_explainer(name, CHEAP[name]).cost()
    assert 0 < one.forward <= forward
    assert one.backward <= backward
    assert one.values.shape == case.inside.shape
    assert one.values.dtype == np.float32
    assert set(make_explainer(name, CHEAP[name]).params) <= set(one.params)


def test_other_seed_gives_another_lime(conv, case):
    one, two = explain("lime", conv, case, seed=1), explain("lime", conv, case, seed=2)
    assert np.abs(one.values - two.values).max() > 0


def test_unknown_method_and_parameter_list_what_there_is():
    with pytest.raises(RegistryError, match="gradcam, integrated_gradients, lime, shap"):
        make_explainer("gradcamm", {})
    with pytest.raises(ConfigError, match=r"lime.sample: no such parameter; there is: samples"):
        make_explainer("lime", {"sample": 3})
    with pytest.raises(ConfigError, match="one of blur, black, mean"):
        make_explainer("shap", {"baseline": "white"})
    with pytest.raises(ConfigError, match="segments < samples"):
        make_explainer("lime", {"samples": 10})


def test_every_method_asks_a_question():
    for name in EXPLAINERS:
        assert make_explainer(name, {}).question.endswith("?")
