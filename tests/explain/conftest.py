"""Small detectors with a known answer."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from xaudit.core.detector import InputSpec
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.port import Context, make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.models.target_layers.layers import TargetLayer
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
    target_layer: TargetLayer | None = None
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
    grid = (SIZE // 2, SIZE // 2)
    return Port(net, TargetLayer("features", net.features, "channels_first", grid))


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


CHEAP = {
    "deeplift": {},
    "eigencam": {},
    "gradcam": {},
    "gradcam_plus_plus": {},
    "gradient_shap": {"samples": 12},
    "guided_backprop": {},
    "hirescam": {},
    "input_x_gradient": {},
    "integrated_gradients": {"steps": 8, "max_steps": 32},
    "layercam": {},
    "lime": {"samples": 96, "segments": 12},
    "occlusion": {"segments": 12},
    "partition_shap": {"evaluations": 60},
    "rise": {"samples": 60, "cells": 4},
    "saliency": {},
    "score_cam": {},
    "shap": {"samples": 96, "segments": 12},
    "smoothgrad": {"samples": 20},
    "xgradcam": {},
}


def explain(name, detector, case, seed=1, micro_batch=8, **params):
    """One map, as an audit makes it."""
    evaluator = Evaluator(detector, micro_batch)
    explainer = make_explainer(name, {**CHEAP.get(name, {}), **params})
    context = Context(seed, normal_images(case))
    (outcome,) = explain_all(evaluator, [Job(case, explainer)], context)
    if outcome.error is not None:
        raise outcome.error
    return outcome.attribution


def normal_images(case):
    rng = np.random.default_rng(8)
    return rng.random((3, *case.image.shape), dtype=np.float32)


@pytest.fixture
def background(case):
    return normal_images(case)


@pytest.fixture(name="explain")
def explain_fixture():
    return explain
