"""`format: onnx`: a network of torch where that is shown to be the same, or onnxruntime."""

from __future__ import annotations

from pathlib import Path

import torch

from xaudit.core.detector import Scores
from xaudit.errors import InstallError
from xaudit.models.formats import MODEL_FORMATS
from xaudit.models.spec import DetectorSpec


@MODEL_FORMATS.register("onnx")
def read(
    path: Path, output: str = "", layout: str = "auto", convert: bool = True, *, spec: DetectorSpec
) -> Scores | torch.nn.Module:
    """Read an ONNX model.

    Args:
        path: of the file; tensors may lie in files beside it.
        output: name of the output that holds the scores; empty where there is one.
        layout: of the images that it takes: "NCHW", "NHWC", or "auto" to go by its shape.
        convert: whether gradients and feature maps are wanted, through a network of torch.
        spec: how the detector is declared.

    Raises:
        InstallError: a package of the extra is not installed.
        DetectorError: the file cannot be run, or not as it is declared.
    """
    try:
        from xaudit.models.onnx.model import read_model  # noqa: PLC0415
    except ImportError as error:
        raise InstallError(
            f"detector.format onnx needs the package {error.name}: pip install 'xaudit[onnx]'"
        ) from error
    return read_model(path, spec, output=output, layout=layout, convert=convert)
