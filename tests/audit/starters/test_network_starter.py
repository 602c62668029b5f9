"""What a first audit file says of a network: certain things, and questions."""

import pytest
import yaml

from xaudit.audit.config.questions import OPEN
from xaudit.audit.starters.model_starter import model_text
from xaudit.audit.starters.network_starter import network_text
from xaudit.models.recognize import Recognized
from xaudit.models.sidecars.sidecar_facts import Sidecar

RESNET = Recognized("torchvision:resnet18", {"num_classes": 2}, 3, 2, ("timm:resnet18",))
ASKED = (
    "height", "width", "color", "resize", "interpolation", "mean", "std", "intensity", "pad",
)  # fmt: skip


def detector(seen, *sidecars):
    return yaml.safe_load(f"detector:\n{network_text(seen, sidecars)}")["detector"]


def test_without_a_sidecar_only_the_tensors_answer():
    said = detector(RESNET)
    assert said["architecture"] == "torchvision:resnet18"
    assert said["arguments"] == {"num_classes": 2}
    assert said["input"]["channels"] == 3
    assert {key for key, value in said["input"].items() if value == OPEN} == set(ASKED)
    assert said["output"] == {"kind": OPEN, "positive": OPEN}
    assert "timm:resnet18" in network_text(RESNET)


def test_a_whole_model_has_a_format_and_no_architecture(tmp_path):
    text = model_text(tmp_path / "model.pt", "torchscript")
    said = yaml.safe_load(f"detector:\n{text}")["detector"]
    assert said["format"] == "torchscript"
    assert not {"architecture", "arguments", "weights_key"} & said.keys()
    assert said["output"] == {"kind": OPEN, "positive": OPEN}
    assert {key for key, value in said["input"].items() if value == OPEN} >= set(ASKED)


def test_a_sidecar_answers_with_its_name_and_what_it_cannot_is_told():
    values = {"height": 224, "width": 224, "mean": [0.1, 0.2, 0.3], "std": [0.2], "channels": 1}
    sidecar = Sidecar("config.json", values, {"resize": "it says crop_pct 0.875"})
    said = detector(RESNET, sidecar)["input"]
    assert (said["height"], said["mean"], said["std"]) == (224, [0.1, 0.2, 0.3], [0.2])
    # The tensors are certain; what a file beside them says is not.
    assert (said["channels"], said["resize"]) == (3, OPEN)
    text = network_text(RESNET, [sidecar])
    assert "height: 224   # says config.json" in text
    assert "# config.json: it says crop_pct 0.875" in text


def test_files_that_agree_answer_together_and_files_that_do_not_are_a_question():
    first = Sidecar("config.json", {"mean": [0.485, 0.485, 0.485], "std": [0.2], "height": 224})
    second = Sidecar("w.onnx", {"mean": [0.485000001], "std": [0.25], "height": 256}, {"std": "no"})
    said = detector(RESNET, first, second)["input"]
    assert (said["mean"], said["std"], said["height"]) == ([0.485, 0.485, 0.485], OPEN, OPEN)
    text = network_text(RESNET, [first, second])
    assert "mean: [0.485, 0.485, 0.485]   # says config.json, w.onnx" in text
    assert "# config.json: it says 224" in text
    assert "# w.onnx: it says 256" in text
    assert "# w.onnx: no" in text


def test_a_file_that_proves_nothing_leaves_the_answer_of_another_alone():
    first = Sidecar("config.json", {"mean": [0.5]})
    second = Sidecar(
        "w.onnx", {}, {"mean": "begins with Sub", "std": "begins with Sub"}, doubts=False
    )
    said = detector(RESNET, first, second)["input"]
    assert (said["mean"], said["std"]) == ([0.5], OPEN)
    assert "# w.onnx: begins with Sub" in network_text(RESNET, [first, second])


def test_a_margin_that_is_cut_off_is_written_with_what_is_cut():
    said = detector(RESNET, Sidecar("c", {"resize": "crop", "crop_pct": 0.875}))["input"]
    assert (said["resize"], said["crop_pct"]) == ("crop", 0.875)
    assert "crop_pct" not in detector(RESNET)["input"]
    assert "crop_pct" in network_text(RESNET)


def test_as_many_means_as_channels():
    gray = Recognized("timm:resnet18", {"in_chans": 1}, 1, 1)
    assert detector(gray, Sidecar("c", {"mean": [0.1, 0.2, 0.3]}))["input"]["mean"] == OPEN


@pytest.mark.parametrize(
    ("sidecar", "expected"),
    [
        (Sidecar("config.json"), OPEN),
        (Sidecar("config.json", architecture="timm:resnetblur18"), "timm:resnetblur18"),
        (Sidecar("config.json", architecture="timm:resnet50"), OPEN),
    ],
)
def test_rivals_are_a_question_unless_a_sidecar_names_one(sidecar, expected):
    rivals = Recognized(
        "torchvision:resnet18", {"num_classes": 2}, 3, 2, (), ("timm:resnetblur18",)
    )
    assert detector(rivals, sidecar)["architecture"] == expected
    assert "timm:resnetblur18" in network_text(rivals, [sidecar])


def test_of_an_unknown_network_nothing_is_claimed():
    said = detector(Recognized(None, keys=("state_dict", "ema")))
    assert said["weights_key"] == said["architecture"] == said["input"]["channels"] == OPEN
    assert said["output"] == {"kind": OPEN, "positive": OPEN}
    assert "state_dict, ema" in network_text(Recognized(None, keys=("state_dict", "ema")))


def test_one_output_is_a_logit_and_a_prefix_is_declared():
    said = detector(Recognized("a:b", {}, 1, 1, prefix="model."))
    assert said["output"] == {"kind": "logit"}
    assert said["weights_prefix"] == "model."


def test_of_rivals_those_that_are_the_same_are_told():
    rivals = Recognized(
        "torchvision:resnet18", {}, 3, 2, ("timm:resnet18",), ("timm:resnetblur18",)
    )
    text = " ".join(network_text(rivals).replace("#", "").split())
    assert "torchvision:resnet18 and timm:resnet18 are the same network" in text
    assert "other logits, or could not be compared: timm:resnetblur18" in text


def test_color_and_padding_are_written_only_where_something_shows_them():
    assert detector(Recognized("a:b", {}, 1, 1))["input"]["color"] == "gray"
    assert detector(RESNET)["input"]["color"] == OPEN
    assert "pad" not in detector(RESNET, Sidecar("c", {"resize": "stretch"}))["input"]
    assert detector(RESNET, Sidecar("c", {"resize": "letterbox"}))["input"]["pad"] == OPEN


@pytest.mark.parametrize("end", ["\n", "\x85", "\u2028", "\x1b"])
def test_a_name_in_a_file_never_leaves_its_comment(end):
    sidecar = Sidecar("c", {}, {"mean": f"it says a{end}name: other{end}, which is not known"})
    assert detector(RESNET, sidecar) == detector(RESNET)
