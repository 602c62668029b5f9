"""Detectors of the literature go through loader, target layer, folding and Grad-CAM unharmed."""

import numpy as np
import pytest
import torch
from architectures import (
    ARCHITECTURES,
    LABELS,
    NORMS,
    ONE,
    TWO,
    Architecture,
    detector_of,
    plain_gradcam,
    snapshot,
    unchanged,
)
from torch.nn.functional import interpolate

from xaudit.core.detector import InputSpec
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.folding import folded
from xaudit.explain.engine.inputs import Images
from xaudit.explain.engine.passes import Features, Pass
from xaudit.explain.methods.cam import GradCam, raw_cam
from xaudit.explain.port import Context
from xaudit.explain.schedule import Job, explain_all
from xaudit.models.heads.class_logit import positive_logit
from xaudit.models.load import load_detector
from xaudit.models.spec import DetectorSpec
from xaudit.testing import disc, planted_case


def gradcam(detector, case):
    (outcome,) = explain_all(Evaluator(detector, 2), [Job(case, GradCam())], Context(seed=1))
    if outcome.error:
        raise outcome.error
    return outcome.attribution


def case_of(detector):
    size = (detector.input.height, detector.input.width)
    case = planted_case([disc(size, (size[0] * 0.4, size[1] * 0.6), size[0] / 8)], size, seed=4)
    if detector.input.color == "rgb":
        object.__setattr__(case, "image", np.repeat(case.image, 3, axis=0))
    return case


def images_of(detector, count=2):
    planes = 3 if detector.input.color == "rgb" else 1
    shape = (count, planes, detector.input.height, detector.input.width)
    return np.random.default_rng(5).random(shape, dtype=np.float32)


def features_of(detector, images):
    (answer,) = Evaluator(detector, 2).answer([Pass(Images(images), features=True)])
    return answer.features


def count_norms(module):
    return sum(isinstance(part, NORMS) for part in module.modules())


def assert_same_map(ours, plain):
    np.testing.assert_allclose(ours, plain, rtol=1e-3, atol=1e-3 * np.abs(plain).max())


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(one, id=one.name, marks=[pytest.mark.heavy] if one.heavy else [])
        for one in ARCHITECTURES
    ],
)
def subject(request, tmp_path_factory):
    return request.param, detector_of(request.param, tmp_path_factory.mktemp("weights"))


def test_target_layer_has_a_feature_map_of_the_image_that_the_logit_reads(subject):
    architecture, detector = subject
    layer = detector.target_layer
    assert layer is not None
    assert layer.grid == architecture.grid
    images = images_of(detector)
    together = features_of(detector, images)
    assert together.activations.shape[0] == 2
    assert together.activations.shape[2:] == architecture.grid
    assert together.gradients.any(axis=(1, 2, 3)).all()
    # Rows are images: the second one alone has the same features as in a batch.
    alone = features_of(detector, images[1:])
    scale = np.abs(alone.activations).max()
    np.testing.assert_allclose(
        together.activations[1], alone.activations[0], rtol=1e-3, atol=1e-4 * scale
    )


def test_folding_changes_nothing_but_the_number_of_layers(subject):
    architecture, detector = subject
    before = snapshot(detector.module)
    twin, layer = folded(detector.module, detector.target_layer)
    images = torch.from_numpy(images_of(detector))
    with torch.inference_mode():
        expected, got = detector.module(images), twin(images)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)
    assert count_norms(detector.module) - count_norms(twin) >= architecture.folds
    assert layer.module in set(twin.modules())
    assert unchanged(detector.module, before)


def test_gradcam_is_that_of_the_network_as_it_is(subject):
    _, detector = subject
    before = snapshot(detector.module)
    case = case_of(detector)
    ours = gradcam(detector, case)
    assert ours.values.shape == (detector.input.height, detector.input.width)
    assert np.isfinite(ours.values).all()
    assert np.ptp(ours.values) > 0
    assert (ours.forward, ours.backward) == (1, 1)
    assert unchanged(detector.module, before)
    assert_same_map(ours.values, plain_gradcam(detector.module, detector.target_layer, case.image))


def linear_head(architecture, detector):
    """The bias of the logit."""
    (bias,) = [
        part.bias.detach()
        for name, part in detector.module.named_modules()
        if name.endswith(("fc", "classifier", "classifier.1", "head", "head.fc"))
        and isinstance(part, torch.nn.Linear)
    ]
    return float(positive_logit(bias[None], architecture.output, 1)[0])


def raw_maps(detector, case):
    """Grad-CAM on the feature grid by both engines."""
    features = features_of(detector, case.image[None])
    ours = GradCam.weigh(Features(features.activations[0], features.gradients[0]))
    return ours, raw_cam("GradCAM", Evaluator(detector, 2), case.image)


def test_both_engines_read_what_the_head_pools(subject):
    """Where the head is a linear layer over a mean, the map and the bias add up to the logit."""
    architecture, detector = subject
    case = case_of(detector)
    ours, theirs = raw_maps(detector, case)
    assert ours.shape == architecture.grid
    assert_same_map(theirs, ours)
    if architecture.pools:
        (logit,) = detector.logits(case.image[None])
        total = ours.sum(dtype=np.float64) + linear_head(architecture, detector)
        assert abs(total - logit) < 1e-4 * np.abs(ours).sum()


@pytest.mark.heavy
def test_the_same_weights_give_the_same_map_in_two_libraries(tmp_path):
    """In torchvision the last ReLU of DenseNet is a function, in timm a layer."""
    one = next(one for one in ARCHITECTURES if one.name == "densenet121")
    first = detector_of(one, tmp_path)
    second = load_detector(
        DetectorSpec(
            name="timm", version="1", architecture="timm:densenet121",
            weights=tmp_path / "densenet121.safetensors", arguments=one.arguments,
            input=one.input, output=one.output,
        )
    )  # fmt: skip
    assert first.target_layer.name == "features, then relu"
    assert second.target_layer.name == "features"
    case = case_of(first)
    maps = [raw for detector in (first, second) for raw in raw_maps(detector, case)]
    for raw in maps[1:]:
        assert_same_map(raw, maps[0])


def test_gradcam_of_a_study_is_the_sum_over_its_views(tmp_path):
    architecture = next(one for one in ARCHITECTURES if one.name == "cnn_lstm")
    detector = detector_of(architecture, tmp_path)
    layer = detector.target_layer
    assert layer.views == 3
    case = case_of(detector)
    outputs = []
    handle = layer.module.register_forward_hook(lambda _m, _i, output: outputs.append(output))
    logit = detector.module(torch.from_numpy(case.image[None]).requires_grad_(True))
    handle.remove()
    (slopes,) = torch.autograd.grad(logit.sum(), outputs)
    total = sum(
        torch.tensordot(slope.mean(dim=(1, 2)), features, 1)
        for features, slope in zip(outputs[0].detach(), slopes, strict=True)
    )
    expected = interpolate(total[None, None], size=case.image.shape[1:], mode="bilinear")[0, 0]
    assert_same_map(gradcam(detector, case).values, expected.numpy())


@pytest.mark.parametrize("output", [ONE, TWO, LABELS], ids=lambda output: output.kind)
def test_network_in_the_style_of_research_code_is_loaded(tmp_path, output):
    outputs = {"logit": 1, "two_logits": 2, "multi_label": 14}[output.kind]
    detector = detector_of(
        Architecture(
            "old_style", "networks:old_style", (2, 2), {"outputs": outputs},
            InputSpec(64, 64, channels=1), output,
        ),
        tmp_path,
    )  # fmt: skip
    images = images_of(detector, 3)
    together = Evaluator(detector, 3).logits(images)
    assert together.shape == (3,)
    np.testing.assert_allclose(Evaluator(detector, 1).logits(images), together, atol=1e-4)
    assert_same_map(
        gradcam(detector, case_of(detector)).values,
        plain_gradcam(detector.module, detector.target_layer, case_of(detector).image),
    )


def test_network_that_is_cut_off_from_its_input_offers_scores_only(tmp_path):
    detector = detector_of(
        Architecture("detached", "networks:detached", (2, 2), input=InputSpec(64, 64, channels=1)),
        tmp_path,
    )
    assert detector.target_layer is None
    assert detector.capabilities == frozenset()
    assert Evaluator(detector, 2).logits(images_of(detector)).shape == (2,)
