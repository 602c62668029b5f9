"""What is declared of boxes and masks."""

import pytest

from xaudit.audit.config.detector_config import OutputConfig
from xaudit.models.heads.box_score import BoxHead
from xaudit.models.heads.class_logit import ClassLogit
from xaudit.models.heads.drawing import BoxesSpec, MasksSpec
from xaudit.models.heads.head import head_of
from xaudit.models.heads.mask_score import MaskHead
from xaudit.models.heads.output import NEXT_TO_ONE, SMALLEST, OutputSpec


def test_what_is_left_out_of_a_drawing_is_what_is_usual():
    assert OutputSpec("boxes").boxes == BoxesSpec()
    assert OutputSpec("segmentation").masks == MasksSpec()
    assert OutputSpec().boxes is None
    assert OutputConfig(kind="boxes").model_dump()["boxes"]["threshold"] == 0.001
    assert OutputConfig(kind="segmentation").model_dump()["masks"]["rule"] == "max"
    given = OutputConfig(kind="boxes", positive=[1, 3], boxes={"layout": "detr", "nms": 0.6})
    assert given.resolve() == OutputSpec("boxes", (1, 3), BoxesSpec("detr", nms=0.6))


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"kind": "logit", "boxes": {}}, "output.boxes belongs to output.kind boxes, got logit"),
        ({"kind": "boxes", "masks": {}}, "output.masks belongs to output.kind segmentation"),
        ({"kind": "boxes", "boxes": {"threshold": 0}}, "threshold lies between 0 and 1, got 0"),
        ({"kind": "boxes", "boxes": {"nms": 1.5}}, "nms lies above 0 and not above 1"),
        ({"kind": "boxes", "boxes": {"most": 0}}, "most is at least 1"),
        ({"kind": "boxes", "boxes": {"iou": 0.5}}, "iou"),
        ({"kind": "segmentation", "masks": {"share": 0}}, "share lies above 0"),
        ({"kind": "segmentation", "positive": [0, 1]}, "under a softmax; got output.masks"),
        ({"kind": "boxes", "positive": [1, 1]}, "different columns"),
    ],
)
def test_what_cannot_be_meant_is_refused(declared, expected):
    with pytest.raises(ValueError, match=expected):
        OutputConfig(**declared)


def test_every_kind_has_its_head():
    heads = [head_of(OutputSpec(kind), (8, 9)) for kind in ("logit", "boxes", "segmentation")]
    assert [type(head) for head in heads] == [ClassLogit, BoxHead, MaskHead]


@pytest.mark.parametrize(
    ("spec", "clipped"),
    [
        (OutputSpec("boxes"), True), (OutputSpec("segmentation"), False),
        (OutputSpec("boxes", boxes=BoxesSpec(activation="softmax")), False),
        (OutputSpec("segmentation", masks=MasksSpec("none")), True),
    ],
)  # fmt: skip
def test_logits_of_probabilities_are_clipped(spec, clipped):
    from math import log

    assert spec.clipping == ((log(SMALLEST), -log(NEXT_TO_ONE)) if clipped else None)


def test_a_drawing_is_described():
    noisy = OutputSpec("boxes", (1, 2), BoxesSpec(rule="noisy_or")).described
    assert noisy == "boxes, column 1 + 2 positive; the score of an image by noisy_or"
