"""What timm's and Hugging Face's files say; what xaudit cannot declare exactly stays open."""

import json
import math
import re

import pytest

from xaudit.models.sidecars.read import read_sidecars

TIMM = {
    "architecture": "resnet18",
    "num_classes": 2,
    "pretrained_cfg": {
        "input_size": [3, 288, 256],
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "interpolation": "bicubic",
        "crop_pct": 1.0,
        "crop_mode": "center",
    },
}
HUB = {
    "image_processor_type": "ViTImageProcessor",
    "do_resize": True,
    "size": {"height": 224, "width": 192},
    "resample": 2,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.25, 0.25, 0.25],
}


def beside(tmp_path, name, content):
    (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    (said,) = read_sidecars(tmp_path / "w.safetensors")
    return said


def test_timm_answers(tmp_path):
    found = beside(tmp_path, "config.json", TIMM)
    assert found.values == {
        "height": 288, "width": 256, "channels": 3, "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225], "intensity": "dtype", "interpolation": "pil_bicubic",
        "resize": "crop", "crop_pct": 1.0,
    }  # fmt: skip
    assert (found.source, found.architecture) == ("config.json", "timm:resnet18")


@pytest.mark.parametrize(
    ("share", "mode", "resize"),
    [(1.0, "squash", "stretch"), (1.0, "border", "letterbox"), (0.875, "center", "crop"),
     (0.95, "squash", "stretch"), (None, None, "crop"), (1.0, "other", None),
     (1.1, "center", None), ("all", "center", None)],
)  # fmt: skip
def test_a_margin_that_is_cut_off_is_declared_as_timm_says_it(tmp_path, share, mode, resize):
    changed = TIMM["pretrained_cfg"] | {"crop_pct": share, "crop_mode": mode}
    found = beside(tmp_path, "config.json", TIMM | {"pretrained_cfg": changed})
    assert found.values.get("resize") == resize
    # 0.875 is timm's own where nothing is said.
    assert found.values.get("crop_pct") == (None if resize is None else share or 0.875)
    for key in ("resize", "crop_pct"):
        assert (key in found.remarks) == (resize is None)


def test_hugging_face_answers(tmp_path):
    found = beside(tmp_path, "preprocessor_config.json", HUB)
    assert found.values == {
        "height": 224, "width": 192, "resize": "stretch", "interpolation": "pil_bilinear",
        "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "intensity": "dtype",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "key", "value"),
    [
        ({"size": 384}, "resize", "stretch"),
        ({"size": 384}, "height", 384),
        ({"size": {"shortest_edge": 224}, "do_center_crop": True, "crop_size": 224},
         "resize", "crop"),
        ({"size": 384, "default_to_square": False}, "resize", None),
        ({"do_resize": False}, "resize", None),
        ({"do_resize": False}, "height", None),
        ({"do_resize": False}, "interpolation", None),
        ({"image_processor_type": "DeiTImageProcessor"}, "resize", None),
        ({"image_processor_type": "CLIPImageProcessor", "do_center_crop": False, "size": 224},
         "resize", None),
        ({"image_processor_type": "ViTImageProcessorFast"}, "interpolation", None),
        ({"image_processor_type": "ViTImageProcessorFast"}, "resize", "stretch"),
        ({"do_rescale": False, "image_mean": [123.7], "image_std": [58.4]}, "mean", None),
        ({"image_mean": [123.7], "image_std": [58.4]}, "mean", None),
        ({"image_mean": [123.7], "image_std": [58.4]}, "std", None),
        ({"image_std": [0.0, 0.1, 0.1]}, "std", None),
        ({"do_pad": False, "include_top": False}, "resize", "stretch"),
        ({"size": {"shortest_edge": 256}, "do_center_crop": True, "crop_size": 224},
         "resize", "crop"),
        ({"size": {"shortest_edge": 256}, "do_center_crop": True, "crop_size": 224},
         "crop_pct", 0.875),
        ({"size": {"shortest_edge": 200}, "do_center_crop": True, "crop_size": 224},
         "resize", None),
        ({"size": {"shortest_edge": 224}}, "height", None),
        ({"do_normalize": False}, "mean", [0.0]),
        ({"do_rescale": False}, "mean", None),
        ({"rescale_factor": 1 / 127.5}, "std", None),
        ({"rescale_factor": 1 / 127.5}, "intensity", None),
        ({"resample": 0}, "interpolation", None),
        ({"image_mean": "half"}, "mean", None),
    ],
)  # fmt: skip
def test_hugging_face_answers_what_can_be_declared(tmp_path, change, key, value):
    assert beside(tmp_path, "preprocessor_config.json", HUB | change).values.get(key) == value


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"image_processor_type": "EfficientNetImageProcessor", "include_top": True},
         "normalizes twice"),
        ({"image_processor_type": "EfficientNetImageProcessor"}, "EfficientNetImageProcessor"),
        ({"rescale_offset": True}, r"\[-1, 1\]"),
        ({"keep_aspect_ratio": True}, "keeps the aspect"),
        ({"do_pad": True}, "pads"),
        ({"do_flip_channel_order": True}, "BGR"),
        ({"do_invert": True}, "do_invert, which is not known"),
        ({"crop_pct": 0.9}, "crop_pct, which is not known"),
        ({"image_processor_type": "ConvNextFeatureExtractor", "size": 224}, "ConvNext"),
        ({"image_processor_type": "LevitImageProcessor"}, "Levit"),
        ({"image_processor_type": None}, "names no processor"),
    ],
)  # fmt: skip
def test_one_unknown_step_leaves_everything_open(tmp_path, change, told):
    found = beside(tmp_path, "preprocessor_config.json", HUB | change)
    assert found.values == {}
    for key in ("height", "width", "resize", "interpolation", "mean", "std", "intensity"):
        assert re.search(told, found.remarks[key])


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"input_size": [224, 224, 3]}, "width"),
        ({"input_size": [3, 224.0, 224]}, "width"),
        ({"input_size": [3, -1, 224]}, "height"),
        ({"mean": [123.675, 116.28, 103.53]}, "mean"),
        ({"std": [58.4, 57.1, 57.4]}, "mean"),
        ({"invert": True}, "mean"),
    ],
)
def test_timm_s_values_that_cannot_be_meant_stay_open(tmp_path, change, key):
    changed = TIMM["pretrained_cfg"] | change
    found = beside(tmp_path, "config.json", TIMM | {"pretrained_cfg": changed})
    assert key not in found.values
    assert key in found.remarks


@pytest.mark.parametrize("text", ["[]", "{}", "no json", '{"size": "big"}', '{"input_size": 3}'])
def test_other_files_answer_nothing(tmp_path, text):
    for name in ("config.json", "preprocessor_config.json", "w.json"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert not any(one.values for one in read_sidecars(tmp_path / "w.safetensors"))
    assert read_sidecars(tmp_path / "none" / "w.pt") == ()


@pytest.mark.parametrize("size", range(224, 420))
def test_the_share_of_a_crop_gives_back_the_size_that_is_resized_to(tmp_path, size):
    change = {"size": {"shortest_edge": size}, "do_center_crop": True, "crop_size": 224}
    share = beside(tmp_path, "preprocessor_config.json", HUB | change).values["crop_pct"]
    assert math.floor(224 / share) == size
