"""`torchvision`: for each image a dictionary with boxes, labels and scores, after NMS.

Faster R-CNN, RetinaNet, FCOS and SSD of torchvision. Labels are those of the training: of Faster
R-CNN and SSD 0 is the background, which they never return.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from xaudit.errors import DetectorError
from xaudit.models.heads.candidates import (
    LAYOUTS,
    Candidates,
    Layout,
    Reading,
    activation_of,
    as_corners,
    logits_of,
)

_KEYS = ("boxes", "labels", "scores")


def _looks(output: object, _grid: tuple[int, int], images: int) -> bool:
    return (
        isinstance(output, Sequence)
        and len(output) == images
        and all(isinstance(one, Mapping) and set(_KEYS) <= set(one) for one in output)
    )


def _read(output: object, reading: Reading) -> list[Candidates]:
    if not _looks(output, reading.grid, reading.images) or not isinstance(output, Sequence):
        raise DetectorError(
            f"output.boxes.layout torchvision: expected {reading.images} dictionaries with "
            f"{', '.join(_KEYS)}, got {type(output).__name__}; see detector.output"
        )
    for one in output:
        shapes = [tuple(getattr(one[key], "shape", ())) for key in _KEYS]
        if shapes != [(*shapes[2], 4), shapes[2], shapes[2]] or len(shapes[2]) != 1:
            raise DetectorError(
                "output.boxes.layout torchvision: expected boxes (M, 4), labels (M,) and scores "
                f"(M,), got {', '.join(map(str, shapes))}; see detector.output"
            )
    return [_of_image(one, reading) for one in output]


def _of_image(one: Mapping[str, torch.Tensor], reading: Reading) -> Candidates:
    classes = one["labels"].long()
    mine = torch.nonzero(torch.isin(classes, torch.tensor(reading.columns).to(classes))).flatten()
    corners = one["boxes"][mine]
    if reading.spec.normalized or reading.spec.format == "cxcywh":
        corners = as_corners(corners, reading, "xyxy", normalized=False)
    ratings = logits_of(one["scores"][mine], activation_of(reading, "none"))
    return Candidates(corners, ratings, classes[mine])


LAYOUTS.add("torchvision", Layout(_looks, _read, chosen=True))
