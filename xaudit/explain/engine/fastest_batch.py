"""Batch size that is fastest: measured, because caches and memory differ."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_REPEATS = 3
_SECONDS = 3.0
_WORSE = 1.3


def best_batch(step: Callable[[torch.Tensor], object], image: torch.Tensor) -> int:
    """The number of images at once with the least time for each.

    Sizes are doubled until one is clearly slower than the best, memory runs out, or the probe
    has taken three seconds. Results depend on the outcome by rounding alone.

    Args:
        step: passes a batch through the detector.
        image: (1, C, H, W), on the device.
    """
    began = time.perf_counter()
    best, fastest = 1, float("inf")
    # The first pass of all finds its kernels and its memory.
    step(image)
    for size in _SIZES:
        seconds = _seconds(step, image, size)
        if seconds is None:
            break
        if seconds < fastest:
            best, fastest = size, seconds
        if seconds > _WORSE * fastest or time.perf_counter() - began > _SECONDS:
            break
    return best


def _seconds(
    step: Callable[[torch.Tensor], object], image: torch.Tensor, size: int
) -> float | None:
    """Seconds for each image in the fastest of three batches; None when memory runs out."""
    times = []
    for _ in range(_REPEATS):
        batch = image.expand(size, -1, -1, -1).contiguous()
        began = time.perf_counter()
        try:
            step(batch)
        except torch.OutOfMemoryError:
            return None
        if image.is_cuda:
            torch.cuda.synchronize()
        times.append((time.perf_counter() - began) / size)
    return min(times)
