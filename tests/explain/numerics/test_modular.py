"""A modular copy computes the same, and each of its activations is a module used once."""

from collections import Counter

import pytest
import torch
from torch.nn import functional

from xaudit.explain.engine.tracing import traced
from xaudit.explain.numerics.max_pool_windows import blocks
from xaudit.explain.numerics.modular import modular
from xaudit.torchvision_operators import torchvision_models


class Small(torch.nn.Module):
    """A convolution, then whatever a test does with its output."""

    def __init__(self, rest):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 4, 3)
        self.act = torch.nn.ReLU(inplace=True)
        self.pool = torch.nn.MaxPool2d(2)
        self.rest = rest

    def forward(self, x):
        return self.rest(self, self.conv(x))


def ignored_result(net, x):
    net.act(x)
    return x * 2


def shortcut(net, x):
    """The sum sees the input after the ReLU has worked on it in place."""
    return functional.relu(x, inplace=True) * 2 + x


def branch(net, x):
    """What was computed before the ReLU keeps the old values."""
    before = x + 1
    return x.relu_() + before + x


NETS = {
    "function": lambda net, x: functional.relu(x),
    "positional_in_place": lambda net, x: functional.relu(x, True) + x,
    "torch": lambda net, x: torch.relu(x) + torch.relu(-x),
    "torch_in_place": lambda net, x: torch.relu_(x) + x,
    "keyword": lambda net, x: functional.relu(input=x),
    "method": lambda net, x: x.relu().add(1),
    "method_in_place": lambda net, x: x.mul_(2).relu_() + x,
    "many": lambda net, x: net.act(-net.act(x) + 0.1) + net.pool(net.pool(x)).sum(),
    "ignored_result": ignored_result,
    "shortcut": shortcut,
    "branch": branch,
    "leaky": lambda net, x: functional.leaky_relu(x, 0.2),
    "elu": lambda net, x: functional.elu(x, alpha=0.5),
    "others": lambda net, x: torch.sigmoid(x) + x.tanh() + functional.relu6(x, inplace=True) + x,
    "others_in_place": lambda net, x: functional.relu6(x, True) + functional.silu(-x, True) + x,
    "other_in_place": lambda net, x: functional.threshold_(x, 0.1, 0.0) + x,
    "pool": lambda net, x: functional.max_pool2d(x, 3, 2, padding=1, ceil_mode=True),
    "augmented": lambda net, x: augmented(x),
    "masks": lambda net, x: x * ((x > 0) & (x < 1)),
}


def augmented(x):
    out = x.relu()
    out += x
    out *= 2
    return out


def images(size=12, channels=1):
    return torch.randn(2, channels, size, size, generator=torch.Generator().manual_seed(1))


def small(rest):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return Small(rest).eval()


def calls(module):
    """How often each activation ran, and which functional ones are left."""
    times, left = Counter(), []
    for prefix, graph in traced(module):
        for node in graph.graph.nodes:
            if node.op == "call_module":
                part = graph.get_submodule(node.target)
                times[id(part)] += isinstance(part, torch.nn.ReLU | torch.nn.MaxPool2d)
            elif "relu" in str(node.target) and "relu6" not in str(node.target):
                left.append(f"{prefix}{node}")
    return times, left


@pytest.mark.parametrize("name", NETS)
def test_values_stay_the_same(name):
    network = small(NETS[name])
    copy = modular(network)
    x = images()
    with torch.no_grad():
        torch.testing.assert_close(copy(x.clone()), network(x.clone()), rtol=0, atol=0)
    assert not any(getattr(part, "inplace", False) for part in copy.modules())


@pytest.mark.parametrize("name", NETS)
def test_nothing_writes_to_what_another_part_computed(name):
    """Every intermediate result is what it was when the pass is over."""
    copy, kept = modular(small(NETS[name])), []
    for part in copy.modules():
        part.register_forward_hook(lambda *seen: kept.append((seen[2], seen[2].clone())))
    with torch.no_grad():
        copy(images())
    assert kept
    assert all(torch.equal(result, before) for result, before in kept)


@pytest.mark.parametrize("name", ["function", "torch", "method_in_place", "many", "shortcut"])
def test_every_relu_is_a_module_used_once(name):
    times, left = calls(modular(small(NETS[name])))
    assert max(times.values()) == 1
    assert not left


def test_the_network_itself_is_not_changed():
    network = small(NETS["many"]).train()
    before = {name: type(part) for name, part in network.named_modules()}
    copy = modular(network)
    assert {name: type(part) for name, part in network.named_modules()} == before
    assert network.training
    assert network.act.inplace
    assert not copy.training
    assert not {id(one) for one in network.parameters()} & {id(one) for one in copy.parameters()}


WINDOWS = (
    (3, 2, 1), (3, 1, 1), (2, 2, 0), (2, 2, 1), (3, 2, 0), (2, 3, 0), (3, None, 1),
    ((2, 3), (1, 2), (0, 1)),
)  # fmt: skip


@pytest.mark.parametrize("size", [5, 8, 9])
@pytest.mark.parametrize("settings", WINDOWS)
@pytest.mark.parametrize("ceil", [False, True])
def test_windows_side_by_side_have_the_same_maxima(size, settings, ceil):
    pool = torch.nn.MaxPool2d(*settings, ceil_mode=ceil)
    x = images(size).requires_grad_(True)
    parts = blocks(pool)
    pooled = pool(x) if parts is None else parts[1](parts[0](x))
    torch.testing.assert_close(pooled, pool(x), rtol=0, atol=0)
    slopes = [torch.autograd.grad((one**2).sum(), x)[0] for one in (pooled, pool(x))]
    torch.testing.assert_close(*slopes)
    assert (parts is None) == (settings == (2, 2, 0) and not ceil)


def test_pooling_in_one_and_three_dimensions():
    for kind, shape in ((torch.nn.MaxPool1d, (2, 3, 9)), (torch.nn.MaxPool3d, (2, 3, 5, 6, 7))):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
        windows, pool = blocks(kind(3, 2, padding=1))
        torch.testing.assert_close(pool(windows(x)), kind(3, 2, padding=1)(x), rtol=0, atol=0)


def test_dilated_pooling_and_pooling_with_indices_stay():
    assert blocks(torch.nn.MaxPool2d(3, 1, dilation=2)) is None
    assert blocks(torch.nn.MaxPool2d(3, 1, return_indices=True)) is None


class Branching(torch.nn.Module):
    """Cannot be traced as a whole: what it does depends on the values."""

    def __init__(self):
        super().__init__()
        self.body, self.act = small(NETS["torch"]), torch.nn.ReLU(inplace=True)
        self.tail = torch.nn.Sequential(torch.nn.Conv2d(4, 4, 1), self.act, torch.nn.Dropout())

    def forward(self, x):
        x = self.body(x)
        return self.tail(x) if x.sum() > 0 else self.tail(-x)


def test_the_parts_of_a_network_that_cannot_be_traced_are_rewritten():
    network = Branching().eval()
    copy = modular(network)
    with torch.no_grad():
        torch.testing.assert_close(copy(images()), network(images()))
    assert isinstance(copy, Branching)
    assert sum(isinstance(part, torch.nn.ReLU) for part in copy.body.modules()) == 2


def test_activations_shared_by_separate_parts_become_two():
    act = torch.nn.ReLU()
    network = Branching()
    network.body = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), act)
    network.tail = torch.nn.Sequential(torch.nn.Conv2d(4, 4, 1), act)
    times, _ = calls(modular(network))
    assert sum(times.values()) == 2
    assert max(times.values()) == 1


def test_functions_that_layers_hold_become_modules():
    layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    copy, x = modular(layer), torch.rand(1, 5, 8, requires_grad=True)
    assert isinstance(copy.activation, torch.nn.ReLU)
    torch.testing.assert_close(copy(x), layer(x))


@pytest.mark.parametrize(("name", "relus"), [("resnet18", 17), ("densenet121", 121)])
def test_known_networks_compute_the_same(name, relus):
    network = getattr(torchvision_models(), name)().eval()
    copy, x = modular(network), images(64, 3)
    with torch.no_grad():
        torch.testing.assert_close(copy(x), network(x), rtol=0, atol=0)
    times, left = calls(copy)
    assert sum(isinstance(part, torch.nn.ReLU) for part in copy.modules()) == relus
    assert max(times.values()) == 1
    assert not left
