"""Maximum pooling whose windows do not overlap: the same maxima, each place in one window."""

from __future__ import annotations

import torch
from torch import nn

MaxPool = nn.MaxPool1d | nn.MaxPool2d | nn.MaxPool3d


class Windows(nn.Module):
    """Lays the windows of a pooling layer side by side, so that pooling by blocks does the rest.

    captum hands back what a maximum received with ``max_unpool``, which keeps one value where
    a place is the maximum of several windows and drops the others.

    Args:
        pool: any maximum pooling without dilation.
    """

    def __init__(self, pool: MaxPool) -> None:
        super().__init__()
        self.axes = int(type(pool).__name__[-2])
        self.kernel = self._each(pool.kernel_size)
        self.stride = self._each(pool.stride)
        self.padding = self._each(pool.padding)
        self.up = pool.ceil_mode

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(…, H, W) → (…, rows · kernel, columns · kernel), and likewise for one or three axes."""
        for axis in range(self.axes):
            dim = images.ndim - self.axes + axis
            places = self._places(axis, images.shape[dim])
            images = images.index_select(dim, places.to(images.device))
        return images

    def _places(self, axis: int, size: int) -> torch.Tensor:
        """The source of each row; padding repeats the edge, which its window holds anyway."""
        kernel, stride, padding = self.kernel[axis], self.stride[axis], self.padding[axis]
        last = (size + 2 * padding - kernel + (stride - 1) * self.up) // stride
        # A window that would begin in the padding behind the image is left out.
        last -= self.up and last * stride >= size + padding
        starts = torch.arange(last + 1) * stride - padding
        return (starts[:, None] + torch.arange(kernel)).clamp(0, size - 1).flatten()

    def _each(self, value: int | tuple[int, ...]) -> tuple[int, ...]:
        return (value,) * self.axes if isinstance(value, int) else tuple(value)


def blocks(pool: MaxPool) -> tuple[Windows, MaxPool] | None:
    """A pooling layer in two steps; None where its windows lie side by side already.

    Dilated pooling is left as it is as well, and pooling that returns indices.
    """
    windows = Windows(pool)
    plain = windows.kernel == windows.stride and not any(windows.padding) and not pool.ceil_mode
    dilated = any(step != 1 for step in windows._each(pool.dilation))
    if plain or dilated or pool.return_indices:
        return None
    return windows, type(pool)(pool.kernel_size)
