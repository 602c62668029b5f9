"""Where Grad-CAM looks: the last layer whose output still is a picture."""

from __future__ import annotations

from collections.abc import Callable

import torch

from xaudit.errors import DetectorError

_SHOWN = 6


def find_target_layer(
    network: torch.nn.Module, run: Callable[[], object], name: str | None = None
) -> tuple[str, tuple[int, int]]:
    """Name and grid of the layer that Grad-CAM reads.

    Args:
        network: in which to look.
        run: passes one image through it.
        name: dotted name, to look there and nowhere else.

    Returns:
        The dotted name, and rows and columns of the layer's output.

    Raises:
        DetectorError: there is no such layer, or its output is no picture.
    """
    shapes = _output_shapes(network, run)
    pictures = [layer for layer, shape in shapes.items() if len(shape) == 4 and min(shape[2:]) > 1]
    if name is None:
        if not pictures:
            raise DetectorError(
                "no layer of the network returns a picture (N, C, H, W); leave Grad-CAM out of "
                "explain.methods, or name a layer with detector.target_layer"
            )
        # A block finishes after its parts: the last to finish is the outermost one.
        name = pictures[-1]
    elif name not in pictures:
        known = ", ".join(pictures[-_SHOWN:])
        raise DetectorError(
            f"detector.target_layer {name!r}: expected a layer that returns a picture; the last "
            f"ones are: {known}"
        )
    rows, columns = shapes[name][2:]
    return name, (rows, columns)


def _output_shapes(
    network: torch.nn.Module, run: Callable[[], object]
) -> dict[str, tuple[int, ...]]:
    """Layer → shape of its output, in the order in which layers finish."""
    shapes: dict[str, tuple[int, ...]] = {}
    handles = []

    def watch(name: str) -> Callable[[torch.nn.Module, object, object], None]:
        def hook(_module: torch.nn.Module, _inputs: object, output: object) -> None:
            shapes.pop(name, None)
            shapes[name] = tuple(output.shape) if isinstance(output, torch.Tensor) else ()

        return hook

    try:
        for name, module in network.named_modules():
            if name:
                handles.append(module.register_forward_hook(watch(name)))
        run()
    finally:
        for handle in handles:
            handle.remove()
    return shapes
