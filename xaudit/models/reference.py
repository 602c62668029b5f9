"""Reference networks, which ship with xaudit for demos and tests."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

CELL = 8
"""Pixels along a side of a cell of the grid."""
RARITY = math.log(80)
"""By so much evidence of a cell lies above its logit: most cells show no fracture."""


class LocalContrast(nn.Module):
    """Beside the image, how far each pixel is from the mean of the 9 × 9 around it, times eight."""

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) → (N, 2 C, H, W)."""
        # What lies outside the image is no neighbor: the mean is of those that are there.
        there = _sums(_sums(torch.ones_like(images[:1, :1]), -2), -1)
        around = _sums(_sums(images, -2), -1) / there
        return torch.cat([images, 8 * (images - around)], dim=1)


def _sums(values: Tensor, axis: int) -> Tensor:
    """Of the nine from four before to four after, along one axis; 0 beyond the ends.

    In doubling steps, which takes an eighth of the time of pooling on a processor.
    """
    around = (4, 4) if axis == -1 else (0, 0, 4, 4)
    ones = functional.pad(values, around)
    count = values.shape[axis]
    twos = ones.narrow(axis, 0, count + 7) + ones.narrow(axis, 1, count + 7)
    fours = twos.narrow(axis, 0, count + 5) + twos.narrow(axis, 2, count + 5)
    eights = fours.narrow(axis, 0, count) + fours.narrow(axis, 4, count)
    return eights + ones.narrow(axis, 8, count)


class SmallCnn(nn.Module):
    """Six convolutions, one evidence value per cell of a stride-8 grid, pooled to one logit.

    The evidence is pooled by the logarithm of its mean exponential, so that a small lesion is
    not averaged away; the last feature map feeds a 1 × 1 convolution, so that Grad-CAM on
    ``features`` is, up to a positive factor, the positive part of the evidence less its bias.

    Args:
        channels: planes of the input.
        num_classes: outputs; 1 for one logit.
    """

    def __init__(self, channels: int = 1, num_classes: int = 1) -> None:
        super().__init__()
        self.features = nn.Sequential(
            LocalContrast(),
            *_block(2 * channels, 16, stride=2, size=5),
            *_block(16, 32, stride=2),
            *_block(32, 32),
            *_block(32, 64, stride=2),
            *_block(64, 64),
            *_block(64, 64, dilation=2),
        )
        self.evidence = nn.Conv2d(64, num_classes, 1)

    def evidence_map(self, images: Tensor) -> Tensor:
        """Evidence per cell; (N, channels, H, W) normalized → (N, num_classes, H / 8, W / 8)."""
        evidence: Tensor = self.evidence(self.features(images))
        return evidence

    def forward(self, images: Tensor) -> Tensor:
        """Logits; (N, channels, H, W) normalized → (N, num_classes)."""
        return pool(self.evidence_map(images))


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


def pool(evidence: Tensor) -> Tensor:
    """Logarithm of the mean exponential over the grid; (N, K, h, w) → (N, K)."""
    cells = evidence.flatten(2)
    return torch.logsumexp(cells, dim=2) - math.log(cells.shape[2])


class ViewsLstm(nn.Module):
    """One small CNN sees each view of an examination, an LSTM reads them in their order.

    Args:
        channels: planes of a view.
        width: feature maps.
    """

    def __init__(self, channels: int = 1, width: int = 16) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_block(channels, width // 2, stride=2, size=5),
            *_block(width // 2, width, stride=2),
            *_block(width, width),
        )
        self.lstm = nn.LSTM(width, width, batch_first=True)
        self.head = nn.Linear(width, 1)

    def forward(self, views: Tensor) -> Tensor:
        """Logits; (N, V, channels, H, W) normalized → (N, 1)."""
        maps = self.features(views.flatten(0, 1))
        steps, _ = self.lstm(pool(maps).reshape(*views.shape[:2], -1))
        logits: Tensor = self.head(steps[:, -1])
        return logits


def views_lstm(channels: int = 1, width: int = 16) -> ViewsLstm:
    """A detector of several views without its weights (about 7,000 parameters)."""
    return ViewsLstm(channels, width)


def small_cnn(channels: int = 1, num_classes: int = 1) -> SmallCnn:
    """The reference detector without its weights (about 110,000 parameters)."""
    return SmallCnn(channels, num_classes)


def small_segmenter(channels: int = 1) -> SmallSegmenter:
    """The reference network that paints, without its weights."""
    return SmallSegmenter(channels)


def small_boxes(channels: int = 1) -> SmallBoxes:
    """The reference network that draws boxes, without its weights."""
    return SmallBoxes(channels)


def _block(
    before: int, after: int, stride: int = 1, size: int = 3, dilation: int = 1
) -> tuple[nn.Module, ...]:
    padding = dilation * (size // 2)
    return (
        nn.Conv2d(before, after, size, stride, padding, dilation, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=False),
    )
