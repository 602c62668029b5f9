"""What a file beside the weights says of how an image was prepared, as far as it can be declared.

timm writes ``config.json`` (its ``pretrained_cfg``), Hugging Face ``preprocessor_config.json``.
What they say and xaudit cannot declare exactly (a margin that is cut off after resizing) is told
and left open. So is everything where one key or processor is not known here: an unknown step may
change what all others mean. Sources: timm.data.transforms_factory, timm.models.PretrainedCfg,
transformers' image processors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xaudit.core.json_text import read_json_text

Values = Mapping[str, object]
_PLANES = 4
_MAX_BYTES = 1024 * 1024
_HUB = "preprocessor_config.json"
_TIMM = "config.json"
# By the numbers of Pillow, which timm and Hugging Face resize with.
_PIL = {1: "pil_lanczos", 2: "pil_bilinear", 3: "pil_bicubic", 4: "pil_box"}
_READ = ("height", "width", "resize", "interpolation", "mean", "std", "intensity")
_OF_TIMM = (
    "url file state_dict hf_hub_id hf_hub_filename source architecture tag custom_load input_size "
    "test_input_size min_input_size fixed_input_size interpolation crop_pct test_crop_pct "
    "crop_mode mean std num_classes label_offset label_names label_descriptions pool_size "
    "test_pool_size first_conv classifier license description origin_url paper_name paper_ids "
    "notes pretrained_cfg num_features global_pool model_args"
)
# A processor that resizes, crops, rescales and normalizes, once each and in this order, and
# whether a size of one number means a square.
_PLAIN = {
    "ViT": True, "DeiT": True, "Beit": True, "Siglip": True,
    "CLIP": False, "Bit": False, "MobileNetV1": False, "MobileNetV2": False,
}  # fmt: skip
_CROPLESS = {"ViT", "Siglip"}
_OF_HUB = (
    "image_processor_type feature_extractor_type processor_class do_resize size resample "
    "do_center_crop crop_size do_rescale rescale_factor do_normalize image_mean image_std "
    "do_convert_rgb do_reduce_labels return_tensors default_to_square"
)
_ACTIVE = {
    "include_top": "normalizes twice, which divides by image_std squared",
    "rescale_offset": "brings pixels to [-1, 1] before it normalizes",
    "do_pad": "pads the image",
    "keep_aspect_ratio": "keeps the aspect",
    "do_flip_channel_order": "turns RGB into BGR",
}
_MODES = {"center": "crop", "squash": "stretch", "border": "letterbox"}


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What it answers.

    Attributes:
        source: name of the file; empty without one.
        values: keys of `detector.input` → value.
        remarks: key → what the file says that cannot be declared as it is.
        architecture: of timm, if it names one.
    """

    source: str = ""
    values: Values = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    architecture: str | None = None


def read_sidecar(weights: Path) -> Sidecar:
    """The first of the known files that lies beside the weights and says something.

    Args:
        weights: the file of weights.
    """
    for name, read in ((f"{weights.stem}.json", _timm), (_TIMM, _timm), (_HUB, _hub)):
        content = _content(weights.with_name(name))
        found = read(name, content) if content else None
        if found is not None:
            return found
    return Sidecar()


def _content(path: Path) -> dict[str, Any] | None:
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return None
        content = read_json_text(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _timm(name: str, content: dict[str, Any]) -> Sidecar | None:
    given = content.get("pretrained_cfg", content)
    if not isinstance(given, dict) or "input_size" not in given:
        return None
    named = content.get("architecture") or given.get("architecture")
    architecture = f"timm:{named}" if isinstance(named, str) else None
    unknown = [key for key in {**content, **given} if key not in _OF_TIMM.split()]
    size = given["input_size"]
    if unknown or not _whole(size, 3) or not size[0] <= _PLANES < min(size[1:]):
        why = f"{unknown[0]}, which is not known here" if unknown else f"input_size {size}"
        return Sidecar(name, {}, dict.fromkeys(_READ, f"it says {why}"), architecture)
    values: dict[str, object] = {"height": size[1], "width": size[2], "channels": size[0]}
    scale, remarks = _normalization(given.get("mean"), given.get("std"))
    # timm's loader divides 8-bit pixels by 255.
    values |= {**scale, "intensity": "dtype"}
    if (kind := f"pil_{given.get('interpolation')}") in _PIL.values():
        values["interpolation"] = kind
    share, mode = given.get("crop_pct", 0.875), given.get("crop_mode", "center")
    if share == 1 and isinstance(mode, str) and mode in _MODES:
        values["resize"] = _MODES[mode]
    else:
        remarks["resize"] = f"it says crop_pct {share}, crop_mode {mode}: {_MARGIN}"
    return Sidecar(name, values, remarks, architecture)


_MARGIN = "a margin is cut off after resizing; none of letterbox, stretch, crop is exactly that"


def _hub(name: str, content: dict[str, Any]) -> Sidecar | None:
    if not any(key in content for key in ("image_mean", "image_std", "do_normalize", "do_rescale")):
        return None
    unclear = _unclear(content)
    if unclear:
        return Sidecar(name, {}, dict.fromkeys(_READ, unclear))
    values, remarks = _hub_scale(content)
    size, remark = _hub_size(content)
    if str(_processor(content)).endswith("Fast"):
        remark |= {"interpolation": "a Fast processor resizes with torchvision, not with Pillow"}
    elif size and (kind := _PIL.get(_number(content.get("resample")))):
        size["interpolation"] = kind
    return Sidecar(name, {**values, **size}, {**remarks, **remark})


def _number(value: object) -> int:
    return value if type(value) is int else 0


def _processor(content: Mapping[str, object]) -> object:
    return content.get("image_processor_type") or content.get("feature_extractor_type")


def _family(content: Mapping[str, object]) -> str:
    """Of "ViTImageProcessorFast" and "ViTFeatureExtractor" it is "ViT"."""
    name = str(_processor(content)).removesuffix("Fast")
    return name.removesuffix("ImageProcessor").removesuffix("FeatureExtractor")


def _unclear(content: Mapping[str, object]) -> str:
    """Why nothing of it can be declared; empty if all of it is known."""
    for key, value in content.items():
        if key in _ACTIVE and value:
            return f"it says {key}: it {_ACTIVE[key]}; {_quoted(content)}"
        if key not in _OF_HUB.split() and key not in _ACTIVE and value is not None:
            return f"it says {key}, which is not known here; {_quoted(content)}"
    if _family(content) not in _PLAIN:
        named = _processor(content) or "no processor (image_processor_type)"
        return f"it names {named}, whose steps are not known here; {_quoted(content)}"
    return ""


def _quoted(content: Mapping[str, object]) -> str:
    said = (f"{key} {content[key]}" for key in ("size", "image_mean", "image_std")
            if key in content)  # fmt: skip
    return f"beside {', '.join(said)}"


def _hub_scale(content: Mapping[str, object]) -> tuple[dict[str, object], dict[str, str]]:
    """Mean, standard deviation and intensity."""
    factor = content.get("rescale_factor", 1 / 255)
    if not (content.get("do_rescale", True) and _is(factor, 1 / 255)):
        # Mean and standard deviation are then on another scale than [0, 1].
        told = f"rescales by {factor}" if content.get("do_rescale", True) else "does not rescale"
        return {}, dict.fromkeys(("mean", "std", "intensity"), f"it {told}")
    if not content.get("do_normalize", True):
        return {"mean": [0.0], "std": [1.0], "intensity": "dtype"}, {}
    values, remarks = _normalization(content.get("image_mean"), content.get("image_std"))
    return values | {"intensity": "dtype"}, remarks


def _hub_size(content: Mapping[str, Any]) -> tuple[dict[str, object], dict[str, str]]:
    """Height, width and resize, from the sizes that an image processor has."""
    family, size = _family(content), content.get("size")
    square = _PLAIN[family] and content.get("default_to_square", True)
    cropped = content.get("do_center_crop", False if family in _CROPLESS else None)
    if cropped is None or not content.get("do_resize", True):
        told = f"do_resize {content.get('do_resize', True)}, do_center_crop {cropped}"
        return {}, dict.fromkeys(("height", "width", "resize", "interpolation"), f"it says {told}")
    # A crop of one number is a square for every processor.
    sides, crop = _sides(size, bool(square)), _sides(content.get("crop_size"), square=True)
    if not cropped and sides is not None:
        return {"height": sides[0], "width": sides[1], "resize": "stretch"}, {}
    if not cropped or crop is None:
        return {}, dict.fromkeys(("height", "width", "resize"), f"it says size {size}")
    values: dict[str, object] = {"height": crop[0], "width": crop[1]}
    if size == {"shortest_edge": crop[0]} and crop[0] == crop[1]:
        return values | {"resize": "crop"}, {}
    return values, {"resize": f"it says size {size}, crop_size {crop}: {_MARGIN}"}


def _sides(size: object, square: bool) -> tuple[int, int] | None:
    if square and _whole([size], 1):
        assert isinstance(size, int)
        return size, size
    if isinstance(size, dict) and size.keys() == {"height", "width"}:
        sides = (size["height"], size["width"])
        return sides if _whole(sides, 2) else None
    return None


def _normalization(mean: object, std: object) -> tuple[dict[str, object], dict[str, str]]:
    """Both, or neither: of pixels in [0, 1] no mean lies above 1, and no deviation."""
    said = {"mean": mean, "std": std}
    if mean is None and std is None:
        return {}, {}
    if not all(_shares(one) for one in said.values()) or 0 in _list(std):
        told = f"it says mean {mean}, std {std}; both have to speak of pixels in [0, 1]"
        return {}, dict.fromkeys(said, told)
    return {key: [float(one) for one in _list(value)] for key, value in said.items()}, {}


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _shares(value: object) -> bool:
    numbers = _list(value)
    return (
        len(numbers) in {1, 3, 4}
        and all(type(one) in {int, float} and math.isfinite(one) for one in numbers)
        and min(numbers) >= 0
        and max(numbers) <= 1
    )


def _whole(values: object, count: int) -> bool:
    numbers = _list(values)
    return len(numbers) == count and all(type(one) is int and one > 0 for one in numbers)


def _is(value: object, expected: float) -> bool:
    return isinstance(value, int | float) and math.isclose(value, expected, rel_tol=1e-3)
