"""What draws, in the box: the score of the image comes out, boxes stay, and that is said."""

from dataclasses import replace

import numpy as np
import onnx_models
import pytest
from drawing_networks import BIAS, GAIN, Yolo8
from torch import nn

from tests.walls import sandbox_or_skip
from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.sandbox.load import load_declared
from xaudit.models.spec import DetectorSpec

SIDE = onnx_models.SIDE


@pytest.mark.heavy  # a process, and an export
def test_boxes_do_not_leave_the_sandbox_and_the_scores_of_images_do(tmp_path):
    sandbox_or_skip()
    network = nn.Sequential(nn.Conv2d(3, 3, 1, groups=3, bias=False), Yolo8())
    nn.init.ones_(network[0].weight)
    path = onnx_models.export(network.eval(), tmp_path / "boxes.onnx")
    seen = InputSpec(SIDE, SIDE, channels=3, mean=(0.0,), std=(1.0,))
    spec = DetectorSpec(
        "d", "1", "format:onnx", path, seen, OutputSpec("boxes"), format="onnx", sandbox=True
    )
    plain, boxed = load_detector(replace(spec, sandbox=False)), load_declared(spec)
    images = np.zeros((2, 1, SIDE, SIDE), dtype=np.float32)
    images[0, :, :8, :8] = 1
    assert boxed.capabilities == plain.capabilities - {"boxes"}
    assert boxed.logits(images) == pytest.approx([GAIN - BIAS, -BIAS], abs=1e-3)
    assert boxed.logits(images) == pytest.approx(plain.logits(images), abs=1e-5)
    slopes = [Evaluator(each, 2).gradients(images[:1]) for each in (plain, boxed)]
    np.testing.assert_allclose(*slopes, atol=1e-6)
    assert boxed.facts.limits[-1].startswith("Boxes and masks do not leave the sandbox")
    assert not any("leave the sandbox" in one for one in plain.facts.limits)
    with pytest.raises(DetectorError, match="the detector draws no boxes"):
        boxed.boxes(images)


@pytest.mark.parametrize("kind", ["boxes", "segmentation"])
@pytest.mark.parametrize("where", ["http", "command"])
def test_services_and_programs_answer_with_scores_alone(where, kind):
    spec = DetectorSpec(
        "d", "1", f"format:{where}", None, InputSpec(8, 8), OutputSpec(kind), format=where
    )
    with pytest.raises(DetectorError, match=r"one row of scores for each image; boxes and masks"):
        load_detector(spec)
