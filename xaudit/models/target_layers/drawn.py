"""Target layers of networks that draw: what their heads read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch

Call = tuple[str, torch.Tensor]
"""Name of a layer, and what it returned once; heads are called for each level of a pyramid."""


@contextmanager
def weighted_calls(network: torch.nn.Module) -> Iterator[list[Call]]:
    """While this is open, what layers with parameters of their own return, call by call."""
    calls: list[Call] = []

    def watch(name: str) -> Callable[[torch.nn.Module, object, object], None]:
        def hook(_module: torch.nn.Module, _inputs: object, output: object) -> None:
            if isinstance(output, torch.Tensor) and output.requires_grad:
                calls.append((name, output))

        return hook

    handles = [
        module.register_forward_hook(watch(name))
        for name, module in network.named_modules()
        if any(True for _ in module.parameters(recurse=False))
    ]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def before_heads(
    names: Collection[str], outputs: Mapping[str, torch.Tensor], calls: Sequence[Call]
) -> list[str]:
    """Which layers another layer with parameters reads.

    What no other does is what the network draws, whole or in part: its channels are corners of
    boxes or logits of pixels, and no features.

    Args:
        names: of layers.
        outputs: layer → its output.
        calls: of the same pass.
    """
    return [name for name in names if _is_read(name, outputs[name], calls)]


def _is_read(name: str, output: torch.Tensor, calls: Sequence[Call]) -> bool:
    # What a layer is made of is no other layer.
    others = [returned.sum() for other, returned in calls if not f"{other}.".startswith(f"{name}.")]
    if not others:
        return False
    (slope,) = torch.autograd.grad(others, output, allow_unused=True, retain_graph=True)
    return slope is not None
