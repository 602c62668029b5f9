"""`yolov5`: (N, A, 5 + K): a box, whether it holds anything, and a score of each class.

YOLOv5, YOLOv7 and YOLOX, exported without NMS.

References:
    ultralytics/yolov5, models/yolo.py, Detect: objectness times class score is the confidence.
"""

from __future__ import annotations

import torch
from torch.nn.functional import logsigmoid

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

_BEFORE_CLASSES = 5
_ANCHORS = 3


def _looks(output: object, grid: tuple[int, int], images: int) -> bool:
    """Three anchors at every place; those of one anchor look like a transposed `yolov8`."""
    shape = tuple(output.shape) if isinstance(output, torch.Tensor) else ()
    rows = {_ANCHORS * count for count in places(grid)}
    return (
        len(shape) == 3 and shape[0] == images and shape[1] in rows and shape[2] > _BEFORE_CLASSES
    )


def _read(output: object, reading: Reading) -> list[Candidates]:
    rows = as_rows(output, reading, "(N, boxes, 5 + classes)", _BEFORE_CLASSES + 1)
    columns = checked_columns(reading, rows.shape[2] - _BEFORE_CLASSES)
    holds, classes = rows[..., 4:5], rows[..., _BEFORE_CLASSES:][..., columns]
    if activation_of(reading, "none") == "sigmoid":
        log_chance = logsigmoid(holds) + logsigmoid(classes)
        ratings = log_chance - torch.log(-torch.expm1(log_chance))
    else:
        ratings = _of_product(holds, classes)
    corners = as_corners(rows[..., :4], reading, "cxcywh", normalized=False)
    return of_every_class(corners, ratings, columns)


def _of_product(holds: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Either may be no probability though their product is one."""
    wrong = logits_of(holds, "none").isnan() | logits_of(classes, "none").isnan()
    return logits_of(holds * classes, "none").masked_fill(wrong, float("nan"))


LAYOUTS.add("yolov5", Layout(_looks, _read, nms=0.45))
