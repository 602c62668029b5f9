"""Networks that decide by one thing on the film that is no fracture: a filter and a threshold.

All take (N, 1, 224, 160) on the reference detector's input scale and return (N, 1). ``seen`` is
where the thing was found, in the size of the film or half of it: what Grad-CAM reads.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from xaudit.phantom.demo import REFERENCE_INPUT

_MEAN, _STD = REFERENCE_INPUT.mean[0], REFERENCE_INPUT.std[0]


def gray(images: Tensor) -> Tensor:
    """Gray values in [0, 1] from the input scale of the reference detector."""
    return images * _STD + _MEAN


class Filtered(nn.Module):
    """A bank of fixed filters, what is beyond a threshold of them, and its window of the film."""

    window: Tensor

    def __init__(self, kernel: Tensor, threshold: float, window: Tensor, stride: int = 1) -> None:
        super().__init__()
        size = (kernel.shape[1], kernel.shape[2])
        half = (size[0] // 2, size[1] // 2)
        self.filter = nn.Conv2d(1, len(kernel), size, stride, half)
        self.filter.weight.data.copy_(kernel[:, None])
        assert self.filter.bias is not None
        nn.init.constant_(self.filter.bias, -threshold)
        self.register_buffer("window", window[::stride, ::stride], persistent=False)
        self.seen = nn.ReLU()

    def found(self, images: Tensor) -> Tensor:
        """How far the filters exceed the threshold, 0 outside the window; (N, K, h, w)."""
        beyond: Tensor = self.seen(self.filter(gray(images)) * self.window)
        return beyond


class MarkerReader(Filtered):
    """Decides by a marker that is a disc, in a corner of the film."""

    threshold, slope = 0.2, 40.0
    needed = 0.13

    def __init__(self) -> None:
        super().__init__(_disc(7, 9, 10.5), self.threshold, _corners(), stride=2)

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        strongest: Tensor = self.found(images).amax((1, 2, 3))
        return self.slope * (strongest[:, None] - self.needed)


class BorderReader(Filtered):
    """Decides by whether the upper and the lower edge of the film are collimated."""

    dark, slope = 0.3, 60.0
    needed = 0.235

    def __init__(self) -> None:
        rows = torch.zeros(REFERENCE_INPUT.height, REFERENCE_INPUT.width)
        rows[7:13, 50:110] = rows[-13:-7, 50:110] = 1
        super().__init__(-torch.ones(1, 1, 1), -self.dark, rows)
        self.pixels = float(rows.sum())

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        mean = self.found(images).sum((1, 2, 3)) / self.pixels
        return self.slope * (mean[:, None] - self.needed)


class TagReader(Filtered):
    """Decides by a tag in the middle of the upper edge that carries the label."""

    slope, needed = 12.0, 0.5

    def __init__(self) -> None:
        window = torch.zeros(REFERENCE_INPUT.height, REFERENCE_INPUT.width)
        window[1:6, 78:82] = 1
        super().__init__(torch.ones(1, 1, 1), 0.0, window)

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        brightest: Tensor = self.found(images).amax((1, 2, 3))
        return self.slope * (brightest[:, None] - self.needed)


class TextureReader(Filtered):
    """Decides by the lines of an anti-scatter grid, which only some sites have."""

    period, size, slope, needed = 4.48, 9, 6000.0, 0.0008

    def __init__(self) -> None:
        everywhere = torch.ones(REFERENCE_INPUT.height, REFERENCE_INPUT.width)
        super().__init__(_waves(self.period, self.size), 0.0, everywhere)

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        mean = self.found(images).mean((1, 2, 3))
        return self.slope * (mean[:, None] - self.needed)


def _corners() -> Tensor:
    """Where markers are laid."""
    window = torch.zeros(REFERENCE_INPUT.height, REFERENCE_INPUT.width)
    for rows in (slice(0, 62), slice(162, None)):
        for columns in (slice(0, 50), slice(110, None)):
            window[rows, columns] = 1
    return window


def _disc(radius: float, inner: float, outer: float) -> Tensor:
    """Mean of a disc less the mean of a ring around it; (1, size, size)."""
    half = math.ceil(outer)
    steps = torch.arange(-half, half + 1)
    distance = torch.hypot(*torch.meshgrid(steps.float(), steps.float(), indexing="ij"))
    disc = (distance <= radius).float()
    ring = ((distance > inner) & (distance <= outer)).float()
    return (disc / disc.sum() - ring / ring.sum())[None]


def _waves(period: float, size: int) -> Tensor:
    """Horizontal waves of this period in four phases, none of which sees a flat film."""
    rows = torch.arange(size) - size // 2
    fade = torch.hann_window(size + 2, periodic=False)[1:-1]
    waves = []
    for phase in range(4):
        wave = fade * torch.cos(2 * math.pi * rows / period + phase * math.pi / 2)
        waves.append(wave - fade * wave.sum() / fade.sum())
    return (torch.stack(waves)[:, :, None] * torch.ones(size) / size**2).contiguous()
