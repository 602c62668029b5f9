"""What the card says of the network."""

from dataclasses import replace

import pytest

from xaudit.core.detector import InputSpec, StoredBits
from xaudit.report.predictions import facts


@pytest.mark.parametrize(("intensity", "words"), [("dtype", "dtype"), (StoredBits(12), "bits: 12")])
def test_card_names_what_resizes_and_how_values_are_read(minimal, intensity, words):
    spec = InputSpec(224, 200, interpolation="cv2_area", intensity=intensity)
    said = dict(facts(replace(minimal.detector, input=spec)))["Input"]
    assert said.endswith(f"letterbox; resampling cv2_area, values by {words}")
