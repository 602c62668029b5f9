"""Input channels: where a network sees one gray image in several of them."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch

from xaudit.explain.engine.convolutions import simple
from xaudit.explain.engine.folding import hooked

_ROUNDING = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """The channels that enter a layer, as the first of them scaled and shifted.

    Attributes:
        scales: (C,).
        shifts: (C,).
    """

    scales: torch.Tensor
    shifts: torch.Tensor


def convolutions_of_one_plane(network: torch.nn.Module, image: torch.Tensor) -> dict[str, Planes]:
    """Convolutions that see the image itself in every channel, scaled and shifted.

    Args:
        network: called once with the image.
        image: (1, 1, H, W) of noise: channels that it makes alike are alike for every image.

    Returns:
        Names of convolutions that are called once, and how their channels differ.
    """
    if image.shape[1] != 1:
        return {}
    calls = _inputs(network, image)
    planes = {name: _planes(inputs[0], image) for name, inputs in calls.items() if len(inputs) == 1}
    return {name: one for name, one in planes.items() if one is not None}


def _inputs(network: torch.nn.Module, image: torch.Tensor) -> dict[str, list[torch.Tensor]]:
    """What enters each convolution of several channels, call by call."""
    named = list(network.named_modules(remove_duplicate=False))
    places = Counter(id(part) for _, part in named)
    calls: dict[str, list[torch.Tensor]] = {}
    with ExitStack() as hooks, torch.no_grad():
        for name, part in named:
            if places[id(part)] == 1 and simple(part) and _mixes(part) and not hooked(part):
                seen = calls.setdefault(name, [])
                handle = part.register_forward_pre_hook(
                    lambda _, inputs, seen=seen: seen.append(inputs[0].detach().clone())
                )
                hooks.callback(handle.remove)
        if calls:
            network(image)
    return calls


def _mixes(convolution: Any) -> bool:  # noqa: ANN401  a convolution, as `simple` says
    return bool(convolution.in_channels != 1 and convolution.groups == 1)


def _planes(inputs: torch.Tensor, image: torch.Tensor) -> Planes | None:
    """How the channels follow from the first one; None where one is not the image."""
    if inputs.ndim != 4 or inputs.shape[2:] != image.shape[2:]:
        return None
    pixels = inputs[0].flatten(1).double()
    if any(_line(image.flatten().double(), one) is None for one in pixels):
        return None
    lines = [_line(pixels[0], one) for one in pixels]
    scales, shifts = zip(*[line for line in lines if line is not None], strict=True)
    return Planes(torch.tensor(scales), torch.tensor(shifts)) if len(scales) == len(lines) else None


def _line(tensor: torch.Tensor, other: torch.Tensor) -> tuple[float, float] | None:
    """Scale and shift that make the other of the one; None where a line does not."""
    if torch.equal(tensor, other):
        return 1.0, 0.0
    table = torch.stack([tensor, torch.ones_like(tensor)], dim=1)
    scale, shift = torch.linalg.lstsq(table, other).solution.tolist()
    off = (scale * tensor + shift - other).abs().max()
    return (scale, shift) if scale and off <= _ROUNDING * other.abs().max() else None
