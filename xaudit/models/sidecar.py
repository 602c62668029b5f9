"""What a file beside the weights says of how an image was prepared, as far as it can be declared.

timm writes ``config.json`` (its ``pretrained_cfg``), Hugging Face ``preprocessor_config.json``.
What they say and xaudit cannot declare exactly (a margin that is cut off after resizing) is told
and left open. Sources: timm.data.transforms_factory, transformers' image processors.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Values = Mapping[str, object]
_MAX_BYTES = 1024 * 1024
_HUB = "preprocessor_config.json"
_TIMM = "config.json"
# By the numbers of Pillow, which timm and Hugging Face resize with.
_PIL = {1: "pil_lanczos", 2: "pil_bilinear", 3: "pil_bicubic", 4: "pil_box"}
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
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _timm(name: str, content: dict[str, Any]) -> Sidecar | None:
    given = content.get("pretrained_cfg", content)
    size = given.get("input_size") if isinstance(given, dict) else None
    if not isinstance(size, list) or not _numbers(size, 3):
        return None
    values: dict[str, object] = {"height": size[1], "width": size[2], "channels": size[0]}
    remarks: dict[str, str] = {}
    values |= _normalization(given.get("mean"), given.get("std"))
    # timm's loader divides 8-bit pixels by 255.
    values["intensity"] = "dtype"
    if (kind := f"pil_{given.get('interpolation')}") in _PIL.values():
        values["interpolation"] = kind
    share, mode = given.get("crop_pct", 0.875), given.get("crop_mode", "center")
    if share == 1 and mode in _MODES:
        values["resize"] = _MODES[mode]
    else:
        remarks["resize"] = f"it says crop_pct {share}, crop_mode {mode}: {_MARGIN}"
    named = content.get("architecture") or given.get("architecture")
    return Sidecar(name, values, remarks, f"timm:{named}" if isinstance(named, str) else None)


_MARGIN = "a margin is cut off after resizing; none of letterbox, stretch, crop is exactly that"


def _hub(name: str, content: dict[str, Any]) -> Sidecar | None:
    if not any(key in content for key in ("image_mean", "image_std", "do_normalize", "do_rescale")):
        return None
    values: dict[str, object] = {}
    remarks: dict[str, str] = {}
    if content.get("do_normalize", True):
        values |= _normalization(content.get("image_mean"), content.get("image_std"))
    else:
        values |= {"mean": [0.0], "std": [1.0]}
    factor = content.get("rescale_factor", 1 / 255)
    if content.get("do_rescale", True) and _is(factor, 1 / 255):
        values["intensity"] = "dtype"
    else:
        # Mean and standard deviation are then on another scale than [0, 1].
        values = {}
        remarks |= dict.fromkeys(("mean", "std", "intensity"), f"it rescales by {factor}")
    if content.get("resample") in _PIL:
        values["interpolation"] = _PIL[content["resample"]]
    size, remark = _hub_size(content)
    return Sidecar(name, {**values, **size}, {**remarks, **remark})


def _hub_size(content: dict[str, Any]) -> tuple[Values, Mapping[str, str]]:
    """Height, width and resize, from the sizes that an image processor has."""
    size, crop = _sides(content.get("size")), _sides(content.get("crop_size"))
    cropped = bool(content.get("do_center_crop")) and crop is not None
    short = content["size"].get("shortest_edge") if isinstance(content.get("size"), dict) else None
    if not cropped and size is not None and "crop_pct" not in content:
        return {"height": size[0], "width": size[1], "resize": "stretch"}, {}
    if not cropped or crop is None:
        return {}, {"resize": f"it says size {content.get('size')}"}
    values: dict[str, object] = {"height": crop[0], "width": crop[1]}
    if short == crop[0] == crop[1]:
        return values | {"resize": "crop"}, {}
    return values, {"resize": f"it says size {content.get('size')}, crop_size {crop}: {_MARGIN}"}


def _sides(size: object) -> tuple[int, int] | None:
    if isinstance(size, int) and not isinstance(size, bool):
        return size, size
    if isinstance(size, dict) and _numbers([size.get("height"), size.get("width")], 2):
        return size["height"], size["width"]
    return None


def _normalization(mean: object, std: object) -> dict[str, object]:
    pairs = (("mean", mean), ("std", std))
    return {
        key: [float(one) for one in value]
        for key, value in pairs
        if isinstance(value, Sequence) and _numbers(value, len(value)) and len(value) in {1, 3, 4}
    }


def _numbers(values: object, count: int) -> bool:
    return (
        isinstance(values, list | tuple)
        and len(values) == count
        and all(isinstance(one, int | float) and math.isfinite(one) for one in values)
    )


def _is(value: object, expected: float) -> bool:
    return isinstance(value, int | float) and math.isclose(value, expected, rel_tol=1e-3)
