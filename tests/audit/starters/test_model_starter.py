"""What a first audit file says of an ONNX model: what the file states, and questions."""

import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper

from xaudit.audit.config.questions import OPEN, QUESTIONS
from xaudit.audit.starters.model_starter import model_text
from xaudit.audit.starters.starter import starter
from xaudit.data.study.inspect import inspect_dataset
from xaudit.testing import tiny_study

CONV = helper.make_node("Conv", ["image", "weight"], ["maps"])
HEAD = [
    helper.make_node("GlobalMaxPool", ["maps"], ["pooled"]),
    helper.make_node("Flatten", ["pooled"], ["flat"]),
]


@pytest.fixture
def written(tmp_path):
    def write(nodes, outputs, shape=("n", 3, 64, 48), **props):
        weight = numpy_helper.from_array(numpy_helper.np.ones((2, 3, 3, 3), "float32"), "weight")
        graph = helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width])
             for name, width in outputs.items()],
            [weight],
        )  # fmt: skip
        made = helper.make_model(graph, producer_name="maker", producer_version="1.2")
        helper.set_model_props(made, props)
        onnx.save(made, tmp_path / "m.onnx")
        return tmp_path / "m.onnx"

    return write


def said(path):
    return yaml.safe_load("detector:\n" + model_text(path, "onnx"))["detector"]


def test_what_the_file_states_is_written(written):
    path = written(
        [CONV, *HEAD, helper.make_node("Sigmoid", ["flat"], ["p"])], {"p": 1},
        standardization_mean="[0.4]", standardization_std="[0.2]",
    )  # fmt: skip
    found = said(path)
    assert "architecture" not in found
    assert "arguments" not in found
    assert found["format"] == "onnx"
    seen = found["input"]
    assert (seen["channels"], seen["height"], seen["width"]) == (3, 64, 48)
    assert (seen["mean"], seen["std"], seen["resize"]) == ([0.4], [0.2], OPEN)
    assert found["output"] == {"kind": "probability"}
    assert "the file is the whole model, written by maker 1.2" in model_text(path, "onnx")


def test_what_it_does_not_state_is_asked(written):
    two = [CONV, *HEAD, helper.make_node("Softmax", ["flat"], ["p"])]
    found = said(written(two, {"p": 2}, ("n", "c", "h", "w")))
    assert {found["input"][key] for key in ("channels", "height", "width", "mean")} == {OPEN}
    assert found["output"] == {"kind": "probabilities", "positive": OPEN}
    several = written(two, {"p": 2, "flat": 2}, (1, 64, 48, 3))
    found = said(several)
    assert found["arguments"] == {"output": OPEN}
    assert "detector.arguments.output" in QUESTIONS
    assert "p (? x 2, from Softmax), flat (? x 2, from GlobalMaxPool)" in model_text(
        several, "onnx"
    ).replace("\n    # ", " ")
    # Channels that come last.
    assert [found["input"][key] for key in ("channels", "height", "width")] == [3, 64, 48]
    assert found["output"] == {"kind": OPEN, "positive": OPEN}


def test_what_the_graph_does_first_leaves_the_preparation_open(written):
    divided = [helper.make_node("Div", ["image", "weight"], ["x"]), CONV, *HEAD]
    divided[1] = helper.make_node("Conv", ["x", "weight"], ["maps"])
    path = written(divided, {"flat": 1}, standardization_mean="[0.4]")
    found = said(path)
    assert (found["input"]["mean"], found["input"]["height"]) == (OPEN, 64)
    assert "its graph begins with Div" in model_text(path, "onnx").replace("\n    # ", " ")


def test_init_declares_the_format(written, tmp_path):
    tiny_study(tmp_path / "study")
    path = written([CONV, *HEAD], {"flat": 1})
    text = starter(
        tmp_path / "study", inspect_dataset(tmp_path / "study"), path, tmp_path / "audit.yaml"
    )
    detector = yaml.safe_load(text)["detector"]
    assert (detector["format"], detector["weights"]) == ("onnx", "m.onnx")
    assert detector["output"]["kind"] == OPEN


def test_what_a_file_says_of_several_keys_is_told_once(written):
    relu = helper.make_node("Relu", ["image"], ["maps"])
    text = model_text(written([relu, *HEAD], {"flat": 3}), "onnx")
    assert text.count("its graph begins with Relu") == 1
    assert text.index("its graph begins with Relu") < text.index("resize:")
