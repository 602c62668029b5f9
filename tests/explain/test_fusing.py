import pytest
import torch
from torch import nn

from xaudit.explain.folding import folded
from xaudit.explain.fusing import _Fused, fused
from xaudit.models.architectures import build_network

IMAGE = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def count(module):
    return sum(isinstance(part, _Fused) for part in module.modules())


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
