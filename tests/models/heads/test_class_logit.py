"""What the outputs of a network mean."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError
from xaudit.models.heads.class_logit import ClassLogit, positive_logit
from xaudit.models.heads.output import NEXT_TO_ONE, SMALLEST, OutputSpec
from xaudit.models.torch_detector import TargetScore

LOGITS = torch.tensor([[1.0, 3.0, -2.0], [2.0, -1.0, 0.5], [0.0, 0.0, 9.0]], dtype=torch.float64)


def head(output, kind, positive=0):
    return positive_logit(output, OutputSpec(kind, positive), len(output))


def log_odds(share):
    return torch.log(share) - torch.log1p(-share)


@pytest.mark.parametrize("positive", [0, 1, 2, (0, 1), (1, 2), (2, 0)])
def test_softmax_is_the_log_odds_of_the_summed_probability(positive):
    columns = [positive] if isinstance(positive, int) else list(positive)
    share = LOGITS.softmax(dim=1)[:, columns].sum(dim=1)
    torch.testing.assert_close(head(LOGITS, "softmax", positive), log_odds(share))
    torch.testing.assert_close(
        head(LOGITS.softmax(dim=1), "probabilities", positive), log_odds(share)
    )


def test_evidence_that_all_classes_share_does_not_move_a_softmax():
    moved = LOGITS + torch.tensor([[5.0], [-7.0], [30.0]])
    torch.testing.assert_close(head(moved, "softmax", 1), head(LOGITS, "softmax", 1))
    assert not torch.allclose(head(moved, "multi_label", 1), head(LOGITS, "multi_label", 1))


def test_two_logits_are_a_softmax_to_the_last_digit():
    pair = LOGITS[:, :2].float()
    assert torch.equal(head(pair, "two_logits", 1), pair[:, 1] - pair[:, 0])
    assert torch.equal(head(pair, "two_logits", 1), head(pair, "softmax", 1))


def test_one_number_and_independent_labels_are_taken_as_they_are():
    assert head(LOGITS, "multi_label", 1).tolist() == [3.0, -1.0, 0.0]
    assert head(LOGITS[:, :1], "logit").tolist() == [1.0, 2.0, 0.0]
    assert head(LOGITS[:, 0], "logit").tolist() == [1.0, 2.0, 0.0]


def test_a_sigmoid_left_in_is_taken_back():
    logits = torch.linspace(-40, 12, 105)[:, None]
    back = head(logits.sigmoid(), "probability")
    torch.testing.assert_close(back, logits[:, 0], rtol=1e-2, atol=1e-2)
    assert bool((back.diff() >= 0).all())


def test_saturated_probabilities_are_finite_and_so_are_their_gradients():
    logits = torch.tensor([[-200.0], [-60.0], [0.0], [60.0]], requires_grad=True)
    odds = head(logits.sigmoid(), "probability")
    (slope,) = torch.autograd.grad(odds.sum(), logits)
    low, high = OutputSpec("probability").clipping
    assert odds.tolist() == pytest.approx([low, low, 0, high], rel=1e-5)
    assert (low, high) == (math.log(SMALLEST), -math.log(NEXT_TO_ONE))
    assert bool(slope.isfinite().all())
    assert slope[2].item() == pytest.approx(1)


def test_saturated_softmax_keeps_what_the_others_tell():
    logits = torch.tensor([[0.0, 30.0], [0.0, 40.0], [0.0, 300.0]], requires_grad=True)
    odds = head(logits.softmax(dim=1), "probabilities", 1)
    (slope,) = torch.autograd.grad(odds.sum(), logits)
    assert odds.tolist() == pytest.approx([30, 40, OutputSpec("probabilities").clipping[1]])
    assert bool(slope.isfinite().all())


def test_half_precision_has_limits_too():
    odds = head(torch.tensor([[0.0], [0.5], [1.0]], dtype=torch.float16), "probability")
    assert odds.tolist() == pytest.approx([math.log(SMALLEST), 0, -math.log(NEXT_TO_ONE)])


def test_what_is_no_probability_has_no_logit():
    assert head(torch.tensor([0.5, 1.2, -3.0]), "probability").isnan().tolist() == [0, 1, 1]
    rows = torch.tensor([[0.5, 0.5], [0.9, 0.9], [1.5, -0.5]])
    assert head(rows, "probabilities").isnan().tolist() == [False, True, True]


@pytest.mark.parametrize("kind", ["logit", "two_logits", "softmax", "multi_label"])
def test_logits_have_no_limits(kind):
    assert OutputSpec(kind).clipping is None


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((2, 1, 8, 6), "logit"), ((2, 3, 8, 6), "multi_label"), ((2, 4, 100), "multi_label"),
        ((1, 1, 8, 6), "logit"), ((2, 7, 1), "softmax"), ((3,), "logit"), ((3, 1), "logit"),
        ((), "logit"), ((2, 0), "softmax"), ((1, 2), "softmax"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_never_flattened(shape, kind):
    images = 2 if shape != (1, 1, 8, 6) else 1
    with pytest.raises(DetectorError, match="not flattened") as told:
        positive_logit(torch.zeros(shape), OutputSpec(kind), images)
    assert str(shape) in str(told.value)
    assert "factory" in str(told.value)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (1, 1, 1, 1)])
def test_a_single_image_may_lose_its_axis(shape):
    assert positive_logit(torch.full(shape, 2.0), OutputSpec(), 1).tolist() == [2.0]


def test_a_feature_map_of_one_pixel_is_a_row():
    assert torch.equal(head(LOGITS[..., None, None], "softmax", 1), head(LOGITS, "softmax", 1))


def test_a_squeezed_row_of_several_outputs_is_a_row():
    assert positive_logit(LOGITS[0], OutputSpec("multi_label", 1), 1).tolist() == [3.0]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"logits": torch.zeros(2), "aux": 0}, r"returned dict with 'logits', 'aux', expected one"),
        ((torch.zeros(2, 1), "x"), r"returned tuple of 2: tensor \(2, 1\), str, expected one"),
        (SimpleNamespace(logits=torch.zeros(2)), "returned SimpleNamespace with logits, expected"),
        (0.5, "returned float, expected one tensor"),
        (torch.zeros(2, 3).argmax(dim=1), "numbers of the type int64, expected scores"),
    ],
)
def test_what_is_no_tensor_of_scores_is_named(output, message):
    with pytest.raises(DetectorError, match=message):
        positive_logit(output, OutputSpec(), 2)


@pytest.mark.parametrize(
    ("width", "spec", "message"),
    [
        (2, OutputSpec("logit"), "one output, the network has 2; softmax or multi_label"),
        (2, OutputSpec("probability"), "one output, the network has 2; probabilities takes"),
        (3, OutputSpec("two_logits", 1), "two outputs, the network has 3; softmax takes"),
        (3, OutputSpec("multi_label", 3), "column 3"),
        (3, OutputSpec("softmax", (1, 5)), "column 5"),
        (3, OutputSpec("softmax", (2, 0, 1)), "names all 3 outputs"),
        (1, OutputSpec("softmax"), "one output under a sigmoid is a logit or a probability"),
        (1, OutputSpec("probabilities"), "names all 1 outputs"),
    ],
)
def test_wrong_widths_are_messages(width, spec, message):
    with pytest.raises(DetectorError, match=message):
        positive_logit(torch.zeros(2, width), spec, 2)


@pytest.mark.parametrize(
    ("kind", "positive", "message"),
    [
        ("logit", 1, "one column"),
        ("probability", (0, 1), "one column"),
        ("two_logits", 2, "columns 0 and 1"),
        ("two_logits", (0, 1), "softmax and probabilities only"),
        ("multi_label", (0, 1), "softmax and probabilities only"),
        ("softmax", (1, 1), "different columns"),
        ("softmax", (), "different columns"),
        ("softmax", -1, "counted from 0"),
    ],
)
def test_columns_that_cannot_mean_fractured(kind, positive, message):
    with pytest.raises(ValueError, match=message):
        OutputSpec(kind, positive)


class LeftIn(nn.Module):
    """A network that ends with what its training would have added."""

    def __init__(self, last, outputs):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(4, outputs),
        )  # fmt: skip
        self.last = last

    def forward(self, images):
        return self.last(self.layers(images))


@pytest.mark.parametrize(
    ("last", "outputs", "kind", "positive", "plain"),
    [
        (nn.Sigmoid(), 1, "probability", 0, "logit"),
        (nn.Softmax(dim=1), 4, "probabilities", (1, 3), "softmax"),
    ],
)
def test_gradients_are_those_of_the_network_without_its_end(last, outputs, kind, positive, plain):
    torch.manual_seed(0)
    network, spec = LeftIn(last, outputs), InputSpec(16, 16, channels=1)
    images = torch.rand(3, 1, 16, 16, requires_grad=True)
    one = TargetScore(network, spec, ClassLogit(OutputSpec(kind, positive)))(images)
    network.last = nn.Identity()
    other = TargetScore(network, spec, ClassLogit(OutputSpec(plain, positive)))(images)
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    slopes = [torch.autograd.grad(each.sum(), images)[0] for each in (one, other)]
    np.testing.assert_allclose(*slopes, rtol=1e-3, atol=1e-6)


def test_a_class_logit_is_a_target_that_can_be_written_down():
    target = ClassLogit(OutputSpec("softmax", (1, 2)))
    expected = {"kind": "class_logit", "output": "softmax", "columns": (1, 2)}
    assert target.record == expected
    output = LOGITS.clone().requires_grad_()
    scores = target.score(output, len(output))
    assert scores.tolist() == positive_logit(output, target.output, len(output)).tolist()
    scores.sum().backward()
    assert output.grad.abs().sum() > 0
