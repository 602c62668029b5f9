"""Values that other libraries' tests and plain arithmetic agree on.

The networks are those of captum's tests: a layer of sums with a ReLU, and one convolution.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from xaudit.core.detector import InputSpec
from xaudit.explain.engine.passes import Features
from xaudit.explain.methods.cam import GradCam
from xaudit.explain.perturbation import coalitions
from xaudit.explain.perturbation.superpixels import OUTSIDE
from xaudit.metrics.maps.faithfulness import deletion, insertion
from xaudit.testing import planted_case


class Sums(torch.nn.Module):
    """BasicModel_MultiLayer, target 0: four sums of three features, one shifted by -10, ReLU."""

    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Linear(3, 4), torch.nn.Linear(4, 1)
        with torch.no_grad():
            self.first.weight.fill_(1)
            self.first.bias.copy_(torch.tensor([-10.0, 1, 1, 1]))
            self.second.weight.fill_(1)
            self.second.bias.zero_()

    def forward(self, x):
        return self.second(self.first(x[:, 0, 0, :3]).relu()).squeeze(1)


@pytest.fixture
def sums(port):
    return port(Sums().eval().requires_grad_(False), input=InputSpec(8, 8, channels=1))


@pytest.fixture
def game(monkeypatch):
    """Players are declared pixels, and hidden ones show a declared value."""

    def declare(patches, hidden):
        image, empty = np.zeros((2, 1, 8, 8), np.float32)
        image[0, 0, :3], empty[0, 0, :3] = (20, 50, 30), hidden
        parts = np.full((8, 8), OUTSIDE)
        parts[0, :3] = patches
        monkeypatch.setattr(coalitions, "superpixels_of", lambda *_: parts)
        monkeypatch.setattr(coalitions, "emptied", lambda *_: empty)
        return replace(planted_case([], (8, 8)), image=image)

    return declare


def test_shapley_values_of_sums(sums, game, explain):
    found = explain("shap", sums, game([0, 1, 2], [0, 0, 0])).values
    np.testing.assert_allclose(found[:1, :3], [[230 / 3, 590 / 3, 350 / 3]], rtol=1e-6)
    assert found.sum() == pytest.approx(390)


def test_shapley_values_of_groups_and_with_another_baseline(sums, game, explain):
    grouped = explain("shap", sums, game([0, 0, 1], [0, 0, 0])).values[0, :3]
    # A superpixel's value is spread evenly over its pixels.
    np.testing.assert_allclose(grouped, [275 / 2, 275 / 2, 115], rtol=1e-6)
    shifted = explain("shap", sums, game([0, 1, 2], [10, 20, 10])).values
    np.testing.assert_allclose(shifted[:1, :3], [[40, 120, 80]], rtol=1e-6)


def test_occlusion_of_sums(sums, game, explain):
    found = explain("occlusion", sums, game([0, 1, 2], [0, 0, 0])).values
    np.testing.assert_allclose(found[:1, :3], [[80, 200, 120]], rtol=1e-6)


def _one_conv(at):
    """ConvNet_One_Conv on 0 to 15: features before or after the ReLU, and their gradients."""
    image = torch.arange(16, dtype=torch.float64).reshape(1, 1, 4, 4)
    kernels = torch.ones(2, 1, 3, 3, dtype=torch.float64)
    bias = torch.tensor([-50.0, -75], dtype=torch.float64)
    features = torch.nn.functional.conv2d(image, kernels, bias)
    if at == "relu":
        features = features.relu()
    features = features.detach().requires_grad_()
    head = torch.tensor([1.0] * 5 + [-1] * 3, dtype=torch.float64)
    seen = features.relu() if at == "conv" else features
    (slopes,) = torch.autograd.grad((seen.flatten() * head).sum(), features)
    return Features(features.detach()[0].numpy(), slopes[0].numpy())


@pytest.mark.parametrize(
    ("at", "expected"),
    [("conv", [[11.25, 13.5], [20.25, 22.5]]), ("relu", [[0, 4], [28, 32.5]])],
)
def test_gradcam_of_one_convolution(at, expected):
    np.testing.assert_allclose(GradCam.weigh(_one_conv(at)), expected)


@pytest.mark.parametrize(
    ("gone", "lost", "regained"), [(12.5 / 25, 0.40, 0.60), (13 / 25, 0.41, 0.59)]
)
def test_areas_of_deletion_and_insertion(gone, lost, regained):
    """Half of 25 pixels a step, and 13 of them, which leaves a shorter last step."""
    taken = np.array([0, gone, 1])
    assert deletion(taken, np.array([1, 0.3, 0])) == pytest.approx(lost)
    # The curve 0, 0.7, 1 over what was put in, read as what is taken away least important first.
    kept = np.array([0, 1 - gone, 1])
    assert insertion(kept, np.array([1, 0.7, 0])) == pytest.approx(regained)
