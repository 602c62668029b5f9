"""`detr`: scores of Q queries, (N, Q, K), beside their boxes, (N, Q, 4), shares of the image.

DETR has a last class, no object, under a softmax; RT-DETR and Deformable DETR have none, under a
sigmoid. Nothing in the output tells them apart, so that the activation has to be declared.

References:
    Carion et al., End-to-End Object Detection with Transformers, ECCV 2020.
    Zhao et al., DETRs Beat YOLOs on Real-time Object Detection, CVPR 2024.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from xaudit.errors import DetectorError
from xaudit.models.heads.candidates import (
    LAYOUTS,
    Candidates,
    Layout,
    Reading,
    as_corners,
    checked_columns,
    of_every_class,
)

_SCORES, _BOXES = ("logits", "pred_logits"), "pred_boxes"


def _parts(output: object, images: int) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Scores and boxes, by the names that transformers and the makers of DETR give them."""
    if not isinstance(output, Mapping):
        return None
    scores = next((output[name] for name in _SCORES if name in output), None)
    boxes = output.get(_BOXES)
    if not isinstance(scores, torch.Tensor) or not isinstance(boxes, torch.Tensor):
        return None
    if scores.ndim != 3 or scores.shape[0] != images or boxes.shape != (*scores.shape[:2], 4):
        return None
    return scores, boxes


def _looks(output: object, _grid: tuple[int, int], images: int) -> bool:
    return _parts(output, images) is not None


def _read(output: object, reading: Reading) -> list[Candidates]:
    parts = _parts(output, reading.images)
    if parts is None:
        raise DetectorError(
            f"output.boxes.layout detr: expected a dictionary with {_SCORES[0]} (N, queries, "
            f"classes) and {_BOXES} (N, queries, 4) for {reading.images} images, got "
            f"{type(output).__name__}; see detector.output"
        )
    scores, boxes = parts
    ratings, columns = _ratings(scores, reading)
    corners = as_corners(boxes, reading, "cxcywh", normalized=True)
    return of_every_class(corners, ratings, columns)


def _ratings(scores: torch.Tensor, reading: Reading) -> tuple[torch.Tensor, list[int]]:
    activation, classes = reading.spec.activation, scores.shape[2]
    if activation == "sigmoid":
        columns = checked_columns(reading, classes)
        return scores[..., columns], columns
    if activation != "softmax":
        raise DetectorError(
            "output.boxes.activation: declare softmax (DETR: the last class is no object) or "
            f"sigmoid (RT-DETR, Deformable DETR), got {activation}"
        )
    columns = checked_columns(reading, classes - 1)
    odds = [
        scores[..., one] - scores[..., _without(classes, one)].logsumexp(dim=-1) for one in columns
    ]
    return torch.stack(odds, dim=-1), columns


def _without(classes: int, one: int) -> list[int]:
    return [other for other in range(classes) if other != one]


LAYOUTS.add("detr", Layout(_looks, _read))
