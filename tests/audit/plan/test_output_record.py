"""What a plan records of the output of a detector."""

import pytest

from xaudit.audit.config.config import AuditConfig
from xaudit.audit.plan.plan import _portable

DETECTOR = {
    "name": "d", "architecture": "torchvision:resnet18", "weights": "w.pt",
    "input": {"height": 64, "width": 64},
    "operating_points": [{"name": "default", "probability": 0.5, "origin": "fixed"}],
}  # fmt: skip


def recorded(**output):
    config = AuditConfig.model_validate(
        {
            "name": "a",
            "data": {"format": "manifest", "root": "."},
            "detector": {**DETECTOR, "output": output},
        }
    )
    return _portable(config)["detector"]["output"]


@pytest.mark.parametrize("kind", ["logit", "softmax", "probability"])
def test_plans_of_kinds_that_were_there_before_keep_their_record(kind):
    assert recorded(kind=kind) == {"kind": kind, "positive": 0}


def test_every_default_of_what_is_drawn_is_recorded():
    assert recorded(kind="boxes", positive=[1, 2], boxes={"layout": "yolov8"}) == {
        "kind": "boxes", "positive": [1, 2],
        "boxes": {
            "layout": "yolov8", "activation": None, "rule": "max", "threshold": 0.001, "nms": None,
            "most": 100, "format": None, "normalized": None,
        },
    }  # fmt: skip
    assert recorded(kind="segmentation")["masks"] == {
        "activation": "sigmoid", "rule": "max", "share": 0.01
    }  # fmt: skip
