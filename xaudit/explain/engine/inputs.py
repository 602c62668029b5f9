"""Images for the detector, described by how they are made and built only when their turn comes.

A method may ask for thousands of images of one case; a description is a few kilobytes, and only
one batch of pixels exists at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from xaudit.core.case import BoolArray, FloatArray


class Inputs(Protocol):
    """N images of one case."""

    def __len__(self) -> int:
        """How many there are."""

    def build(self, rows: slice) -> torch.Tensor:
        """Some of them; (n, C, H, W) float32 in the pixels of the case."""


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Images as they are; (N, C, H, W)."""

    pixels: FloatArray

    def __len__(self) -> int:
        return len(self.pixels)

    def build(self, rows: slice) -> torch.Tensor:
        """See `Inputs`."""
        return torch.from_numpy(np.ascontiguousarray(self.pixels[rows], dtype=np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Between:
    """Points on the straight line from one image to another.

    Attributes:
        start: (C, H, W), at position 0.
        end: (C, H, W), at position 1.
        positions: (N,).
    """

    start: FloatArray
    end: FloatArray
    positions: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.positions)

    def build(self, rows: slice) -> torch.Tensor:
        """See `Inputs`."""
        at = torch.from_numpy(self.positions[rows].astype(np.float32)).reshape(-1, 1, 1, 1)
        start, end = torch.from_numpy(self.start), torch.from_numpy(self.end)
        return torch.lerp(start, end, at)


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """The image where a patch is shown, the baseline where it is hidden.

    Attributes:
        image: (C, H, W).
        baseline: (C, H, W).
        patches: (H, W), labels from 0; −1 is always shown.
        shown: (N, patches).
    """

    image: FloatArray
    baseline: FloatArray
    patches: npt.NDArray[np.int64]
    shown: BoolArray

    def __len__(self) -> int:
        return len(self.shown)

    def build(self, rows: slice) -> torch.Tensor:
        """See `Inputs`."""
        shown = np.pad(self.shown[rows], ((0, 0), (0, 1)), constant_values=True)
        pixels = torch.from_numpy(shown)[:, torch.from_numpy(self.patches)]
        image, baseline = torch.from_numpy(self.image), torch.from_numpy(self.baseline)
        return torch.where(pixels[:, None], image, baseline)


@dataclass(frozen=True, slots=True, eq=False)
class Noisy:
    """The image with Gaussian noise; each row has a stream of its own.

    Attributes:
        image: (C, H, W).
        sigma: of the noise, on the scale of the pixels.
        seed: of all rows.
        count: how many.
    """

    image: FloatArray
    sigma: float
    seed: int
    count: int

    def __len__(self) -> int:
        return self.count

    def build(self, rows: slice) -> torch.Tensor:
        """See `Inputs`."""
        noise = [
            np.random.default_rng((self.seed, row)).standard_normal(self.image.shape, np.float32)
            for row in range(self.count)[rows]
        ]
        return torch.from_numpy(self.image + self.sigma * np.stack(noise))


@dataclass(frozen=True, slots=True, eq=False)
class Faded:
    """A mixture of the image and the baseline, pixel by pixel.

    Attributes:
        image: (C, H, W).
        baseline: (C, H, W).
        weights: what makes the weight of the image in row n: (H, W) in [0, 1].
    """

    image: FloatArray
    baseline: FloatArray
    weights: Weights

    def __len__(self) -> int:
        return len(self.weights)

    def build(self, rows: slice) -> torch.Tensor:
        """See `Inputs`."""
        shown = torch.from_numpy(np.stack([self.weights[row] for row in range(len(self))[rows]]))
        start, end = torch.from_numpy(self.baseline), torch.from_numpy(self.image)
        return torch.lerp(start, end, shown[:, None])


class Weights(Protocol):
    """N images of weights."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, row: int) -> FloatArray:
        """One of them; (H, W) float32 in [0, 1]."""


@dataclass(frozen=True, slots=True, eq=False)
class Chained:
    """The images of several descriptions, one after the other."""

    parts: tuple[Inputs, ...]
    ends: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        ends = np.cumsum([len(part) for part in self.parts])
        object.__setattr__(self, "ends", tuple(int(end) for end in ends))

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    def build(self, rows: slice) -> torch.Tensor:
        """See `Inputs`."""
        first, last, _ = rows.indices(len(self))
        starts = (0, *self.ends[:-1])
        return torch.cat([
            part.build(slice(max(first - start, 0), last - start))
            for part, start, end in zip(self.parts, starts, self.ends, strict=True)
            if first < end and start < last
        ])  # fmt: skip
