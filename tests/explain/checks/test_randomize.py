import numpy as np
import pytest
import torch

from xaudit.explain.checks.randomize import layers_from_top, randomized


class Bare(torch.nn.Module):
    """A bare parameter, a norm with statistics, and a head that is called before it is defined."""

    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(4, 1)
        self.token = torch.nn.Parameter(torch.linspace(0, 1, 4))
        self.conv = torch.nn.Conv2d(1, 4, 3)
        self.norm = torch.nn.BatchNorm2d(4)
        self.norm.running_var.copy_(torch.tensor([0.5, 1, 2, 3]))
        self.norm.running_mean.copy_(torch.tensor([0.1, -0.2, 0.3, 0.4]))

    def forward(self, x):
        return self.head(self.norm(self.conv(x)).mean((2, 3)) + self.token)[:, 0]


@pytest.fixture
def bare(port):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return port(Bare().eval().requires_grad_(False))


def test_layers_come_from_the_output_to_the_input(conv, bare):
    assert layers_from_top(conv) == ("head", "features.4", "features.1", "features.0")
    names = layers_from_top(bare)
    assert names[0] == "head"
    assert set(names) == {"head", "norm", "conv", ""}
    assert names.index("norm") < names.index("conv")


def test_everything_is_drawn_anew_and_the_detector_is_left_alone(conv, bare):
    for detector in (conv, bare):
        before = {key: value.clone() for key, value in detector.module.state_dict().items()}
        other = randomized(detector, layers_from_top(detector), 1)
        after = detector.module.state_dict()
        assert before.keys() == after.keys()
        assert all(torch.equal(before[key], after[key]) for key in before)
        drawn = other.module.state_dict()
        for key, value in before.items():
            # What is all the same value, such as fresh biases of a norm, may stay.
            if value.is_floating_point() and value.unique().numel() > 1:
                assert not torch.equal(value, drawn[key]), key
        assert not other.module.training
        assert (drawn[next(k for k in drawn if k.endswith("running_var"))] > 0).all()


def test_only_the_chosen_layers_change_and_draws_depend_on_the_seed_alone(conv):
    top = randomized(conv, ["head"], 1)
    everything = randomized(conv, layers_from_top(conv), 1)
    for key, value in conv.module.state_dict().items():
        same = torch.equal(value, top.module.state_dict()[key])
        assert same == (not key.startswith("head"))
    assert torch.equal(top.module.head.weight, everything.module.head.weight)
    other = randomized(conv, ["head"], 2)
    assert not torch.equal(top.module.head.weight, other.module.head.weight)


def test_the_target_layer_is_that_of_the_copy(conv, explain, case):
    other = randomized(conv, layers_from_top(conv), 3)
    assert other.target_layer.module is other.module.features
    one, two = (explain("gradcam", detector, case).values for detector in (conv, other))
    assert not np.allclose(one, two)
    assert np.isfinite(other.logits(case.image[None])).all()


def test_scale_is_kept_at_any_depth(port):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = []
        for _ in range(30):
            conv = torch.nn.Conv2d(8, 8, 3, padding=1)
            torch.nn.init.kaiming_normal_(conv.weight)
            layers += [conv, torch.nn.ReLU()]
        net = torch.nn.Sequential(
            torch.nn.Conv2d(1, 8, 1), *layers, torch.nn.Flatten(), torch.nn.Linear(8 * 576, 1)
        )
    detector = port(net.eval().requires_grad_(False))
    other = randomized(detector, layers_from_top(detector), 0)
    images = np.random.default_rng(0).random((4, 1, 24, 24), dtype=np.float32)
    assert 1e-3 < np.abs(other.logits(images)).max() < 1e3
