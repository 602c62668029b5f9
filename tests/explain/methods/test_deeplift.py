"""DeepLIFT and guided backpropagation equal captum and do what their papers promise."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from architectures import awaken
from torch.nn import functional

from xaudit.core.detector import InputSpec
from xaudit.errors import ExplainerError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.methods.deeplift import DeepLift, GuidedBackprop
from xaudit.explain.numerics.libraries import library
from xaudit.explain.numerics.modular import modular
from xaudit.explain.numerics.rescale import ELEMENTWISE
from xaudit.explain.perturbation.baselines import baseline_of
from xaudit.explain.port import Context
from xaudit.explain.schedule import Job, explain_all
from xaudit.testing import disc, planted_case
from xaudit.torchvision_operators import torchvision_models

SIZE = 16
BOTH = (DeepLift(), GuidedBackprop())


class Net(torch.nn.Module):
    """Two convolutions and a linear head; what stands between them is up to the test."""

    def __init__(self, between):
        super().__init__()
        self.first = torch.nn.Conv2d(1, 6, 3, padding=1)
        self.norm = torch.nn.BatchNorm2d(6)
        self.act = torch.nn.ReLU(inplace=True)
        self.second = torch.nn.Conv2d(6, 6, 3, padding=1)
        self.head = torch.nn.Linear(6, 1)
        self.between = between

    def forward(self, x):
        x = self.between(self, self.norm(self.first(x)))
        return self.head(self.act(self.second(x)).mean(dim=(2, 3)))[:, 0]


def inception(_net, x):
    """A ReLU whose output goes to a pool and elsewhere."""
    x = functional.relu(x)
    return functional.max_pool2d(x, 3, 1, padding=1) + functional.avg_pool2d(x, 3, 1, padding=1)


NETS = {
    "module": lambda net, x: net.act(x),
    "function": lambda net, x: functional.relu(x, inplace=True),
    "shortcut": lambda net, x: torch.relu(x) + x,
    "pooled": lambda net, x: functional.max_pool2d(functional.relu(x), 2),
    "overlapping": lambda net, x: functional.max_pool2d(net.act(x), 3, 2, padding=1),
    "pool_first": lambda net, x: functional.max_pool2d(x, 3, 2, ceil_mode=True).relu_(),
    "two_in_a_row": lambda net, x: 100 * torch.sigmoid(net.act(x)),
    "inception": inception,
    "relu6": lambda net, x: torch.nn.functional.relu6(6 * x, inplace=True),
    "hardtanh": lambda net, x: functional.hardtanh(3 * x, -1, 2),
    "hardswish": lambda net, x: functional.hardswish(4 * x),
    "silu": lambda net, x: functional.silu(4 * x, inplace=True),
    "gelu": lambda net, x: functional.gelu(4 * x, approximate="tanh"),
    "mish_and_softplus": lambda net, x: functional.softplus(functional.mish(4 * x), 2),
}


class Linear(torch.nn.Module):
    def __init__(self, weights, bias=0.5):
        super().__init__()
        self.weights, self.bias = torch.nn.Parameter(torch.from_numpy(weights)), bias
        self.eval().requires_grad_(False)

    def forward(self, x):
        return (x * self.weights).sum(dim=(1, 2, 3)) + self.bias


def made(name):
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return Net(NETS[name]).eval().requires_grad_(False)


def Port(network, spec):  # noqa: N802
    """A detector that offers gradients and no feature map."""
    return SimpleNamespace(
        module=network, target_layer=None, input=spec, capabilities={"gradients"}
    )


def evaluator_of(network):
    convolutions = [one for one in network.modules() if isinstance(one, torch.nn.Conv2d)]
    color = "rgb" if convolutions and convolutions[0].in_channels == 3 else "gray"
    side = 64 if len(convolutions) > 4 else SIZE
    spec = InputSpec(side, side, color)
    return Evaluator(Port(network, spec))


def map_of(network, method, case):
    (outcome,) = explain_all(evaluator_of(network), [Job(case, method)], Context(seed=1))
    if outcome.error:
        raise outcome.error
    return outcome.attribution


@pytest.fixture
def case():
    return planted_case([disc((SIZE, SIZE), (6, 9), 3)], (SIZE, SIZE), seed=4)


def ends(case, baseline="blur"):
    start = baseline_of(case.image, case.inside, baseline)
    return torch.from_numpy(case.image[None]), torch.from_numpy(start[None])


@pytest.mark.parametrize("baseline", ["blur", "black", "mean"])
def test_deeplift_of_a_linear_detector_is_weight_times_difference(case, baseline):
    weights = np.random.default_rng(3).normal(size=(1, SIZE, SIZE)).astype(np.float32)
    attribution = map_of(Linear(weights), DeepLift(baseline), case)
    image, start = ends(case, baseline)
    np.testing.assert_allclose(attribution.values, (weights * (image - start).numpy())[0, 0], 1e-5)
    assert attribution.residual.value < 1e-5
    assert attribution.params == {"baseline": baseline, "tolerance": 0.05}


@pytest.mark.parametrize("name", NETS)
def test_deeplift_adds_up_to_the_change_of_the_logit(case, name):
    network = made(name)
    image, start = ends(case)
    attribution = map_of(network, DeepLift(), case)
    change = float(network(image) - network(start))
    assert abs(change) > 1e-4
    assert float(attribution.values.sum()) == pytest.approx(change, rel=1e-3)
    assert attribution.residual.value < 1e-3
    assert attribution.residual.converged


def test_one_relu_follows_the_rescale_rule(case):
    """One unit: its contribution is shared like those of its inputs (equations 10 to 12)."""
    weights = np.random.default_rng(5).normal(size=(1, SIZE, SIZE)).astype(np.float32)
    image, start = ends(case)
    middle = float(Linear(weights, 0.0)((image + start) / 2))
    # The ReLU is off at one end and on at the other.
    network = torch.nn.Sequential(Linear(weights, -middle), torch.nn.ReLU()).eval()
    shares = (weights * (image - start).numpy())[0, 0]
    change = float(network(image) - network(start))
    assert change == pytest.approx(shares.sum() / 2, rel=1e-3)
    expected = shares / shares.sum() * change
    np.testing.assert_allclose(map_of(network, DeepLift(), case).values, expected, 1e-3, 1e-7)


@pytest.mark.parametrize("name", ["module", "shortcut", "overlapping"])
def test_deeplift_equals_captum_on_a_modular_network(case, name):
    image, start = ends(case)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = library("captum.attr").DeepLift(modular(made(name))).attribute(image, start)
    ours = map_of(made(name), DeepLift(), case).values
    np.testing.assert_allclose(ours, theirs[0, 0].detach().numpy(), rtol=1e-3, atol=1e-6)


def test_what_there_is_no_rule_for_shows_in_the_residual(case):
    """A product of two things that depend on the image, as in squeeze and excitation."""
    network = made("module")
    network.between = lambda net, x: x * torch.sigmoid(8 * x)
    attribution = map_of(network, DeepLift(tolerance=1e-3), case)
    assert attribution.residual.value > 1e-2
    assert attribution.residual.converged is False


def test_deeplift_of_mobilenet_v2_adds_up_and_that_of_captum_does_not(case):
    """ReLU6, for which captum takes the plain gradient and says nothing."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        network = torchvision_models().mobilenet_v2(weights=None, num_classes=1)
        awaken(network, torch.rand(2, 3, 3, 64, 64))
    network = torch.nn.Sequential(network, torch.nn.Flatten(0)).requires_grad_(False)
    wide = planted_case([disc((64, 64), (24, 36), 9)], (64, 64), seed=4)
    object.__setattr__(wide, "image", np.repeat(wide.image, 3, axis=0))
    residual = map_of(network, DeepLift(), wide).residual
    assert residual.value < 1e-2
    assert residual.converged
    image, start = ends(wide)
    assert gap_of_captum(network, image, start) > 0.1
    assert map_of(network, DeepLift(), wide).residual == residual, "captum is as it was"


def gap_of_captum(network, image, start):
    method = library("captum.attr").DeepLift(modular(network))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        total = float(method.attribute(image.clone(), start).sum())
    change = float(network(image) - network(start))
    return abs(total - change) / abs(change)


@pytest.mark.parametrize("kind", ELEMENTWISE)
def test_every_added_activation_has_the_rule(case, kind):
    network = made("module")
    network.between = kind(*{torch.nn.Threshold: (0.1, 0.0)}.get(kind, ()))
    image, start = ends(case)
    network = Called(network).eval().requires_grad_(False)
    attribution = map_of(network, DeepLift(), case)
    change = float(network(image) - network(start))
    assert float(attribution.values.sum()) == pytest.approx(change, rel=1e-3, abs=1e-8)
    table = library("captum.attr._core.deep_lift").SUPPORTED_NON_LINEAR
    assert kind not in table, "captum is left as it was"


class Called(torch.nn.Module):
    """The activation as a layer, where `Net` would hand itself over."""

    def __init__(self, net):
        super().__init__()
        self.net, self.layer = net, net.between
        net.between = None

    def forward(self, x):
        net = self.net
        x = self.layer(4 * net.norm(net.first(x)))
        return net.head(net.act(net.second(x)).mean(dim=(2, 3)))[:, 0]


def test_an_image_that_equals_its_baseline_has_no_residual():
    case = planted_case([], (SIZE, SIZE))
    case.image[:] = 0.4
    residual = map_of(made("module"), DeepLift(), case).residual
    assert residual.value is None
    assert residual.undefined == "the logit of the baseline equals that of the image"


def test_parameters_are_checked():
    with pytest.raises(ValueError, match=r"baseline is one of .*got 'grey'"):
        DeepLift(baseline="grey")
    with pytest.raises(ValueError, match="tolerance is positive, got 0"):
        DeepLift(tolerance=0)


class Guided(torch.autograd.Function):
    """A ReLU that passes back what is positive, where its input was positive."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, slope):
        (x,) = ctx.saved_tensors
        return slope * (slope > 0) * (x > 0)


GUIDED = {
    "module": Guided.apply,
    "shortcut": lambda x: Guided.apply(x) + x,
    "overlapping": lambda x: functional.max_pool2d(Guided.apply(x), 3, 2, padding=1),
}


@pytest.mark.parametrize("name", GUIDED)
def test_guided_backprop_is_its_definition(case, name):
    network = made(name)
    pixels = torch.from_numpy(case.image[None]).requires_grad_(True)
    inner = GUIDED[name](network.norm(network.first(pixels)))
    logit = network.head(Guided.apply(network.second(inner)).mean(dim=(2, 3)))
    (expected,) = torch.autograd.grad(logit.sum(), pixels)
    attribution = map_of(network, GuidedBackprop(), case)
    np.testing.assert_allclose(attribution.values, expected[0, 0].numpy(), rtol=1e-4, atol=1e-7)
    assert attribution.values.std() > 0


@pytest.mark.parametrize("name", ["function", "shortcut", "inception"])
def test_guided_backprop_equals_captum_on_a_modular_network(case, name):
    image, _ = ends(case)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = library("captum.attr").GuidedBackprop(modular(made(name))).attribute(image)
    ours = map_of(made(name), GuidedBackprop(), case).values
    np.testing.assert_allclose(ours, theirs[0, 0].detach().numpy(), rtol=1e-4, atol=1e-7)


def test_guided_backprop_without_relus_is_refused(case):
    network = made("module")
    network.act, network.between = torch.nn.GELU(), lambda net, x: net.act(x)
    with pytest.raises(ExplainerError, match=r"has none: expected torch\.nn\.ReLU"):
        map_of(network, GuidedBackprop(), case)


def test_guided_backprop_says_that_it_is_a_negative_control():
    assert GuidedBackprop.question.startswith("Negative control, known to fail sanity checks")


@pytest.mark.parametrize("method", BOTH)
def test_the_cost_is_counted(case, method):
    attribution = map_of(made("pooled"), method, case)
    assert (attribution.forward, attribution.backward) == method.cost()


@pytest.mark.parametrize("method", BOTH)
def test_channels_are_summed_into_one_map(method):
    case = planted_case([], (SIZE, SIZE))
    colored = SimpleNamespace(
        case=case.case,
        inside=case.inside,
        shown=case.shown,
        grid=case.grid,
        image=np.repeat(case.image, 3, 0) * [[[1]], [[2]], [[0]]],
    )
    colored.image = colored.image.astype(np.float32)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 1, 1), made("module")).eval()
    assert map_of(network, method, colored).values.shape == (SIZE, SIZE)


@pytest.mark.parametrize("method", BOTH)
def test_the_detector_is_left_as_it_was(case, method):
    network = made("function")
    evaluator = evaluator_of(network)
    logits = evaluator.logits(case.image[None])
    maps = [
        outcome.attribution.values
        for _ in range(2)
        for outcome in explain_all(evaluator, [Job(case, method)], Context(seed=1))
    ]
    np.testing.assert_array_equal(*maps)
    np.testing.assert_array_equal(evaluator.logits(case.image[None]), logits)
    for module in (network, evaluator.module, evaluator.rewritten(modular)):
        for part in module.modules():
            hooks = (part._forward_hooks, part._forward_pre_hooks, part._backward_hooks)
            assert not any(hooks)
            assert not part.training
    assert network.act.inplace
    assert evaluator.rewritten(modular) is evaluator.rewritten(modular)


class Batches(torch.nn.Module):
    """A detector that cannot be traced, as most wrappers with checks cannot."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x.expand(-1, 3, -1, -1) if len(x) else x)[:, 0]


@pytest.mark.parametrize("name", ["resnet18", pytest.param("densenet121", marks=pytest.mark.heavy)])
def test_known_networks_are_complete(name):
    with torch.random.fork_rng():
        torch.manual_seed(2)
        network = getattr(torchvision_models(), name)(num_classes=1).eval()
    attribution = map_of(Batches(network), DeepLift(), planted_case([], (64, 64)))
    assert attribution.residual.value < 1e-3


class Opaque(torch.nn.Module):
    """A network whose layers nobody can follow: in a sandbox, or of another library."""

    def __init__(self, hidden):
        super().__init__()
        self.head = torch.nn.Linear(1, 1)
        torch.nn.init.ones_(self.head.weight)
        torch.nn.init.zeros_(self.head.bias)
        self._hidden = (hidden,)

    def forward(self, images):
        if type(images) is not torch.Tensor:
            raise TypeError("expected images")
        return self._hidden[0](self.head(images[:, :1, 6, 9]))[:, 0]


def test_layers_that_cannot_be_seen_are_refused(case):
    with pytest.raises(ExplainerError, match="no layer of this model can be seen"):
        map_of(Opaque(lambda values: torch.tanh(9 * values)), DeepLift(), case)


def test_of_a_linear_model_no_layer_has_to_be_seen(case):
    """A gradient times a difference is DeepLIFT of a linear network, and of no other."""
    assert map_of(Opaque(lambda values: 9 * values), DeepLift(), case).residual.converged
