"""What is told across the border: declarations inward, descriptions outward."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from xaudit.core.detector import InputSpec, ModelFacts, Taken
from xaudit.core.source import StoredBits
from xaudit.errors import DetectorLostError
from xaudit.models.heads.drawing import BoxesSpec, MasksSpec
from xaudit.models.heads.output import OutputSpec
from xaudit.models.sandbox.about import read_about
from xaudit.models.sandbox.declaration import spec_as_json, spec_from
from xaudit.models.spec import DetectorSpec

SPEC = DetectorSpec(
    "d", "2", "nets:build", Path("/w/w.pt"),
    InputSpec(64, 48, channels=1, mean=(0.4,), intensity=StoredBits(12)),
    OutputSpec("softmax", positive=(1, 2)),
    arguments={"width": 2, "deep": None, "rate": 0.5}, target_layer="features.3", weights_key="ema",
    weights_prefix="net.", weights_leave_out=("head.", "x"), allow_code=frozenset({"nets:build"}),
    env=("TOKEN",), sandbox=True,
)  # fmt: skip
ABOUT = {
    "arrays": [["<f4", [2], 0]],
    "tensors": [["a.weight", "parameter", [2]]],
    "modules": ["a"],
    "layer": {"name": "a, then relu", "place": "a", "grid": [7, 7]},
    "capabilities": ["gradients"],
    "taken": {"key": "ema", "prefix": "", "left_out": ["head"], "beside": []},
    "facts": {"by": "onnxruntime 1", "limits": ["no features"]},
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"weights": None, "weights_leave_out": ()},
        {"output": OutputSpec("boxes", (1, 2), BoxesSpec("detr", "sigmoid", normalized=True))},
        {"output": OutputSpec("segmentation", 1, masks=MasksSpec("softmax", "mean_of_top"))},
    ],
)
def test_a_declaration_crosses_whole(changes):
    spec = replace(SPEC, **changes)
    there = spec_from(json.loads(json.dumps(spec_as_json(spec))))
    # Neither names of the environment nor another box go in.
    expected = replace(spec, allow_code=["nets:build"], env=(), sandbox=False)
    assert replace(there, env=()) == expected


def test_a_description_crosses_whole():
    about = read_about(ABOUT)
    assert about.taken_from_file == Taken("ema", "", ("head",), ())
    assert about.model_facts == ModelFacts("onnxruntime 1", ("no features",))
    assert about.layer.grid == (7, 7)
    assert about.tensors == (("a.weight", "parameter", (2,)),)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"capabilities": ["root"]}, "capabilities"),
        ({"capabilities": ["boxes"]}, "capabilities"),
        ({"tensors": [["a.weight", "parameter", [-2]]]}, "tensors"),
        ({"tensors": [["a weight", "parameter", [2]]]}, "tensors"),
        ({"tensors": [["a", "secret", [2]]]}, "tensors"),
        ({"layer": {"name": "a", "place": "a"}}, "layer.grid"),
        ({"facts": {"by": "x" * 3000, "limits": []}}, "facts.by"),
        ({"more": 1}, "more"),
        ({"modules": None}, "modules"),
    ],
)
def test_other_descriptions_are_refused_by_place(changes, place):
    with pytest.raises(DetectorLostError, match=rf"otherwise than expected: {place}"):
        read_about(ABOUT | changes)


def test_what_is_printed_holds_no_control_characters():
    told = ABOUT | {"facts": {"by": "evil \x1b[31m", "limits": []}}
    assert "\x1b" not in read_about(told).model_facts.by
