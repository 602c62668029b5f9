import pytest
import torch
from torch import nn

from xaudit.explain.engine.convolutions import Convolution, FirstConvolution
from xaudit.explain.engine.folding import folded
from xaudit.explain.engine.fusing import alike, fused
from xaudit.models.architectures import build_network

IMAGE = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def count(module):
    return sum(isinstance(part, Convolution) for part in module.modules())


def block(activation, **geometry):
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, **geometry), nn.BatchNorm2d(4), activation,
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1),
    )  # fmt: skip


def ready(network):
    torch.manual_seed(1)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return folded(network.eval(), None, IMAGE)[0]


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.ReLU6(inplace=True)])
@pytest.mark.parametrize("geometry", [{}, {"stride": 2, "padding": 1}, {"dilation": 2}])
def test_convolution_and_activation_become_one_and_say_the_same(activation, geometry):
    network = ready(block(activation, **geometry))
    twin = fused(network, IMAGE)
    assert count(twin) == 1
    assert count(network) == 0
    images = torch.randn(5, 3, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(twin(images), network(images), rtol=1e-4, atol=1e-5)


def test_parameters_are_shared():
    network = ready(block(nn.ReLU()))
    kept = {one.data_ptr() for one in network.parameters()}
    assert {one.data_ptr() for one in fused(network, IMAGE).parameters()} == kept


def test_a_real_network_loses_every_activation_behind_a_convolution():
    network = ready(build_network("torchvision:mobilenet_v2", {"num_classes": 1}))
    twin = fused(network, IMAGE)
    assert count(twin) == sum(isinstance(part, nn.ReLU6) for part in network.modules())
    with torch.inference_mode():
        torch.testing.assert_close(twin(IMAGE), network(IMAGE), rtol=1e-4, atol=1e-5)


class Shared(nn.Module):
    """The output of the convolution is read twice, the activation is called twice."""

    def __init__(self, twice):
        super().__init__()
        self.conv, self.relu, self.twice = nn.Conv2d(3, 4, 3), nn.ReLU(), twice

    def forward(self, images):
        seen = self.conv(images)
        if self.twice == "convolution":
            return (self.relu(seen) + seen).mean(dim=(1, 2, 3))
        return self.relu(self.relu(seen) - 1).mean(dim=(1, 2, 3))


@pytest.mark.parametrize("twice", ["convolution", "activation"])
def test_what_is_read_or_called_twice_stays(twice):
    network = Shared(twice).eval()
    assert fused(network, IMAGE) is network


@pytest.mark.parametrize(
    "network",
    [
        block(nn.GELU()),
        block(nn.ReLU(), padding="same"),
        block(nn.ReLU(), padding=1, padding_mode="reflect"),
    ],
)
def test_other_activations_and_geometries_stay(network):
    network = ready(network)
    assert fused(network, IMAGE) is network


def test_layers_that_are_watched_stay():
    network = ready(block(nn.ReLU()))
    network[0].register_forward_hook(lambda *_: None)
    assert fused(network, IMAGE) is network


def test_a_copy_that_says_something_else_is_thrown_away():
    class Moody(nn.Module):
        """Looks at what its first layer is."""

        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())

        def forward(self, images):
            changed = 0.0 if type(self.inner[0]) is nn.Conv2d else 1.0
            return self.inner(images).mean(dim=(1, 2, 3)) + changed

    network = Moody().eval()
    assert fused(network, IMAGE) is network


def gradient(network, images):
    images = images.clone().requires_grad_(True)
    (slopes,) = torch.autograd.grad(network(images).sum(), images)
    return slopes


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.ReLU6(inplace=True)])
@pytest.mark.parametrize("geometry", [{}, {"stride": 2, "padding": 1}, {"dilation": 2}])
def test_gradients_are_those_of_the_two_layers(activation, geometry):
    network = ready(block(activation, **geometry))
    images = 3 * torch.randn(5, 3, 32, 32)
    expected = gradient(network, images)
    assert expected.abs().max() > 0
    torch.testing.assert_close(gradient(fused(network, IMAGE), images), expected)


GRAY = IMAGE[:, :1]


class Gray(nn.Module):
    """One plane in three channels, normalized as photographs are, or all alike."""

    def __init__(self, inner, mean, std):
        super().__init__()
        self.inner = inner
        self.register_buffer("mean", torch.tensor(mean).reshape(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).reshape(1, -1, 1, 1))

    def forward(self, images):
        return self.inner((images.expand(-1, 3, -1, -1) - self.mean) / self.std)


PHOTOGRAPHS = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


@pytest.mark.parametrize("scaling", [([0.5], [0.5]), PHOTOGRAPHS], ids=["alike", "photographs"])
@pytest.mark.parametrize(
    "geometry", [{}, {"stride": 2, "padding": 3}, {"dilation": 2, "padding": 1}]
)
@pytest.mark.parametrize("activation", [nn.ReLU(), nn.GELU()])
def test_a_gray_image_is_convolved_once(scaling, geometry, activation):
    network = Gray(ready(block(activation, **geometry)), *scaling).eval()
    twin = fused(network, GRAY)
    assert isinstance(twin.inner[0], FirstConvolution)
    images = 2 * torch.rand(3, 1, 32, 32) - 0.5
    torch.testing.assert_close(twin(images), network(images), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        gradient(twin, images), gradient(network, images), rtol=1e-3, atol=1e-5
    )


class Unlike(nn.Module):
    """Channels that are not the image: of its neighbors, of a curve, or nothing on this one."""

    def __init__(self, how):
        super().__init__()
        self.how, self.conv = how, nn.Conv2d(3, 4, 3)

    def forward(self, images):
        planes = {
            "shifted": torch.cat([images, images.roll(1, 2), images], 1),
            "curved": torch.cat([images, images**2, images], 1),
            "dead": torch.cat([images, (images - 1).relu(), images], 1),
        }[self.how]
        return self.conv(planes).mean(dim=(1, 2, 3))


@pytest.mark.parametrize("how", ["shifted", "curved", "dead"])
def test_channels_that_are_not_the_image_stay(how):
    network = Unlike(how).eval()
    assert fused(network, GRAY) is network


def test_a_layer_that_is_read_returns_what_it_did():
    network = ready(block(nn.ReLU()))
    assert fused(network, IMAGE, "0") is network
    assert fused(network, IMAGE, "1") is network
    twin = fused(network, IMAGE, "2")
    assert count(twin) == 1
    seen = []
    for one in (network, twin):
        one.get_submodule("2").register_forward_hook(lambda *given: seen.append(given[2]))
        one(IMAGE)
    torch.testing.assert_close(*seen)


def test_gradients_of_a_copy_are_compared():
    network = ready(block(nn.ReLU()))
    twin = fused(network, IMAGE)
    assert alike(network, None, twin, None, IMAGE)
    twin[0].before_activation = lambda slopes, output: slopes
    assert not alike(network, None, twin, None, IMAGE)
