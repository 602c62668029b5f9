"""Dense layouts: one tensor with a row for every box."""

from __future__ import annotations

import torch

from xaudit.errors import DetectorError
from xaudit.models.heads.candidates import Reading

_STRIDES = ((8, 16, 32), (4, 8, 16, 32), (8, 16, 32, 64))
"""Of the feature maps from which YOLO networks draw boxes."""


def places(grid: tuple[int, int]) -> set[int]:
    """How many places YOLO networks look at on this grid.

    Args:
        grid: (H, W) of the input.
    """
    return {
        sum(-(-grid[0] // stride) * -(-grid[1] // stride) for stride in strides)
        for strides in _STRIDES
    }


def as_rows(output: object, reading: Reading, expected: str, least: int) -> torch.Tensor:
    """The output as (N, A, columns).

    Args:
        output: of the network.
        reading: how many images there are.
        expected: how the error calls the shape.
        least: columns.

    Raises:
        DetectorError: it is something else.
    """
    if isinstance(output, torch.Tensor) and output.is_floating_point():
        shape = tuple(output.shape)
        if len(shape) == 3 and shape[0] == reading.images and shape[2] >= least:
            return output
        said = f"a tensor of shape {shape}"
    else:
        said = type(output).__name__
    raise DetectorError(
        f"the network returned {said} for {reading.images} "
        f"image{'s' * (reading.images != 1)}, output.boxes.layout {reading.spec.layout} expects "
        f"{expected}; see detector.output"
    )
