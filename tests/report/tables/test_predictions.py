"""What the card says of the network and of its file of weights."""

from dataclasses import replace

import pytest

from xaudit.core.detector import InputSpec, Taken
from xaudit.core.source import StoredBits
from xaudit.report.language.translation import speaking
from xaudit.report.tables.predictions import facts


def test_what_was_taken_from_a_file_stands_beside_its_hash(audit):
    detector = audit[0].detector
    assert "Taken from the file" not in dict(facts(replace(detector, taken=Taken())))
    taken = Taken("state_dict_ema", "model.", ("criterion.a", "criterion.b"), ("state_dict",))
    row = dict(facts(replace(detector, taken=taken)))["Taken from the file"]
    assert row == (
        "state state_dict_ema; not state_dict; prefix model. taken off the names; 2 entries left "
        "out: criterion.a, criterion.b"
    )
    many = Taken(left_out=tuple(f"criterion.{number}" for number in range(30)))
    row = dict(facts(replace(detector, taken=many)))["Taken from the file"]
    assert row.startswith("30 entries left out: criterion.0, ")
    assert row.endswith("criterion.4 and 25 more")
    with speaking("de"):
        assert "Aus der Datei genommen" in dict(facts(replace(detector, taken=taken)))


@pytest.mark.parametrize(("intensity", "words"), [("dtype", "dtype"), (StoredBits(12), "bits: 12")])
def test_card_names_what_resizes_and_how_values_are_read(minimal, intensity, words):
    spec = InputSpec(224, 200, interpolation="cv2_area", intensity=intensity)
    said = dict(facts(replace(minimal.detector, input=spec)))["Input"]
    assert said.endswith(f"letterbox; resampling cv2_area, values by {words}")
