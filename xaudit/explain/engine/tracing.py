"""Networks as graphs of what they call."""

from __future__ import annotations

import torch
from torch.fx import GraphModule, symbolic_trace


def traced(
    module: torch.nn.Module, prefix: str = "", single: bool = True
) -> list[tuple[str, GraphModule]]:
    """The largest parts of a network that can be traced.

    The graphs share their layers with the network.

    Args:
        module: any network.
        prefix: put before the names of its parts.
        single: whether parts that are a single layer are traced too; there may be hundreds.

    Returns:
        Each part with what stands before the names of its layers: "" or "dotted.name.".
    """
    try:
        return [(prefix, symbolic_trace(module))]
    # A network may fail to be traced with any error of its own; its parts are tried instead.
    except Exception:
        return [
            pair
            for name, child in module.named_children()
            if single or any(child.children())
            for pair in traced(child, f"{prefix}{name}.", single)
        ]
