"""Make ``import torchvision`` work beside a torch that its compiled operators do not fit.

The wheels of torchvision carry CUDA operators. Beside a CPU build of torch their library does not
load, and the import fails with "operator torchvision::nms does not exist". Classification models
need none of the operators: two schemas, defined before the import, are enough.
"""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@cache
def torchvision_models() -> ModuleType:
    """``torchvision.models``, with the operators defined where the compiled ones are absent."""
    define_missing_operators()
    return importlib.import_module("torchvision.models")


@cache
def define_missing_operators() -> torch.library.Library | None:
    """Define ``nms`` and ``qnms`` if the compiled library cannot be loaded.

    Returns:
        The library that must stay alive, or None where the compiled operators are there.
    """
    if _compiled_operators_load():
        return None
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        library.define(f"{name}{_SCHEMA}")  # type: ignore[no-untyped-call]
        library.impl(name, non_maximum_suppression, "CPU")  # type: ignore[no-untyped-call]
    return library


def _compiled_operators_load() -> bool:
    spec = importlib.util.find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        return False
    path = Path(spec.submodule_search_locations[0]) / "_C.so"
    try:
        torch.ops.load_library(str(path))  # type: ignore[no-untyped-call]
    except (ImportError, OSError):
        return False
    return True


def non_maximum_suppression(
    boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float, most: int | None = None
) -> torch.Tensor:
    """Indices of the boxes that no better box overlaps, best first.

    Args:
        boxes: (N, 4) as x1, y1, x2, y2.
        scores: (N,).
        iou_threshold: a box that overlaps a kept one by more than this is dropped.
        most: indices, the best ones; None for all.
    """
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order = scores.argsort(descending=True, stable=True)
    kept: list[int] = []
    while len(order) and (most is None or len(kept) < most):
        best, order = order[0], order[1:]
        kept.append(int(best))
        low = torch.maximum(boxes[best, :2], boxes[order, :2])
        high = torch.minimum(boxes[best, 2:], boxes[order, 2:])
        shared = (high - low).clamp(min=0).prod(dim=1)
        order = order[shared / (area[best] + area[order] - shared) <= iou_threshold]
    return torch.tensor(kept, dtype=torch.int64)
