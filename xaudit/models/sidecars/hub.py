"""Hugging Face's ``preprocessor_config.json``.

Everything is left open where one key or processor is not known here: an unknown step may change
what all others mean. Source: transformers' image processors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from xaudit.models.sidecars.sidecar_facts import PIL, READ, Sidecar, normalization, whole_numbers

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


def of_hub(name: str, content: dict[str, Any]) -> Sidecar | None:
    """What the file says; None if it is none of an image processor.

    Args:
        name: of the file.
        content: its JSON.
    """
    if not any(key in content for key in ("image_mean", "image_std", "do_normalize", "do_rescale")):
        return None
    unclear = _unclear(content)
    if unclear:
        return Sidecar(name, {}, dict.fromkeys(READ, unclear))
    values, remarks = _hub_scale(content)
    size, remark = _hub_size(content)
    if str(_processor(content)).endswith("Fast"):
        remark |= {"interpolation": "a Fast processor resizes with torchvision, not with Pillow"}
    elif size and (kind := PIL.get(_number(content.get("resample")))):
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
    if not (content.get("do_rescale", True) and _is_about(factor, 1 / 255)):
        # Mean and standard deviation are then on another scale than [0, 1].
        told = f"rescales by {factor}" if content.get("do_rescale", True) else "does not rescale"
        return {}, dict.fromkeys(("mean", "std", "intensity"), f"it {told}")
    if not content.get("do_normalize", True):
        return {"mean": [0.0], "std": [1.0], "intensity": "dtype"}, {}
    values, remarks = normalization(content.get("image_mean"), content.get("image_std"))
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
        return {}, dict.fromkeys(("height", "width", "resize", "crop_pct"), f"it says size {size}")
    values: dict[str, object] = {"height": crop[0], "width": crop[1]}
    short: Any = size.get("shortest_edge") if isinstance(size, dict) and len(size) == 1 else 0
    if whole_numbers([short], 1) and crop[0] == crop[1] <= short:
        return values | {"resize": "crop", "crop_pct": _share(crop[0], short)}, {}
    told = f"it says size {size}, crop_size {crop}, which cannot be declared"
    return values, dict.fromkeys(("resize", "crop_pct"), told)


def _share(crop: int, size: int) -> float:
    """What `crop_pct` has to be for an image that is resized to this size."""
    share = crop / size
    return share if math.floor(crop / share) == size else math.nextafter(share, 0)


def _sides(size: object, square: bool) -> tuple[int, int] | None:
    if square and whole_numbers([size], 1):
        assert isinstance(size, int)
        return size, size
    if isinstance(size, dict) and size.keys() == {"height", "width"}:
        sides = (size["height"], size["width"])
        return sides if whole_numbers(sides, 2) else None
    return None


def _is_about(value: object, expected: float) -> bool:
    return isinstance(value, int | float) and math.isclose(value, expected, rel_tol=1e-3)
