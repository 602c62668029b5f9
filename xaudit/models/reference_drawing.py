"""Reference networks that say where: one paints fractures, the other draws boxes around them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from xaudit.models.reference import SmallCnn

CELL = 8
"""Pixels along a side of a cell of the grid."""
RARITY = math.log(80)
"""By so much evidence of a cell lies above its logit: most cells show no fracture."""


class SmallSegmenter(SmallCnn):
    """The reference detector, whose evidence is not pooled: a logit for each cell."""

    def forward(self, images: Tensor) -> Tensor:
        """(N, channels, H, W) normalized → (N, num_classes, H / 8, W / 8)."""
        return self.evidence_map(images) - RARITY


class SmallBoxes(SmallCnn):
    """The reference detector with a box for each cell, as far as the cell sees a fracture.

    Args:
        channels: planes of the input.
    """

    def __init__(self, channels: int = 1) -> None:
        super().__init__(channels)
        self.sides = nn.Conv2d(64, 4, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Boxes in columns: center, width and height in pixels, and a logit.

        (N, channels, H, W) normalized → (N, 5, H / 8 · W / 8); the layout of YOLOv8.
        """
        features = self.features(images)
        left, top, right, bottom = (CELL * self.sides(features).exp()).unbind(1)
        rows, columns = (
            (torch.arange(count, device=images.device, dtype=left.dtype) + 0.5) * CELL
            for count in left.shape[1:]
        )
        across = columns + (right - left) / 2
        down = rows[:, None] + (bottom - top) / 2
        logits = self.evidence(features)[:, 0] - RARITY
        boxes = torch.stack([across, down, left + right, top + bottom, logits], dim=1)
        return boxes.flatten(2)


def small_segmenter(channels: int = 1) -> SmallSegmenter:
    """The reference network that paints, without its weights."""
    return SmallSegmenter(channels)


def small_boxes(channels: int = 1) -> SmallBoxes:
    """The reference network that draws boxes, without its weights."""
    return SmallBoxes(channels)
