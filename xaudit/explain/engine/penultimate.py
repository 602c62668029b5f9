"""Penultimate features: all that the last layer of a detector reads, and its logit depends on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from xaudit.core.case import FloatArray

LARGEST = 4096
"""Numbers for one image above which features are not kept."""
_LAST = (torch.nn.Linear, torch.nn.Conv2d)


def last_layer(module: torch.nn.Module, image: torch.Tensor) -> str | None:
    """Dotted name of the linear layer or convolution that is called last; None without one.

    Args:
        module: in evaluation mode.
        image: (1, C, H, W), to try.
    """
    called: list[str] = []
    handles = [
        part.register_forward_pre_hook(lambda _part, _inputs, name=name: called.append(name))
        for name, part in module.named_modules()
        if isinstance(part, _LAST)
    ]
    try:
        # Not inference mode: what a network keeps from here must allow gradients later.
        with torch.no_grad():
            module(image)
    finally:
        for handle in handles:
            handle.remove()
    return called[-1] if called else None


@contextmanager
def inputs_of(layer: torch.nn.Module | None) -> Iterator[list[torch.Tensor]]:
    """Record what a layer is given, one row for each image, averaged over places and tokens."""
    seen: list[torch.Tensor] = []

    def record(_layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen.append(_flat(layer, inputs[0].detach()).float().cpu())

    handle = layer.register_forward_pre_hook(record) if layer is not None else None
    try:
        yield seen
    finally:
        if handle:
            handle.remove()


def as_features(seen: list[torch.Tensor], images: int) -> FloatArray | None:
    """(images, D); None where the rows are not one for each image, or are too long.

    Args:
        seen: of `inputs_of`.
        images: that were passed.
    """
    if sum(map(len, seen)) != images or not seen or seen[0].shape[1] > LARGEST:
        return None
    features: FloatArray = torch.cat(seen).numpy()
    return features


def _flat(layer: torch.nn.Module | None, given: torch.Tensor) -> torch.Tensor:
    """(N, D): a convolution has its places behind the features, a linear layer before them."""
    if given.ndim <= 2:
        return given.reshape(len(given), -1)
    places = tuple(range(2, given.ndim))
    if isinstance(layer, torch.nn.Linear):
        places = tuple(range(1, given.ndim - 1))
    return given.mean(dim=places)
