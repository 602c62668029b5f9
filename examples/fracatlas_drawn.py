"""A small network that draws boxes or paints masks on top of a MobileNetV2, for FracAtlas.

An audit names it as `fracatlas_drawn:boxes` or `fracatlas_drawn:masks`, both with the same weights;
`train_fracatlas_drawn.py` trains it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from xaudit.torchvision_operators import torchvision_models

CELL = 8
"""Pixels along a side of a cell of the grid."""
LEVELS = ((0, 7, 32), (7, 14, 96), (14, 18, 320))
"""Layers of the trunk up to strides 8, 16 and 32, and their channels."""


class Drawn(nn.Module):
    """Three levels of a trunk, added up at stride 8; a logit, a box and a mask for each cell.

    Args:
        width: channels of the neck.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.trunk = torchvision_models().mobilenet_v2(weights=None).features[:18]
        self.sides_of = nn.ModuleList(nn.Conv2d(channels, width, 1) for *_, channels in LEVELS)
        self.neck = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
        )
        self.evidence = nn.Conv2d(width, 1, 1)
        self.sides = nn.Conv2d(width, 4, 1)
        self.mask = nn.Conv2d(width, 1, 1)
        # A fracture is rare among cells: training begins where that is known.
        nn.init.constant_(self.evidence.bias, -4.0)
        nn.init.constant_(self.mask.bias, -4.0)

    def levels(self, images: Tensor) -> list[Tensor]:
        """What the trunk returns at each level; images are (N, 3, H, W), normalized."""
        found, values = [], images
        for first, last, _ in LEVELS:
            values = self.trunk[first:last](values)
            found.append(values)
        return found

    def joined(self, levels: list[Tensor]) -> Tensor:
        """Features of cells, (N, width, H / 8, W / 8)."""
        size = levels[0].shape[-2:]
        parts = [
            interpolate(side(level), size=size, mode="bilinear", align_corners=False)
            for side, level in zip(self.sides_of, levels, strict=True)
        ]
        features: Tensor = self.neck(torch.stack(parts).sum(dim=0))
        return features

    def forward(self, images: Tensor) -> Tensor:
        """Normalized images → features of cells."""
        return self.joined(self.levels(images))


class DrawnBoxes(Drawn):
    """Boxes in columns: center, width and height in pixels, and a logit; layout of YOLOv8."""

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, 5, H / 8 · W / 8)."""
        features = super().forward(images)
        left, top, right, bottom = (CELL * self.sides(features).exp()).unbind(1)
        rows, columns = (
            (torch.arange(count, device=images.device, dtype=left.dtype) + 0.5) * CELL
            for count in left.shape[1:]
        )
        across, down = columns + (right - left) / 2, rows[:, None] + (bottom - top) / 2
        parts = [across, down, left + right, top + bottom, self.evidence(features)[:, 0]]
        return torch.stack(parts, dim=1).flatten(2)


class DrawnMasks(Drawn):
    """A logit for each cell."""

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, 1, H / 8, W / 8)."""
        logits: Tensor = self.mask(super().forward(images))
        return logits


def boxes() -> DrawnBoxes:
    """The network that draws boxes."""
    return DrawnBoxes()


def masks() -> DrawnMasks:
    """The network that paints masks."""
    return DrawnMasks()
