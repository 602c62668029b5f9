"""What the detector draws, through the one door."""

import numpy as np
import pytest
import torch
from drawing_networks import BIAS, GAIN, Yolo8
from torch import nn

from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import detector_of
from xaudit.models.spec import DetectorSpec
from xaudit.models.torch_detector import Taken

SIDES = (32, 64)
SEEN = InputSpec(*SIDES, channels=1, mean=(0.0,), std=(1.0,))


class Convolution(nn.Conv2d):
    """One map at half the resolution: the image, averaged."""

    def __init__(self):
        super().__init__(1, 1, 2, 2, bias=False)
        nn.init.constant_(self.weight, 0.25)


def detector_with(network, kind):
    return detector_of(
        DetectorSpec("d", "1", "a:b", None, SEEN, OutputSpec(kind)), network, Taken()
    )


def films(count=7):
    images = np.zeros((count, 1, *SIDES), dtype=np.float32)
    for row in range(count):
        images[row, :, 8:16, 8 * row : 8 * row + 8] = 1
    return images


def test_boxes_come_image_by_image_and_every_image_is_counted():
    evaluator = Evaluator(detector_with(Yolo8(), "boxes"), 3)
    drawn = evaluator.boxes(films())
    assert [one.corners[0].tolist() for one in drawn] == [
        [8 * row, 8, 8 * row + 8, 16] for row in range(7)
    ]
    assert [one.ratings[0] for one in drawn] == pytest.approx([GAIN - BIAS] * 7, abs=1e-3)
    assert (evaluator.cost.forward, evaluator.cost.backward) == (7, 0)
    assert evaluator.boxes(films(0)) == []


def test_masks_come_on_the_input_grid():
    evaluator = Evaluator(detector_with(Convolution(), "segmentation"), 3)
    painted = evaluator.masks(films())
    assert painted.shape == (7, *SIDES)
    assert painted.dtype == np.float32
    assert painted[2, 9:15, 17:23] == pytest.approx(1)
    assert painted.sum(axis=(1, 2)) == pytest.approx([64] * 7, rel=0.01)
    assert evaluator.cost.forward == 7


def test_fewer_images_are_asked_at_once_where_memory_runs_out(monkeypatch):
    detector = detector_with(Yolo8(), "boxes")
    expected = detector.boxes(films())
    forward = Yolo8.forward

    def scarce(self, planes):
        if len(planes) > 3:
            raise torch.OutOfMemoryError("too much")
        return forward(self, planes)

    monkeypatch.setattr(Yolo8, "forward", scarce)
    evaluator = Evaluator(detector, 8)
    assert evaluator.boxes(films()) == expected
    assert evaluator.micro_batch == 3


@pytest.mark.parametrize(("kind", "ask"), [("boxes", "masks"), ("segmentation", "boxes")])
def test_who_draws_boxes_paints_no_masks_and_the_other_way_round(kind, ask):
    network = {"boxes": Yolo8, "segmentation": Convolution}[kind]()
    evaluator = Evaluator(detector_with(network, kind), 2)
    with pytest.raises(DetectorError, match=f"the detector draws no {ask}"):
        getattr(evaluator, ask)(films(1))


def test_a_detector_of_scores_draws_nothing(linear):
    with pytest.raises(DetectorError, match="draws"):
        Evaluator(linear, 2).boxes(films(1))
