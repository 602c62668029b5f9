"""Small detectors with a known answer."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from xaudit.core.detector import InputSpec
from xaudit.testing import disc, planted_case

SIZE = 24


class Net(torch.nn.Module):
    """Two convolutions with in-place ReLUs, batch norm and a linear head."""

    def __init__(self, channels=1, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.features = torch.nn.Sequential(
            torch.nn.Conv2d(channels, 6, 3, padding=1),
            torch.nn.BatchNorm2d(6),
            torch.nn.ReLU(inplace=True),
            torch.nn.MaxPool2d(2),
            torch.nn.Conv2d(6, 8, 3, padding=1),
            torch.nn.ReLU(inplace=True),
        )
        self.head = torch.nn.Linear(8, 1)

    def forward(self, x):
        return self.head(self.features(x).mean(dim=(2, 3)))[:, 0]


class Linear(torch.nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.from_numpy(weights))

    def forward(self, x):
        return (x * self.weights).sum(dim=(1, 2, 3)) + 0.5


@dataclass
class Port:
    module: torch.nn.Module
    target_layer: torch.nn.Module | None = None
    feature_grid: tuple[int, int] | None = None
    name: str = "port"
    input: InputSpec = InputSpec(SIZE, SIZE, channels=1)  # noqa: RUF009
    capabilities: frozenset[str] = frozenset({"gradients", "features"})

    def logits(self, images):
        with torch.inference_mode():
            return self.module(torch.from_numpy(images)).double().numpy()


@pytest.fixture
def conv():
    with torch.random.fork_rng():
        net = Net().eval().requires_grad_(False)
    return Port(net, net.features, (SIZE // 2, SIZE // 2))


@pytest.fixture
def weights():
    return np.random.default_rng(3).normal(size=(1, SIZE, SIZE)).astype(np.float32)


@pytest.fixture
def linear(weights):
    return Port(Linear(weights).eval().requires_grad_(False))


@pytest.fixture
def case():
    return planted_case([disc((SIZE, SIZE), (9, 14), 4)], (SIZE, SIZE), seed=4)


@pytest.fixture
def port():
    return Port
