"""Networks that do what a framework does not expect are explained as they are, or not at all."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from architectures import NORMS, awaken, plain_gradcam, snapshot, unchanged
from torch import nn
from torch.nn import functional

from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.folding import folded
from xaudit.explain.methods.cam import GradCam
from xaudit.explain.port import Context
from xaudit.explain.schedule import Job, explain_all
from xaudit.models.target_layers.layers import TargetLayer, find_target_layer
from xaudit.testing import disc, planted_case

SIZE = 32


class Base(nn.Module):
    """Convolution, norm, activation, and a head over the mean."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.second = nn.Conv2d(6, 6, 3, 2, padding=1)
        self.head = nn.Linear(6, 1)

    def read(self, features):
        return self.head(features.mean(dim=(2, 3)))[:, 0]

    def early(self, images):
        return self.norm(self.conv(images))

    def forward(self, images):
        return self.read(self.second(self.early(images).relu()))


class InPlace(Base):
    def forward(self, images):
        return self.read(self.second(self.early(images).relu_()).relu_())


class Functional(Base):
    def forward(self, images):
        early = functional.leaky_relu(self.early(images), 0.1)
        return self.read(functional.max_pool2d(functional.gelu(self.second(early)), 2))


class Reused(Base):
    def forward(self, images):
        once = self.second(self.early(images).relu())
        return self.read(self.second(once.relu()).relu())


class Dropping(Base):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def forward(self, images):
        early = self.drop(self.early(images).relu())
        return self.read(functional.dropout(self.second(early).relu(), 0.3, self.training))


class Transposed(Base):
    def __init__(self):
        super().__init__()
        for conv in (self.conv, self.second):
            conv.weight.data = conv.weight.data.transpose(2, 3)


class Hooked(Base):
    def __init__(self):
        super().__init__()
        self.second.register_forward_hook(lambda _module, _inputs, output: 2 * output.tanh())
        self.conv.register_forward_hook(lambda _module, _inputs, output: output.abs())


class Keeping(Base):
    """Keeps what it computed, as networks do that draw their own attention."""

    def forward(self, images):
        self.kept = [self.early(images)]
        self.kept.append(self.second(self.kept[0].relu()))
        return self.read(self.kept[1])


class Caching(Base):
    """Makes its positions once, when it first sees how large the picture is."""

    positions = None

    def forward(self, images):
        early = self.early(images)
        if self.positions is None:
            self.positions = torch.ones_like(early[:1]).cumsum(dim=3) / SIZE
        return self.read(self.second((early + self.positions).relu()))


class WeightsRead(Base):
    def forward(self, images):
        return super().forward(images) + self.conv.weight.mean()


class Parametrized(Base):
    def __init__(self):
        super().__init__()
        self.conv = nn.utils.parametrizations.spectral_norm(self.conv)


class Untraceable(Base):
    """Its parts are traced by themselves."""

    def forward(self, images):
        if not bool(images.detach().isfinite().all()):
            raise ValueError("not finite")
        return self.read(self.second(self.features(images).relu()))


class SharedBox(Untraceable):
    """One convolution in two parts, each with a norm of its own."""

    def __init__(self):
        super().__init__()
        box = nn.Sequential(self.conv)
        del self.conv
        self.left = nn.Sequential(box, self.norm)
        self.right = nn.Sequential(box, nn.BatchNorm2d(6))
        del self.norm

    def features(self, images):
        return self.left(images) + self.right(images)


class SharedPair(Untraceable):
    """One convolution with its norm in two parts."""

    def __init__(self):
        super().__init__()
        pair = nn.Sequential(self.conv, self.norm)
        del self.conv, self.norm
        self.left, self.right = nn.Sequential(pair, nn.ReLU()), nn.Sequential(pair, nn.Sigmoid())

    def features(self, images):
        return self.left(images) + self.right(images)


class Pieces(Untraceable):
    """Reads the convolution of a part behind the back of the part."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(self.conv, self.norm)
        del self.conv, self.norm

    def features(self, images):
        return self.stem(images) + self.stem[0](images)


MISBEHAVING = (
    InPlace, Functional, Reused, Dropping, Transposed, Hooked, Keeping, Caching, WeightsRead,
    Parametrized, SharedBox, SharedPair, Pieces,
)  # fmt: skip


@dataclass
class Port:
    module: nn.Module
    target_layer: TargetLayer | None = None
    name: str = "port"
    input: InputSpec = InputSpec(SIZE, SIZE, channels=1)  # noqa: RUF009
    capabilities: frozenset[str] = frozenset({"gradients", "features"})


def awake(kind):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = kind()
        awaken(network, torch.rand(2, 4, 1, SIZE, SIZE))
    return network.requires_grad_(False)


@pytest.fixture
def images():
    return torch.rand(3, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def case():
    return planted_case([disc((SIZE, SIZE), (12, 18), 5)], (SIZE, SIZE), seed=4)


@pytest.mark.parametrize("kind", MISBEHAVING)
def test_misbehaving_network_is_explained_as_it_is(kind, images, case):
    network = awake(kind)
    layer = find_target_layer(network, network, images[:1])
    with torch.no_grad():
        expected = network(images).numpy()
    plain = plain_gradcam(network, layer, case.image)
    # As a training script may hand it over; the evaluator must not care, nor change it.
    network.train()
    before = snapshot(network)
    evaluator = Evaluator(Port(network, layer), 2)
    np.testing.assert_allclose(evaluator.logits(images.numpy()), expected, rtol=1e-4, atol=1e-5)
    (outcome,) = explain_all(evaluator, [Job(case, GradCam())], Context(seed=1))
    assert outcome.error is None
    ours = outcome.attribution.values
    assert np.ptp(ours) > 0
    np.testing.assert_allclose(ours, plain, rtol=1e-3, atol=1e-3 * np.abs(plain).max())
    assert evaluator.gradients(images.numpy()).any()
    assert unchanged(network, before)


@pytest.mark.parametrize(("kind", "left"), [
    (Base, 0), (Functional, 0), (Caching, 0), (WeightsRead, 1), (Parametrized, 1), (Hooked, 1),
    (SharedBox, 2), (Pieces, 1),
])  # fmt: skip
def test_only_what_is_known_is_folded(kind, left, images):
    twin, _ = folded(awake(kind), None, images[:1])
    assert sum(isinstance(part, NORMS) for part in twin.modules()) == left


def test_tracing_leaves_nothing_behind(images):
    network = awake(Caching)
    with torch.no_grad():
        expected = network(images)
        network.positions = None
        twin, _ = folded(network, None)
        np.testing.assert_allclose(twin(images), expected, rtol=1e-4, atol=1e-5)
    assert network.positions is None


def test_target_layer_that_is_a_norm_or_its_convolution_keeps_its_output(images):
    network = awake(Base)
    for name in ("conv", "norm"):
        layer = find_target_layer(network, network, images[:1], name)
        twin, inside = folded(network, layer)
        seen = []
        inside.module.register_forward_hook(lambda *call, seen=seen: seen.append(call[2]))
        layer.module.register_forward_hook(lambda *call, seen=seen: seen.append(call[2]))
        with torch.no_grad():
            np.testing.assert_allclose(twin(images), network(images), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(seen[0], seen[1], rtol=1e-4, atol=1e-4)


class Views(Base):
    """Two views as rows: of one image together, or one view of all images together."""

    def __init__(self, together=True):
        super().__init__()
        self.together = together

    def forward(self, images):
        rows = images if self.together else images.transpose(0, 1)
        logits = super().forward(rows.reshape(-1, 1, SIZE, SIZE))
        return logits.reshape(rows.shape[:2]).sum(dim=1 if self.together else 0)


def test_views_are_read_only_where_they_stand_together():
    image = torch.rand(1, 2, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    network = Views().requires_grad_(False)
    assert find_target_layer(network, network, image).views == 2
    network = Views(together=False).requires_grad_(False)
    with pytest.raises(DetectorError, match="no layer of the network returns a feature map"):
        find_target_layer(network, network, image)


class Detached(Base):
    def forward(self, images):
        return self.read(self.second(self.early(images)).detach())


def test_network_without_a_gradient_has_no_target_layer(images):
    network = Detached().eval().requires_grad_(False)
    with pytest.raises(DetectorError, match="no layer of the network returns a feature map"):
        find_target_layer(network, network, images[:1])


class Shown(nn.Module):
    """Returns its input, reshaped, as the only feature map or tokens."""

    def __init__(self, *shape):
        super().__init__()
        self.show, self.shape = nn.Unflatten(1, shape), shape

    def forward(self, images):
        count = int(np.prod(self.shape))
        return self.show(images.flatten(1).repeat(1, 2)[:, :count]).square().flatten(1).sum(dim=1)


@pytest.mark.parametrize(
    ("shape", "layout", "grid"),
    [
        ((56, 56, 48), "channels_last", (56, 56)),
        ((48, 56, 56), "channels_first", (56, 56)),
        ((7, 7, 768), "channels_last", (7, 7)),
    ],
)
def test_grid_is_the_one_that_fits_best(shape, layout, grid):
    network = Shown(*shape)
    layer = find_target_layer(network, network, torch.rand(1, 3, 224, 224))
    assert (layer.layout, layer.grid) == (layout, grid)


@pytest.mark.parametrize(
    ("tokens", "size", "grid"),
    [
        (197, (224, 224), (14, 14)), (198, (224, 224), (14, 14)), (201, (224, 224), (14, 14)),
        (20, (64, 64), (4, 4)), (72, (128, 128), (8, 8)), (769, (512, 384), (32, 24)),
        (169, (224, 200), (14, 12)), (50, (224, 224), (7, 7)),
    ],
)  # fmt: skip
def test_prefix_tokens_have_no_place_in_the_feature_map(tokens, size, grid):
    class Normed(Shown):
        def __init__(self):
            super().__init__(tokens, 8)
            self.norm = nn.LayerNorm(8)

        def forward(self, images):
            rows = images.flatten(1)[:, : tokens * 8].unflatten(1, self.shape)
            return self.norm(rows)[..., 0].sum(dim=1)

    network = Normed()
    assert find_target_layer(network, network, torch.rand(1, 1, *size)).grid == grid
