"""Resizing as a library does it, to the last digit: Pillow, OpenCV and torch differ.

A detector has learned from pixels that one library made. Each name here is a call of that library
on the stored pixels: 8-bit files stay 8 bits and are rounded after the resize, as they are in
training code that reads them so (Pillow, OpenCV, torch's kinds of uint8); deeper files and torch's
other kinds are float32.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from xaudit.core.case import FloatArray
from xaudit.core.detector import Interpolation
from xaudit.errors import InstallError

Levels = npt.NDArray[np.uint8] | FloatArray
"""(H, W) or (H, W, 3): 8-bit levels, or float32 in [0, 1]."""

_Resize = Callable[[Levels, tuple[int, int]], npt.NDArray[Any]]

FAMILIES: tuple[tuple[Interpolation, ...], ...] = (
    ("area", "pil_box", "cv2_area", "torch_area"),
    (
        "bilinear", "pil_bilinear", "cv2_linear", "torch_bilinear", "torch_bilinear_antialias",
        "torch_bilinear_uint8", "torch_bilinear_rounded",
    ),
    (
        "bicubic", "pil_bicubic", "cv2_cubic", "torch_bicubic", "torch_bicubic_antialias",
        "torch_bicubic_uint8", "torch_bicubic_rounded",
    ),
)  # fmt: skip
"""Kinds that training code calls by one word, and that give different pixels."""


def resized(
    pixels: FloatArray, size: tuple[int, int], kind: Interpolation, *, eight_bit: bool
) -> FloatArray:
    """An image as a library resizes it.

    Args:
        pixels: (H, W) or (H, W, 3) in [0, 1].
        size: (height, width) of the result.
        kind: a name of `LIBRARIES`.
        eight_bit: whether the pixels are levels of 8 bits, divided by 255.

    Returns:
        (h, w) or (h, w, 3) in [0, 1]; overshoot of cubic filters is clipped.

    Raises:
        InstallError: the library is not installed.
    """
    rounded = eight_bit and kind not in _FLOAT32
    levels = np.rint(pixels * 255).astype(np.uint8) if rounded else np.ascontiguousarray(pixels)
    made = LIBRARIES[kind](levels, size)
    scale = np.float32(255 if rounded else 1)
    return np.asarray(np.clip(made.astype(np.float32) / scale, 0, 1), dtype=np.float32)


def _pil(levels: Levels, size: tuple[int, int], *, kind: Image.Resampling) -> npt.NDArray[Any]:
    if levels.ndim == 3 and levels.dtype != np.uint8:
        # Pillow has no color of float32; its filters treat every channel alike.
        planes = [_pil(levels[..., channel], size, kind=kind) for channel in range(3)]
        return np.stack(planes, axis=-1)
    return np.asarray(Image.fromarray(levels).resize(size[::-1], kind))


def _cv2(levels: Levels, size: tuple[int, int], *, kind: str) -> npt.NDArray[Any]:
    cv2: Any = _library("cv2", "opencv-python-headless")
    return cast(
        "npt.NDArray[Any]", cv2.resize(levels, size[::-1], interpolation=getattr(cv2, kind))
    )


def _torch(
    levels: Levels, size: tuple[int, int], *, mode: str, antialias: bool = False
) -> npt.NDArray[Any]:
    torch: Any = _library("torch", "torch")
    planes = torch.from_numpy(np.moveaxis(np.atleast_3d(levels), 2, 0).copy())[None]
    align = None if mode == "area" else False
    made = torch.nn.functional.interpolate(
        planes, size, mode=mode, align_corners=align, antialias=antialias
    )
    return np.asarray(np.moveaxis(made[0].numpy(), 0, 2).reshape(*size, *levels.shape[2:]))


def _torch_uint8(
    levels: Levels, size: tuple[int, int], *, mode: str, native: bool
) -> npt.NDArray[Any]:
    """What torchvision does to tensors of uint8; deeper ones are float32 there too.

    Args:
        levels: of the image.
        size: (height, width) of the result.
        mode: bilinear or bicubic, antialiased.
        native: as transforms.v2 on a processor, which calls torch's kernel for uint8; else in
            float32 and then rounded, as transforms.v1 and v2 on a GPU.
    """
    if native or levels.dtype != np.uint8:
        return _torch(levels, size, mode=mode, antialias=True)
    made = _torch(levels.astype(np.float32), size, mode=mode, antialias=True)
    return np.asarray(np.rint(np.clip(made, 0, 255)), dtype=np.uint8)


def _library(module: str, package: str) -> ModuleType:
    # Only where a study asks for it: the gate and the card do without torch.
    try:
        return import_module(module)
    except ImportError as error:
        raise InstallError(
            f"detector.input.interpolation needs the library {module}: pip install {package}, or "
            "declare area, bilinear or bicubic"
        ) from error


LIBRARIES: dict[str, _Resize] = {
    "pil_box": partial(_pil, kind=Image.Resampling.BOX),
    "pil_bilinear": partial(_pil, kind=Image.Resampling.BILINEAR),
    "pil_bicubic": partial(_pil, kind=Image.Resampling.BICUBIC),
    "pil_lanczos": partial(_pil, kind=Image.Resampling.LANCZOS),
    "cv2_area": partial(_cv2, kind="INTER_AREA"),
    "cv2_linear": partial(_cv2, kind="INTER_LINEAR"),
    "cv2_cubic": partial(_cv2, kind="INTER_CUBIC"),
    "torch_area": partial(_torch, mode="area"),
    "torch_bilinear": partial(_torch, mode="bilinear"),
    "torch_bilinear_antialias": partial(_torch, mode="bilinear", antialias=True),
    "torch_bicubic": partial(_torch, mode="bicubic"),
    "torch_bicubic_antialias": partial(_torch, mode="bicubic", antialias=True),
    "torch_bilinear_uint8": partial(_torch_uint8, mode="bilinear", native=True),
    "torch_bicubic_uint8": partial(_torch_uint8, mode="bicubic", native=True),
    "torch_bilinear_rounded": partial(_torch_uint8, mode="bilinear", native=False),
    "torch_bicubic_rounded": partial(_torch_uint8, mode="bicubic", native=False),
}
_FLOAT32 = frozenset(
    library
    for library in LIBRARIES
    if library.startswith("torch") and not library.endswith(("uint8", "rounded"))
)
