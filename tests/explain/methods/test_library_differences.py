"""The table about captum, shap, grad-cam and lime: each of its rows is run here."""

import re
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from xaudit.explain.numerics.libraries import library, numpy_state_kept

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "differences.md"
ROW = re.compile(r"^\| (captum|shap|grad-cam|lime) ([\d.]+) \|.*\| `(\w+)` \|$", re.MULTILINE)
SIZE = 8

pytestmark = pytest.mark.filterwarnings("ignore")


def attr(name):
    return getattr(library("captum.attr"), name)


def cam(name="GradCAM"):
    return getattr(library("pytorch_grad_cam"), name)


def pixels(count=1, seed=0):
    return torch.rand(count, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


class Net(nn.Module):
    """Convolution, something, head over the mean."""

    def __init__(self, between, outputs=1, strength=4.0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            self.features = nn.Conv2d(1, 6, 3, padding=1)
            self.head = nn.Linear(6, outputs)
        self.act = between if isinstance(between, nn.Module) else None
        self.between, self.strength = between, strength
        self.eval().requires_grad_(False)

    def forward(self, x):
        x = self.between(self.strength * self.features(x))
        return self.head(x.mean(dim=(2, 3)))


def deeplift(network, image=None, **more):
    image = pixels() if image is None else image
    return attr("DeepLift")(network).attribute(image, torch.zeros_like(image), target=0, **more)


def gap(network, values, image=None):
    """How much of the change of the output the sum misses."""
    image = pixels() if image is None else image
    change = float(network(image)[0, 0] - network(torch.zeros_like(image))[0, 0])
    return abs(float(values.sum()) - change) / abs(change)


def times_gradient(network, image):
    image = image.clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(network(image)[:, 0].sum(), image)
    return (slope * image).detach()


def test_every_row_has_a_test_and_states_the_version_that_is_run():
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert len(rows) >= 12
    assert len({name for *_, name in rows}) == len(rows)
    assert {name for *_, name in rows} == tests - {
        "every_row_has_a_test_and_states_the_version_that_is_run"
    }
    assert {(one, stated) for one, stated, _ in rows} == {
        (one, version(one)) for one in ("captum", "shap", "grad-cam", "lime")
    }


def test_deeplift_of_other_activations():
    for kind in (nn.ReLU6, nn.Hardswish, nn.SiLU, nn.GELU):
        network = Net(kind())
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            values = deeplift(network)
        assert not [one for one in said if kind.__name__ in str(one.message)]
        torch.testing.assert_close(values.detach(), times_gradient(network, pixels()))
        assert gap(network, values) > 0.02
    known = Net(nn.ReLU())
    assert gap(known, deeplift(known)) < 1e-4


def test_deeplift_of_functions():
    network = Net(functional.relu)
    values = deeplift(network)
    torch.testing.assert_close(values.detach(), times_gradient(network, pixels()))
    assert gap(network, values) > 0.02


def test_deeplift_of_a_layer_that_is_called_twice():
    act = nn.ReLU()
    network = nn.Sequential(
        nn.Conv2d(1, 3, 3), act, nn.Conv2d(3, 3, 3), act, nn.Flatten(), nn.Linear(48, 1)
    )
    with pytest.raises(RuntimeError, match="used more than once"):
        deeplift(network.eval())


def test_deeplift_of_windows_that_overlap():
    apart, overlapping = Net(nn.MaxPool2d(2)), Net(nn.MaxPool2d(3, 1))
    assert gap(apart, deeplift(apart)) < 1e-4
    assert gap(overlapping, deeplift(overlapping)) > 0.02


def test_integrated_gradients_that_missed():
    def steep(x):
        return torch.sigmoid(2000 * (x.mean(dim=(1, 2, 3)) - 0.123))[:, None]

    image = torch.full((1, 1, SIZE, SIZE), 0.5)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        values = attr("IntegratedGradients")(steep).attribute(image, target=0)
    assert not said
    assert gap(steep, values, image) > 0.5


def test_lasso_that_leaves_next_to_nothing():
    blocks = torch.arange(64).reshape(1, 1, 8, 8)

    def probability(x):
        return torch.sigmoid(0.04375 * x.sum(dim=(1, 2, 3)) - 2)

    torch.manual_seed(0)
    values = attr("Lime")(probability).attribute(
        torch.ones(1, 1, 8, 8), baselines=0, feature_mask=blocks
    )
    moved = probability(torch.ones(1, 1, 8, 8)) - probability(torch.zeros(1, 1, 8, 8))
    assert float(moved) > 0.5
    assert int((values != 0).sum()) <= 6
    assert float(values.sum()) < 0.1 * float(moved)


def test_kernel_shap_of_25_samples():
    weights = torch.linspace(-1, 1, 64).reshape(1, 1, 8, 8)
    torch.manual_seed(0)
    values = attr("KernelShap")(lambda x: (x * weights).sum(dim=(1, 2, 3))).attribute(
        torch.ones(1, 1, 8, 8), baselines=0, feature_mask=torch.arange(64).reshape(1, 1, 8, 8)
    )
    assert float((values - weights).norm() / weights.norm()) > 0.3


def test_noise_of_one():
    seen = []

    def sees(x):
        seen.append(x.detach())
        return x.sum(dim=(1, 2, 3))[:, None]

    torch.manual_seed(0)
    attr("NoiseTunnel")(attr("Saliency")(sees)).attribute(torch.full((1, 1, 50, 50), 0.5), target=0)
    assert len(torch.cat(seen)) == 5
    assert float(torch.cat(seen).std()) == pytest.approx(1, abs=0.05)


def test_interpolation_by_the_nearest():
    grid = torch.tensor([[[[0.0, 1.0]]]])
    large = attr("LayerAttribution").interpolate(grid, (1, 6))
    assert large.flatten().tolist() == [0, 0, 0, 1, 1, 1]


def test_maps_are_stretched():
    network = Net(nn.ReLU())
    weights = network.head.weight
    strong, weak = (
        cam()(network, [network.act])(pixels().requires_grad_(), [lambda output: output[0]])
        for weights.data in (weights.abs(), weights.abs() / 100)
    )
    np.testing.assert_allclose(strong, weak, atol=1e-3)
    assert (strong.min(), strong.max()) == (0, pytest.approx(1, abs=1e-3))
    weights.data = -weights.abs()
    against = cam()(network, [network.act])(pixels().requires_grad_(), [lambda output: output[0]])
    assert not against.any()


def raw_cam_of(network, layer, image):
    method = cam()(network, [layer])
    try:
        output = method.activations_and_grads(image.clone().requires_grad_(True))
        output.sum().backward()
        record = method.activations_and_grads
        table, slopes = record.activations[0].numpy(), record.gradients[0].numpy()
        return method.get_cam_image(image, layer, [], table, slopes)[0]
    finally:
        method.activations_and_grads.release()


def test_features_that_are_overwritten():
    kept = Net(functional.relu, strength=1)
    over = Net(lambda x: functional.relu(x, inplace=True), strength=1)
    for network in (kept, over):
        network.forward = lambda x, net=network: net.head(net.between(net.features(x)).mean((2, 3)))
    image = pixels() - 0.5
    torch.testing.assert_close(kept(image), over(image))
    one, other = (raw_cam_of(network, network.features, image) for network in (kept, over))
    assert np.abs(one - other).max() > 0.2 * np.abs(one).max()


def test_features_before_the_last_function():
    network = Net(functional.relu, strength=1)
    image = pixels() - 0.5
    logit, bias = float(network(image)), float(network.head.bias)
    before = raw_cam_of(network, network.features, image)
    assert abs(before.sum() + bias - logit) > 0.1 * abs(logit - bias)
    layer = Net(nn.ReLU(), strength=1)
    pooled = raw_cam_of(layer, layer.act, image)
    assert pooled.sum() + bias == pytest.approx(logit, rel=1e-4)


def test_the_class_that_wins():
    network = Net(nn.ReLU(), outputs=2)
    target = library("pytorch_grad_cam.utils.model_targets").ClassifierOutputTarget
    maps, image = [], pixels().requires_grad_()
    for winner in (0, 1):
        network.head.bias.data = torch.tensor([5.0, -5.0] if winner == 0 else [-5.0, 5.0])
        plain = cam()(network, [network.act])(image, None)
        named = [cam()(network, [network.act])(image, [target(one)]) for one in (0, 1)]
        np.testing.assert_array_equal(plain, named[winner])
        maps.append(plain)
    assert not np.allclose(*maps)


def test_the_sign_of_eigen_cam():
    project = library("pytorch_grad_cam.utils.svd_on_activations").get_2d_projection
    rng = np.random.default_rng(0)
    signs = set()
    for _ in range(20):
        features = rng.random((1, 4, 5, 5)).astype(np.float32) / 10
        features[0, :, 2, 2] += rng.random(4) * 5
        signs.add(bool(project(features)[0, 2, 2] > 0))
    assert signs == {False, True}


def test_inpainting_of_unit_images():
    maskers = library("shap").maskers
    image = np.random.default_rng(0).uniform(0.2, 0.9, (SIZE, SIZE, 3)).astype(np.float32)
    shown = np.ones(image.shape, bool)
    shown[2:4, 2:4] = False
    (masked,) = maskers.Image("inpaint_telea", image.shape)(shown.ravel(), image)
    assert not np.asarray(masked)[shown.reshape(np.shape(masked)[-3:])[None]].any()


def test_deep_explainer_of_other_activations():
    shap = library("shap")
    network = Net(nn.SiLU())
    explainer = shap.DeepExplainer(network, torch.zeros(1, 1, SIZE, SIZE))
    with pytest.warns(UserWarning, match="unrecognized nn.Module: SiLU"):
        values = explainer.shap_values(pixels(), check_additivity=False)
    assert gap(network, values) > 0.02


def test_deep_explainer_of_functions():
    shap = library("shap")
    network = Net(functional.relu)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        explainer = shap.DeepExplainer(network, torch.zeros(1, 1, SIZE, SIZE))
        values = explainer.shap_values(pixels(), check_additivity=False)
    assert not [one for one in said if "unrecognized" in str(one.message)]
    assert gap(network, values) > 0.02


def test_seeds_of_everybody():
    shap = library("shap")
    explainer = shap.GradientExplainer(Net(nn.ReLU()), pixels(3))
    following = []
    with numpy_state_kept():
        for seed in (5, 6):
            np.random.seed(seed)  # noqa: NPY002
            explainer.shap_values(pixels(), nsamples=4, rseed=1)
            following.append(np.random.random())  # noqa: NPY002
    assert following[0] == following[1]


def lime_of(image, classify, seed=0, **more):
    explainer = library("lime.lime_image").LimeImageExplainer(random_state=seed)
    return explainer.explain_instance(image, classify, labels=(0,), top_labels=None, **more)


def quarters(image):
    rows, columns = np.indices(image.shape[:2]) // (SIZE // 2)
    return 2 * rows + columns


def test_gray_images_in_three_channels():
    seen = []

    def classify(batch):
        seen.append(np.shape(batch))
        return np.zeros((len(batch), 1))

    lime_of(pixels()[0, 0].numpy(), classify, num_samples=5, segmentation_fn=quarters)
    assert {shape[1:] for shape in seen} == {(SIZE, SIZE, 3)}


def test_the_random_seed_of_a_call():
    explainer = library("lime.lime_image").LimeImageExplainer()
    image = pixels()[0, 0].numpy()

    def classify(batch):
        return np.mean(batch, axis=(1, 2, 3))[:, None] ** 2

    first, second = (
        explainer.explain_instance(
            image, classify, labels=(0,), top_labels=None, hide_color=0,
            num_samples=20, random_seed=1, segmentation_fn=quarters,
        ).local_exp[0]
        for _ in range(2)
    )  # fmt: skip
    assert dict(first) != dict(second)


def test_segments_that_begin_at_one():
    weights = np.array([4.0, 3.0, 2.0, 1.0])

    def classify(batch):
        means = [[one[quarters(one) == k].mean() for k in range(4)] for one in np.asarray(batch)]
        return (np.array(means) @ weights)[:, None]

    def from_one(image):
        return quarters(image) + 1

    image = np.ones((SIZE, SIZE))
    right, shifted = (
        dict(lime_of(image, classify, hide_color=0, num_samples=300, segmentation_fn=one)
             .local_exp[0])
        for one in (quarters, from_one)
    )  # fmt: skip
    assert abs(right[3]) > 0.5
    assert max(right) == max(shifted) == 3, "no weight for the segment that is called 4"
    assert abs(shifted[0]) < 0.1, "and one for a segment that does not exist"


def test_a_lesion_that_fills_its_segment():
    image = np.full((SIZE, SIZE), 0.2)
    image[:4, :4] = 0.9

    def classify(batch):
        return np.asarray(batch)[:, :4, :4].mean(axis=(1, 2, 3))[:, None]

    hidden, shown = (
        dict(lime_of(image, classify, num_samples=200, segmentation_fn=quarters, **more)
             .local_exp[0])
        for more in ({"hide_color": 0}, {})
    )  # fmt: skip
    assert hidden[0] > 0.5
    assert abs(shown[0]) < 1e-6
