"""The audit file of boxes that a detector drew elsewhere."""

import pytest
from pydantic import ValidationError

from xaudit.audit.config.boxes_config import BoxesDetectorConfig

POINT = {"name": "default", "probability": 0.5, "origin": "fixed", "note": "Declared."}


def detector(**more):
    return BoxesDetectorConfig.model_validate(
        {"format": "boxes", "name": "d", "found": "r.json", "operating_points": [POINT], **more}
    )


def test_classes_may_be_numbers():
    assert detector(classes=[3, "fracture"]).classes == ("3", "fracture")


@pytest.mark.parametrize("classes", [3, [True], [3.5], [None]])
def test_other_classes_are_refused(classes):
    with pytest.raises(ValidationError, match="classes"):
        detector(classes=classes)
