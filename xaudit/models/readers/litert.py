"""Models of LiteRT (TensorFlow Lite), as a phone or a scanner would run them: scores alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xaudit.core.case import FloatArray
from xaudit.errors import DetectorError, InstallError
from xaudit.models.formats import MODEL_FORMATS

_COLORS = {1, 3}


class LiteRtScores:
    """A model in its interpreter; whole numbers of a quantized one are turned as it says.

    Args:
        interpreter: of LiteRT, with tensors allocated.
        path: for messages.
    """

    def __init__(self, interpreter: Any, path: Path) -> None:  # noqa: ANN401
        self._interpreter = interpreter
        self._input = _only(interpreter.get_input_details(), "input", path)
        self._output = _only(interpreter.get_output_details(), "output", path)
        shape = tuple(self._input["shape"])
        if len(shape) != 4:
            raise DetectorError(f"{path}: expected a model of images (N, H, W, C), takes {shape}")
        self._channels_last = shape[3] in _COLORS or shape[1] not in _COLORS
        self._any_number = int(self._input["shape_signature"][0]) == -1

    def __call__(self, planes: FloatArray) -> FloatArray:
        """See `xaudit.core.detector.Scores`."""
        images = np.moveaxis(planes, 1, 3) if self._channels_last else planes
        parts = [images] if self._any_number else np.split(images, len(images))
        return np.concatenate([self._answer(part) for part in parts])

    def _answer(self, images: FloatArray) -> FloatArray:
        if images.shape != tuple(self._interpreter.get_input_details()[0]["shape"]):
            # Only what the model leaves open may change: another size would compute something else.
            self._interpreter.resize_tensor_input(self._input["index"], images.shape, strict=True)
            self._interpreter.allocate_tensors()
        self._interpreter.set_tensor(self._input["index"], _quantized(images, self._input))
        self._interpreter.invoke()
        found = _real(self._interpreter.get_tensor(self._output["index"]), self._output)
        return found.reshape(len(images), -1) if found.ndim < 2 else found


@MODEL_FORMATS.register("litert")
def read(path: Path) -> LiteRtScores:
    """Read a .tflite file.

    Args:
        path: of the file.

    Raises:
        DetectorError: it is damaged, needs operators that the interpreter does not have, or is
            no model of one image with one output.
        InstallError: the interpreter is not installed.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415
    except ImportError:
        raise InstallError(
            "format litert needs ai-edge-litert: pip install 'xaudit[litert]'"
        ) from None
    interpreter = Interpreter(model_path=str(path), num_threads=torch.get_num_threads())
    interpreter.allocate_tensors()
    return LiteRtScores(interpreter, path)


def _only(details: list[dict[str, Any]], what: str, path: Path) -> dict[str, Any]:
    if len(details) != 1:
        names = ", ".join(str(detail["name"]) for detail in details) or "none"
        raise DetectorError(f"{path}: expected a model with one {what}, it has: {names}")
    return details[0]


def _quantized(images: FloatArray, details: Mapping[str, Any]) -> np.ndarray:
    """As the model takes numbers; what lies outside of its range becomes the nearest in it."""
    kind = np.dtype(details["dtype"])
    if kind.kind == "f":
        return np.ascontiguousarray(images, dtype=kind)
    scale, zero = details["quantization"]
    limits = np.iinfo(kind)
    steps = images / scale + zero if scale else images
    return np.ascontiguousarray(np.clip(np.round(steps), limits.min, limits.max), dtype=kind)


def _real(values: np.ndarray, details: Mapping[str, Any]) -> FloatArray:
    scale, zero = details["quantization"]
    found = values.astype(np.float32)
    if values.dtype.kind != "f" and scale:
        found = np.float32(scale) * (found - np.float32(zero))
    return np.asarray(found, dtype=np.float32)
