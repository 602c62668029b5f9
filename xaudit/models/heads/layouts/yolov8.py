"""`yolov8`: (N, 4 + K, A): a box, and a score of each class, in columns.

YOLOv8, YOLO11 and RT-DETR's siblings of ultralytics, exported without NMS.

References:
    ultralytics, nn/modules/head.py, Detect: class scores after a sigmoid, no objectness.
"""

from __future__ import annotations

import torch

from xaudit.models.heads.candidates import (
    LAYOUTS,
    Candidates,
    Layout,
    Reading,
    activation_of,
    as_corners,
    checked_columns,
    logits_of,
    of_every_class,
)
from xaudit.models.heads.dense import as_rows, places

_BEFORE_CLASSES = 4


def _looks(output: object, grid: tuple[int, int], images: int) -> bool:
    shape = tuple(output.shape) if isinstance(output, torch.Tensor) else ()
    return (
        len(shape) == 3
        and shape[0] == images
        and shape[2] in places(grid)
        and shape[1] > _BEFORE_CLASSES
    )


def _read(output: object, reading: Reading) -> list[Candidates]:
    turned = output.transpose(1, 2) if isinstance(output, torch.Tensor) and output.ndim == 3 else ()
    rows = as_rows(
        turned if isinstance(turned, torch.Tensor) else output,
        reading, "(N, 4 + classes, boxes)", _BEFORE_CLASSES + 1,
    )  # fmt: skip
    columns = checked_columns(reading, rows.shape[2] - _BEFORE_CLASSES)
    scores = rows[..., _BEFORE_CLASSES:][..., columns]
    ratings = logits_of(scores, activation_of(reading, "none"))
    corners = as_corners(rows[..., :4], reading, "cxcywh", normalized=False)
    return of_every_class(corners, ratings, columns)


LAYOUTS.add("yolov8", Layout(_looks, _read, nms=0.7))
