"""Make ``import torchvision`` work beside a torch that its compiled operators do not fit.

The wheels of torchvision carry CUDA operators. Beside a CPU build of torch their library does not
load, and the import fails with "operator torchvision::nms does not exist". Classification models
need none of the operators: two schemas, defined before the import, are enough. Models that draw
boxes need ``nms`` and ``roi_align``: both are here in torch, behind the same names.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import avg_pool2d, grid_sample

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_ROI_ALIGN = (
    "roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, "
    "int pooled_width, int sampling_ratio, bool aligned) -> Tensor"
)
_AT_ONCE = 32


@cache
def torchvision_models() -> ModuleType:
    """``torchvision.models``, with the operators defined where the compiled ones are absent."""
    define_missing_operators()
    models = importlib.import_module("torchvision.models")
    let_operators_be_called()
    return models


@cache
def define_missing_operators() -> torch.library.Library | None:
    """Define ``nms``, ``qnms`` and ``roi_align`` if the compiled library cannot be loaded.

    Returns:
        The library that must stay alive, or None where the compiled operators are there.
    """
    if _compiled_operators_load():
        return None
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        library.define(f"{name}{_SCHEMA}")  # type: ignore[no-untyped-call]
        library.impl(name, non_maximum_suppression, "CPU")  # type: ignore[no-untyped-call]
    library.define(_ROI_ALIGN)  # type: ignore[no-untyped-call]
    # Made of operators that can be differentiated, unlike one that is said to be of the CPU.
    library.impl("roi_align", roi_align, "CompositeImplicitAutograd")  # type: ignore[no-untyped-call]
    return library


def let_operators_be_called() -> None:
    """Let torchvision, if it was imported, call what `define_missing_operators` defined.

    It asks whether its compiled library was loaded before it calls either of the two.
    """
    if define_missing_operators() is None:
        return
    for name in ("torchvision.ops.boxes", "torchvision.ops.roi_align"):
        module = sys.modules.get(name)
        if module is not None:
            vars(module).update(_assert_has_ops=lambda: None, _has_ops=lambda: True)


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
    # In NumPy: threads of torch cost more than such small steps take.
    order = scores.detach().argsort(descending=True, stable=True).cpu().numpy()
    left = np.arange(len(order))
    corners = np.ascontiguousarray(boxes.detach().cpu().numpy()[order].T)
    kept: list[int] = []
    while len(left) and (most is None or len(kept) < most):
        # Many of the best against all at once: one after another costs more than it saves.
        apart = _shared(corners[:, left[:_AT_ONCE]], corners[:, left]) <= iou_threshold
        open_yet = np.ones(len(left), dtype=bool)
        for row, others in enumerate(apart):
            if open_yet[row]:
                kept.append(int(left[row]))
                open_yet &= others
        open_yet[:_AT_ONCE] = False
        left = left[open_yet]
    return torch.from_numpy(order[np.array(kept[:most], dtype=np.int64)]).to(boxes.device)


def _shared(some: npt.NDArray[Any], others: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Intersection over union of each with each; (4, M) and (4, N) → (M, N), NaN without area."""
    (x1, y1, x2, y2), one = others, some[..., None]
    wide = np.minimum(one[2], x2) - np.maximum(one[0], x1)
    high = np.minimum(one[3], y2) - np.maximum(one[1], y1)
    shared = np.maximum(wide, 0) * np.maximum(high, 0)
    areas = (one[2] - one[0]) * (one[3] - one[1]) + (x2 - x1) * (y2 - y1)
    with np.errstate(invalid="ignore"):
        found: npt.NDArray[Any] = shared / (areas - shared)
    return found


def roi_align(  # noqa: PLR0913, PLR0917  as torchvision calls it
    maps: torch.Tensor,
    rois: torch.Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int,
    aligned: bool,
) -> torch.Tensor:
    """Means of bilinear samples in the bins of boxes; differentiable with respect to the maps.

    Args:
        maps: (N, C, H, W).
        rois: (K, 5): the number of the map, then x1, y1, x2, y2.
        spatial_scale: from the pixels of boxes to those of maps.
        pooled_height: rows of bins.
        pooled_width: columns of bins.
        sampling_ratio: samples along each side of a bin; for 0 and less as many as it has pixels,
            rounded up.
        aligned: whether pixel centers lie half a pixel from the edge; otherwise boxes are at
            least one pixel wide.

    Returns:
        (K, C, pooled_height, pooled_width).

    References:
        He et al., Mask R-CNN, ICCV 2017; the kernel of torchvision, roi_align_kernel.cpp.
    """
    bins = torch.tensor([pooled_width, pooled_height], device=maps.device)
    corners = rois[:, 1:].detach() * spatial_scale - 0.5 * aligned
    start, sides = corners[:, :2], corners[:, 2:] - corners[:, :2]
    sides = sides if aligned else sides.clamp_min(1)
    samples = (sides / bins).ceil().long().clamp_min(0)
    if sampling_ratio > 0:
        samples = torch.full_like(samples, sampling_ratio)
    pooled = maps.new_zeros(len(rois), maps.shape[1], pooled_height, pooled_width)
    # One call for all boxes of a map that are sampled alike.
    kinds = torch.cat([rois[:, :1].detach().long(), samples], dim=1)
    some = kinds[(samples > 0).all(dim=1)]
    for kind in some.unique(dim=0):  # type: ignore[no-untyped-call]
        mine = torch.nonzero((kinds == kind).all(dim=1)).flatten()
        values = _sampled(maps[kind[0]], (start[mine], sides[mine]), bins, kind[1:])
        pooled = pooled.index_copy(0, mine, values.to(pooled.dtype))
    return pooled


def _sampled(
    plane: torch.Tensor,
    boxes: tuple[torch.Tensor, torch.Tensor],
    bins: torch.Tensor,
    samples: torch.Tensor,
) -> torch.Tensor:
    """Means in the bins of K boxes on one map, (C, H, W) → (K, C, rows, columns)."""
    size = torch.tensor([plane.shape[2], plane.shape[1]], device=plane.device)
    counts = (bins * samples).tolist()
    axes = [
        start[:, None] + side[:, None] * (torch.arange(count, device=plane.device) + 0.5) / count
        for start, side, count in zip(boxes[0].T, boxes[1].T, counts, strict=True)
    ]
    across, down = axes
    shape = (len(across), down.shape[1], across.shape[1])
    grid = torch.stack([across[:, None].expand(shape), down[:, :, None].expand(shape)], dim=-1)
    inside = ((grid >= -1) & (grid <= size)).all(dim=-1)
    shares = ((2 * grid + 1) / size - 1).to(plane.dtype)
    # All boxes below each other: the map would be copied for each of them otherwise.
    values = grid_sample(
        plane[None], shares.reshape(1, -1, *shares.shape[2:]),
        mode="bilinear", padding_mode="border", align_corners=False,
    )[0].reshape(len(plane), *inside.shape)  # fmt: skip
    return avg_pool2d(values * inside, tuple(samples.flip(0).tolist())).transpose(0, 1)
