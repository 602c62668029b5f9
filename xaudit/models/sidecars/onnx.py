"""An ONNX model beside the weights: the size of its input, and what its metadata says of it.

What it says is of the image that enters the graph. That is what enters the network only where the
graph begins with a convolution: elsewhere something was put before the network when it was
exported, and all is told and left open. So is everything where metadata that is not known here
speaks of the preparation.

Sources: onnx.proto; MetadataProps.md of ONNX (``Image.*``, read by Windows ML too); the QGIS plugin
Deepness (``standardization_*``, of pixels in [0, 1]).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from xaudit.core.text.json_text import read_json_text
from xaudit.models.files.onnx_outline import OnnxOutline, read_outline
from xaudit.models.sidecars.sidecar_facts import READ, Sidecar, normalization, whole_numbers

_PLANES = 4
_SHOWN = 120
_OF_SIZE = ("height", "width")
_OF_VALUES = ("mean", "std", "intensity")
# What pixels are when they enter, in words of `detector.input`; of 8 bits, as the format says.
_RANGES = {
    "normalized_0_1": ([0.0], [1.0]),
    "normalized_1_1": ([0.5], [0.5]),
    "nominalrange_0_255": ([0.0], [1 / 255]),
}
_COLORS = {"gray8": "gray", "rgb8": "rgb"}
_FORMAT, _GAMMA, _RANGE = (
    "image.bitmappixelformat", "image.colorspacegamma", "image.nominalpixelrange",
)  # fmt: skip
_MEAN, _STD = "standardization_mean", "standardization_std"
_PREPARES = re.compile(
    r"mean|std|scale|norm|pixel|range|resiz|crop|preproc|transform|colou?r|channel|gamma|interpol"
)


def of_onnx(path: Path) -> Sidecar | None:
    """What the model says; None where there is none that can be read.

    Args:
        path: of the model; nothing but its outline and its metadata is read.
    """
    outline = read_outline(path)
    if outline is None:
        return None
    name, metadata = path.name, {key.lower(): value for key, value in outline.metadata.items()}
    sides = _sides(outline)
    if outline.first != "Conv" or sides is None:
        shape = " x ".join("?" if one is None else str(one) for one in outline.shape)
        begins = (
            f"its graph begins with {outline.first or 'several layers'} on {shape or 'nothing'}"
        )
        told = f"{begins}, not with a convolution on N x C x H x W{_quoted(metadata)}"
        return Sidecar(name, {}, dict.fromkeys(READ, told), doubts=False)
    values, remarks = _values(metadata)
    return Sidecar(name, {**sides, **values}, remarks, doubts=False)


def _sides(outline: OnnxOutline) -> dict[str, object] | None:
    """Channels and, where they are fixed, height and width; None where it is no image."""
    if len(outline.shape) != 4:
        return None
    _, channels, *sides = outline.shape
    if channels is None or not 1 <= channels <= _PLANES:
        return None
    found: dict[str, object] = {"channels": channels}
    if whole_numbers(sides, 2) and min(side or 0 for side in sides) > _PLANES:
        found |= dict(zip(_OF_SIZE, sides, strict=True))
    return found


def _values(metadata: Mapping[str, str]) -> tuple[dict[str, object], dict[str, str]]:
    known = {_FORMAT, _GAMMA, _RANGE, _MEAN, _STD}
    strange = {key: one for key, one in metadata.items()
               if _PREPARES.search(key) and key not in known}  # fmt: skip
    if strange:
        why = f"its metadata is not known here{_quoted(strange)}"
        return {}, dict.fromkeys((*_OF_VALUES, "color", "resize", "crop_pct"), why)
    values, remarks = _image(metadata)
    if _MEAN in metadata or _STD in metadata:
        if _RANGE in metadata:
            return {}, dict.fromkeys(_OF_VALUES, f"it says both{_quoted(metadata)}")
        scale, told = normalization(*(_numbers(metadata.get(key)) for key in (_MEAN, _STD)))
        values, remarks = values | scale, remarks | told
    return values, remarks


def _image(metadata: Mapping[str, str]) -> tuple[dict[str, object], dict[str, str]]:
    """Color, mean, standard deviation and intensity by the keys that ONNX has for images."""
    layout, span = (metadata.get(key, "").lower() for key in (_FORMAT, _RANGE))
    values: dict[str, object] = {}
    remarks: dict[str, str] = {}
    if layout in _COLORS:
        values["color"] = _COLORS[layout]
    elif layout:
        remarks["color"] = f"it says {layout}, which cannot be declared"
    if metadata.get(_GAMMA, "srgb").lower() != "srgb" or (span and span not in _RANGES):
        return values, remarks | dict.fromkeys(_OF_VALUES, f"it says{_quoted(metadata)}")
    if span:
        values["mean"], values["std"] = _RANGES[span]
        if layout in _COLORS:
            values["intensity"] = "dtype"
    return values, remarks


def _numbers(text: str | None) -> object:
    """The list that a value holds as JSON; the text itself where it holds none."""
    try:
        return None if text is None else read_json_text(text)
    except ValueError:
        return text


def _quoted(metadata: Mapping[str, str]) -> str:
    said = ", ".join(f"{key} {value}" for key, value in metadata.items() if _PREPARES.search(key))
    return f": {said[:_SHOWN]}" if said else ""
