"""ONNX files of the YOLO layouts, as their makers export them, through the reader of ONNX."""

import numpy as np
import onnx_models
import pytest
import torch
from drawing_networks import BIAS, GAIN, EndToEnd, Yolo5, Yolo8
from torch import nn

from xaudit.core.detector import InputSpec
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.models.heads.box_score import BoxScore
from xaudit.models.heads.drawing import BoxesSpec
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.plausibility import ask
from xaudit.models.spec import DetectorSpec

pytestmark = pytest.mark.heavy  # exports networks

SIDE = onnx_models.SIDE
SEEN = InputSpec(SIDE, SIDE, channels=3, mean=(0.0,), std=(1.0,))


def with_filter(network):
    """Behind a convolution that changes nothing: the file has weights as well."""
    same = nn.Conv2d(3, 3, 1)
    with torch.no_grad():
        same.weight.copy_(torch.eye(3)[..., None, None])
        same.bias.zero_()
    return nn.Sequential(same, network).eval()


def film():
    image = np.zeros((2, 1, SIDE, SIDE), dtype=np.float32)
    image[0, :, 8:16, 16:24] = 1
    return image


@pytest.mark.parametrize(
    ("network", "batch"),
    [(Yolo5(), None), (Yolo5(), 1), (Yolo8(), None), (Yolo8(), 1), (EndToEnd(), 1)],
)
def test_exported_boxes_are_those_of_the_network(network, batch, tmp_path):
    path = onnx_models.export(with_filter(network), tmp_path / "boxes.onnx", "old", batch)
    output = OutputSpec("boxes", boxes=BoxesSpec(threshold=0.15))
    spec = DetectorSpec("d", "1", "format:onnx", path, SEEN, output, format="onnx")
    detector = load_detector(spec)
    assert "boxes" in detector.capabilities
    evaluator = Evaluator(detector, 2)
    drawn, empty = evaluator.boxes(film())
    assert drawn.corners.round(3).tolist() == [[16, 8, 24, 16]]
    assert drawn.ratings.tolist() == pytest.approx([GAIN - BIAS], abs=1e-3)
    assert not len(empty)
    scores = evaluator.logits(film())
    assert scores[0] == pytest.approx(GAIN - BIAS, abs=1e-3)
    assert ask(detector, film()).outputs == pytest.approx(scores[:, None], abs=1e-4)
    if "gradients" in detector.capabilities:
        target = BoxScore(detector.head, tuple(drawn.corners[0]))
        slopes = Evaluator(detector.aimed(target), 2).gradients(film()[:1])
        assert slopes[0, 0].sum() == pytest.approx(GAIN, rel=1e-2)
        assert slopes[0, 0, 8:16, 16:24] == pytest.approx(GAIN / 64, rel=1e-2)
    else:
        assert isinstance(network, EndToEnd)
        assert detector.facts.limits
