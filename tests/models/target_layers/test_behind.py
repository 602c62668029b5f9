"""What the head pools is found, also where no layer returns it: the CAM adds up to the logit."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from architectures import awaken, snapshot, unchanged
from torch import nn
from torch.nn import functional

from xaudit.core.detector import InputSpec
from xaudit.explain.checks.randomize import layers_from_top, randomized
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.inputs import Images
from xaudit.explain.engine.passes import Pass
from xaudit.explain.methods.cam import raw_cam
from xaudit.models.target_layers.layers import TargetLayer, find_target_layer

SIZE = 32


class Plain(nn.Module):
    """Convolution, norm, and a head over the mean of whatever stands between."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 3, 2, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True),
            nn.Conv2d(6, 8, 3, padding=1), nn.BatchNorm2d(8),
        )  # fmt: skip
        self.head = nn.Linear(8, 1)

    def between(self, features):
        return features

    def forward(self, images):
        return self.head(self.between(self.features(images)).mean(dim=(2, 3)))[:, 0]


class Relu(Plain):
    """Like DenseNet in torchvision."""

    def between(self, features):
        return functional.relu(features, inplace=True)


class Statement(Plain):
    """The result of working in place is not assigned."""

    def between(self, features):
        functional.relu_(features)
        return features


class Overwritten(Plain):
    """What is pooled is overwritten afterwards."""

    def forward(self, images):
        features = self.features(images) + 0.1
        pooled = features.mean(dim=(2, 3))
        features.zero_()
        return self.head(pooled)[:, 0]


class Silu(Plain):
    def between(self, features):
        return functional.silu(features) + 0.1


class MaxPooled(Plain):
    def between(self, features):
        return functional.max_pool2d(features.relu(), 2)


class AveragePooled(Plain):
    """Averages of averages: the finer feature map says the same and more."""

    def between(self, features):
        return functional.adaptive_avg_pool2d(functional.avg_pool2d(features.relu(), 2), 4)


class Gated(Plain):
    """Squeeze and excitation in the network's own code."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.Sigmoid())

    def between(self, features):
        gate = self.gate(torch.relu(features).mean(dim=(2, 3)))
        return features.relu() * gate[:, :, None, None]


class Attending(Plain):
    """A map says where to look; what is averaged is the features times the map."""

    def __init__(self):
        super().__init__()
        self.look = nn.Conv2d(8, 1, 1)

    def between(self, features):
        return features.relu() * self.look(features).sigmoid()


class Powers(nn.Module):
    """Generalized mean: what happens inside a pooling is its own."""

    def forward(self, features):
        return features.clamp(min=1e-3).pow(3).mean(dim=(2, 3), keepdim=True).pow(1 / 3)


class Generalized(Plain):
    def __init__(self):
        super().__init__()
        self.pool = Powers()

    def between(self, features):
        return self.pool(features.relu())


class Views(Relu):
    """Channels are views of one study."""

    def forward(self, study):
        return super().forward(study.flatten(0, 1).unsqueeze(1)).unflatten(0, (-1, 3)).mean(dim=1)


ADDS_UP = {
    Plain: "features",
    Relu: "features, then relu",
    Statement: "features, then relu_",
    Overwritten: "features, then add",
    Silu: "features, then add",
    MaxPooled: "features, then max_pool2d",
    AveragePooled: "features, then relu",
    Attending: "look, then mul",
}


@dataclass
class Port:
    module: nn.Module
    target_layer: TargetLayer | None
    name: str = "port"
    input: InputSpec = InputSpec(SIZE, SIZE, channels=1)  # noqa: RUF009
    capabilities: frozenset[str] = frozenset({"gradients", "features"})


def awake(kind, channels=1):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = kind()
        awaken(network, torch.rand(2, 4, channels, SIZE, SIZE))
    return network.requires_grad_(False)


@pytest.fixture
def images():
    return torch.rand(3, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


def port_of(network, images):
    return Port(network, find_target_layer(network, network, images[:1]))


def cams(detector, images, gradients=False):
    """Grad-CAM on the feature grid, (N, h, w)."""
    asked = Pass(Images(images.numpy()), gradients=gradients, features=True)
    (answer,) = Evaluator(detector, 2).answer([asked])
    pairs = zip(answer.features.activations, answer.features.gradients, strict=True)
    weights = [(one, slope.mean(axis=(1, 2))) for one, slope in pairs]
    return np.stack([np.tensordot(slope, one, 1) for one, slope in weights])


@pytest.mark.parametrize("gradients", [False, True])
@pytest.mark.parametrize("kind", ADDS_UP)
def test_cam_and_bias_add_up_to_the_logit(kind, gradients, images):
    network = awake(kind)
    before = snapshot(network)
    detector = port_of(network, images)
    assert detector.target_layer.name == ADDS_UP[kind]
    maps = cams(detector, images, gradients)
    assert maps.shape[1:] == detector.target_layer.grid
    with torch.no_grad():
        expected = network(images) - network.head.bias
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), expected, rtol=1e-4, atol=1e-6)
    assert unchanged(network, before)


@pytest.mark.parametrize("kind", ADDS_UP)
@pytest.mark.parametrize("method", ["GradCAM", "EigenCAM"])
def test_both_engines_read_the_same(kind, method, images):
    detector = port_of(awake(kind), images)
    evaluator = Evaluator(detector, 2)
    image = images[0].numpy()
    theirs = raw_cam(method, evaluator, image)
    if method == "GradCAM":
        np.testing.assert_allclose(theirs, cams(detector, images)[0], rtol=1e-3, atol=1e-6)
    else:
        assert theirs.shape == detector.target_layer.grid


@pytest.mark.parametrize(
    ("kind", "read"), [(Gated, "features, then mul"), (Generalized, "features, then relu")]
)
def test_what_is_pooled_is_found_beside_what_is_not(kind, read, images):
    assert port_of(awake(kind), images).target_layer.name == read


def test_a_named_layer_is_read_as_it_is(images):
    network = awake(Relu)
    layer = find_target_layer(network, network, images[:1], "features")
    assert (layer.name, layer.step) == ("features", None)
    named = cams(Port(network, layer), images)
    assert not np.allclose(named, cams(port_of(network, images), images), rtol=0.1)


def test_the_function_is_found_in_a_randomized_copy(images):
    detector = port_of(awake(Relu), images)
    copy = randomized(detector, layers_from_top(detector), seed=1)
    with torch.no_grad():
        expected = copy.module(images) - copy.module.head.bias
    np.testing.assert_allclose(cams(copy, images).sum(axis=(1, 2)), expected, rtol=1e-3, atol=1e-5)


def test_views_of_a_study_are_read_behind_the_layer_too():
    study = torch.rand(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    network = awake(Views, channels=3)
    detector = port_of(network, study)
    detector.input = InputSpec(SIZE, SIZE, color="rgb")
    assert (detector.target_layer.views, detector.target_layer.step.function) == (3, "relu")
    with torch.no_grad():
        expected = network(study) - network.head.bias
    np.testing.assert_allclose(cams(detector, study).sum(axis=(1, 2)), expected, rtol=1e-4)
