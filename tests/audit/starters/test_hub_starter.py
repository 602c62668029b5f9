"""What a first audit file says of a folder of Hugging Face."""

import json

import yaml

from xaudit.audit.config.questions import OPEN
from xaudit.audit.starters.hub_starter import hub_text
from xaudit.audit.starters.starter import starter
from xaudit.data.study.inspect import inspect_dataset
from xaudit.testing import tiny_study

CONFIG = {
    "model_type": "vit", "num_channels": 3, "image_size": 224,
    "id2label": {"0": "normal", "1": "fracture\n- x"},
    "problem_type": "single_label_classification",
}  # fmt: skip
PREPARED = {
    "image_processor_type": "ViTImageProcessor", "do_resize": True, "do_rescale": True,
    "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5] * 3,
    "image_std": [0.25] * 3, "resample": 2, "size": {"height": 224, "width": 224},
}  # fmt: skip


def written(folder, **changes):
    folder.mkdir(exist_ok=True)
    (folder / "model.safetensors").touch()
    (folder / "config.json").write_text(json.dumps(CONFIG | changes), "utf-8")
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPARED), "utf-8")
    return folder


def said(folder):
    return yaml.safe_load("detector:\n" + hub_text(folder, "huggingface"))["detector"]


def test_what_the_folder_states_is_written_and_no_class_is_chosen(tmp_path):
    found = said(written(tmp_path / "m"))
    assert found["format"] == "huggingface"
    assert found["input"] == {
        "height": 224, "width": 224, "color": OPEN, "channels": 3, "resize": "stretch",
        "interpolation": "pil_bilinear", "mean": [0.5] * 3, "std": [0.25] * 3, "intensity": "dtype",
    }  # fmt: skip
    assert found["output"] == {"kind": "softmax", "positive": OPEN}
    text = hub_text(tmp_path / "m", "huggingface")
    assert "0: normal, 1: fracture" in text
    assert "\n- x" not in text


def test_what_it_does_not_state_is_asked(tmp_path):
    folder = written(tmp_path / "m", id2label={"0": "a", "2": "b"}, image_size=[3, 4])
    found = said(folder)
    assert found["output"] == {"kind": OPEN, "positive": OPEN}
    (folder / "preprocessor_config.json").unlink()
    assert said(folder)["input"]["height"] == OPEN


def test_init_takes_the_folder_for_the_model(tmp_path):
    tiny_study(tmp_path / "study")
    text = starter(
        tmp_path / "study",
        inspect_dataset(tmp_path / "study"),
        written(tmp_path / "m"),
        tmp_path / "audit.yaml",
    )
    detector = yaml.safe_load(text)["detector"]
    assert (detector["format"], detector["weights"]) == ("huggingface", "m")
