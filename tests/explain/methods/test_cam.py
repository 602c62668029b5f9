import numpy as np
import pytest
import torch

from xaudit.errors import ExplainerError
from xaudit.explain.engine.passes import Features
from xaudit.explain.methods.cam import EigenCam, GradCam, upsampled
from xaudit.models.target_layers.layers import TargetLayer

KINDS = ["gradcam", "gradcam_plus_plus", "xgradcam", "hirescam", "layercam", "eigencam"]


@pytest.mark.parametrize("name", KINDS)
def test_map_equals_grad_cam(name, conv, case, explain):
    ours, theirs = (explain(name, conv, case, engine=one).values for one in ("xaudit", "library"))
    if name == "eigencam" and np.vdot(ours, theirs) < 0:
        theirs = -theirs  # the library leaves the sign to chance
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_gradcam_from_its_definition(conv, case, explain):
    pixels = torch.from_numpy(case.image[None])
    features = conv.module.features(pixels).detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(conv.module.head(features.mean(dim=(2, 3))).sum(), features)
    raw = (gradient.mean(dim=(2, 3), keepdim=True) * features).sum(dim=1)[0].detach().numpy()
    values = explain("gradcam", conv, case).values
    np.testing.assert_allclose(values, upsampled(raw, case.inside.shape), atol=1e-6)
    assert values.min() < 0, "what speaks against a fracture is kept"


def test_hirescam_of_a_linear_head_adds_up_to_the_logit(conv, case, explain):
    """Draelos and Carin: with one linear layer after pooling, the map sums to the logit."""
    (evaluated,) = conv.logits(case.image[None])
    bias = float(conv.module.head.bias)
    values = explain("hirescam", conv, case).values
    share = values.sum(dtype=np.float64) / (values.size / conv.target_layer.grid[0] ** 2)
    assert share == pytest.approx(evaluated - bias, rel=1e-3)


def test_features_are_those_before_a_layer_that_works_in_place(conv, case, explain):
    """The second layer is overwritten by the in-place ReLU behind it."""
    conv.target_layer = TargetLayer(
        "features.1", conv.module.features[1], "channels_first", (24, 24)
    )
    ours, theirs = (explain("hirescam", conv, case, engine=one).values
                    for one in ("xaudit", "library"))  # fmt: skip
    before = conv.module.features[1](conv.module.features[0](torch.from_numpy(case.image[None])))
    rest = torch.nn.Sequential(*[torch.nn.ReLU(), *conv.module.features[3:]])
    before = before.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(conv.module.head(rest(before).mean(dim=(2, 3))).sum(), before)
    np.testing.assert_allclose(ours, (before * gradient).sum(dim=1)[0].detach(), atol=1e-6)
    del theirs


def test_feature_gradients_without_an_effect_give_a_zero_map():
    features = Features(np.ones((3, 2, 2), np.float32), np.zeros((3, 2, 2), np.float32))
    assert not GradCam.weigh(features).any()


def test_eigencam_is_positive_where_features_are_strong():
    activations = np.zeros((4, 5, 5), dtype=np.float32)
    activations[:, 1, 3] = [1, 2, 3, 4]
    raw = EigenCam.weigh(Features(activations, activations))
    assert np.unravel_index(raw.argmax(), raw.shape) == (1, 3)


def test_without_a_feature_map_it_says_so(linear, case, explain):
    with pytest.raises(ExplainerError, match="no layer of the detector returns a feature map"):
        explain("gradcam", linear, case)
