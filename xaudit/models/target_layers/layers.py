"""Target layers of Grad-CAM: where the feature map is that the head pools."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import torch

from xaudit.core.grid import LARGEST_STRETCH, stretch, token_grid
from xaudit.errors import DetectorError
from xaudit.models.target_layers.behind import Behind
from xaudit.models.target_layers.drawn import before_heads, weighted_calls
from xaudit.models.target_layers.steps import LayerCall, passing

Layout = Literal["channels_first", "channels_last", "tokens"]

_SHOWN = 6
_FUNCTION = "_xaudit_function"
_POOLING = (torch.nn.AdaptiveAvgPool2d, torch.nn.AdaptiveMaxPool2d)
_PLACES: dict[Layout, tuple[int, ...]] = {
    "channels_first": (2, 3), "channels_last": (1, 2), "tokens": (1,),
}  # fmt: skip
"""Axes along which a feature map extends."""


@dataclass(frozen=True, slots=True, eq=False)
class TargetLayer:
    """A layer and how a feature map is read from its output, or from what follows it.

    Attributes:
        name: what is read: the layer's dotted name within the network, and the function that the
            network calls after it, if there is one: "features, then relu".
        module: the layer.
        layout: "channels_first" (N, K, h, w), "channels_last" (N, h, w, K), or "tokens"
            (N, prefix + h·w, K), as transformers have them.
        grid: (h, w), of all views that are stacked.
        views: rows of the output for each image: one, or one for each view of an examination that
            the network sees by itself.
        stacked: whether the views lie one under another, and their feature maps too; they are
            channels of the image otherwise, and their feature maps follow each other.
        step: the function call after the layer that makes the feature map; None where the layer
            does.
    """

    name: str
    module: torch.nn.Module
    layout: Layout
    grid: tuple[int, int]
    views: int = 1
    step: LayerCall | None = None
    stacked: bool = False

    def passing(
        self, through: Callable[[torch.Tensor], torch.Tensor]
    ) -> AbstractContextManager[None]:
        """While this is open, what is read goes through a function before the network goes on.

        Args:
            through: gets what `feature_map` understands; what it returns goes on.
        """
        return passing(self.module, self.step, through)

    def feature_map(self, output: torch.Tensor) -> torch.Tensor:
        """What is read as (N, K, h, w); the feature maps of all views are told as one."""
        maps = self._maps(output)
        if self.stacked:
            # (N * V, K, h, w) → (N, K, V * h, w)
            return maps.reshape(-1, self.views, *maps.shape[1:]).movedim(1, 2).flatten(2, 3)
        return maps if self.views == 1 else maps.reshape(-1, self.views * maps.shape[1], *self.grid)

    def _maps(self, output: torch.Tensor) -> torch.Tensor:
        if self.layout == "channels_first":
            return output
        if self.layout == "tokens":
            rows, columns = self.view_grid
            # Class and register tokens come first and have no place in the feature map.
            output = output[:, -rows * columns :]
            output = output.reshape(len(output), rows, columns, -1)
        return output.movedim(-1, 1)

    @property
    def view_grid(self) -> tuple[int, int]:
        """Rows and columns of one row of the output."""
        rows, columns = self.grid
        return (rows // self.views, columns) if self.stacked else (rows, columns)

    def within(self, module: torch.nn.Module) -> TargetLayer:
        """The same layer in a copy of the network."""
        return replace(self, module=module)


def mark_function(module: torch.nn.Module) -> None:
    """Mark a module that is no layer: a function that a converted network calls.

    Args:
        module: whose outputs are no feature maps that a method could read.
    """
    setattr(module, _FUNCTION, True)


def find_target_layer(
    network: torch.nn.Module,
    run: Callable[[torch.Tensor], torch.Tensor],
    image: torch.Tensor,
    name: str | None = None,
    stacked: int = 1,
    *,
    draws: bool = False,
) -> TargetLayer:
    """What Grad-CAM reads: the last feature map on the way to the logit, which the head pools.

    One image is passed and differentiated. A feature map that the logit does not depend on is no
    candidate: in a vision transformer the patches of the last block are computed and ignored.
    Where the network's own code calls functions on the feature map after its last layer, such as
    the final ReLU of DenseNet, it is what they return. Where views of an examination lie one under
    another, a layer is read that is called once for all of them and sees each by itself.

    Args:
        network: in which to look.
        run: images → logits, through the network.
        image: (1, C, H, W).
        name: dotted name of a layer; its output is read, whatever follows.
        stacked: views that lie one under another in the image.
        draws: it returns boxes or masks: the last feature map is read that its heads read, which
            is no queries of a transformer.

    Raises:
        DetectorError: there is no such layer, or its output is no feature map.
    """
    with (
        _outputs(network) as outputs,
        _channels(network) as channels,
        weighted_calls(network) as calls,
    ):
        logits = run(image.clone().requires_grad_(True))
    size = (image.shape[2] // stacked, image.shape[3])
    layers = [layer for output in outputs if (layer := _layer(network, output, outputs, size))]
    if stacked > 1:
        layers = [_laid_out(layer) for layer in layers if layer.views == stacked]
        channels = [stacked]
    several = [layer for layer in layers if layer.views > 1 and layer.views in channels]
    ordered = _in_order(network, run, image, several) if several else []
    readable = {layer.name: layer for layer in layers if layer.views == 1 or layer in ordered}
    if name is None and draws:
        maps = [name for name, layer in readable.items() if layer.layout != "tokens"]
        readable = {name: readable[name] for name in before_heads(maps, outputs, calls)}
        return _separate(_last_used(readable, outputs, logits), network, run, image)
    if name is None:
        found = _followed(_last_used(readable, outputs, logits), network, run, image)
        return _separate(found, network, run, image)
    if not readable:
        raise DetectorError(
            f"detector.target_layer {name!r}: no layer of this model returns a feature map that "
            f"can be "
            "watched; leave it out"
        )
    if name not in readable:
        known = ", ".join(list(readable)[-_SHOWN:])
        raise DetectorError(
            f"detector.target_layer {name!r}: expected a layer that returns a feature map; the "
            f"last ones are: {known}"
        )
    return _separate(readable[name], network, run, image)


def _laid_out(layer: TargetLayer) -> TargetLayer:
    """The layer with its feature maps one under another, as the views are."""
    rows, columns = layer.grid
    return replace(layer, stacked=True, grid=(layer.views * rows, columns))


def _separate(
    layer: TargetLayer,
    network: torch.nn.Module,
    run: Callable[[torch.Tensor], torch.Tensor],
    image: torch.Tensor,
) -> TargetLayer:
    """The layer, unless the feature map of a stacked view knows of other views."""
    if not layer.stacked:
        return layer
    pixels = image.clone().requires_grad_(True)
    with _outputs(network) as outputs:
        run(pixels)
    name = next(name for name in outputs if network.get_submodule(name) is layer.module)
    output = outputs[name]
    weights = torch.rand(output.shape[1:], generator=torch.Generator().manual_seed(0)).to(output)
    rows = image.shape[2] // layer.views
    for view, own in enumerate(output):
        (slope,) = torch.autograd.grad((own * weights).sum(), pixels, retain_graph=True)
        slope[:, :, view * rows : (view + 1) * rows] = 0
        if bool(slope.any()):
            raise DetectorError(
                f"detector.target_layer: the feature map of a view in {layer.name!r} depends on "
                "other views, so that no map of a view can be read from it; leave Grad-CAM out of "
                "explain.methods, or name a layer that sees each view by itself"
            )
    return layer


def _in_order(
    network: torch.nn.Module,
    run: Callable[[torch.Tensor], torch.Tensor],
    image: torch.Tensor,
    layers: list[TargetLayer],
) -> list[TargetLayer]:
    """The layers in whose output the views of one image stand together; tried with two images."""
    with _outputs(network) as outputs:
        logits = run(torch.cat([image, image]).requires_grad_(True))
    points = [outputs[layer.name] for layer in layers]
    slopes = torch.autograd.grad(logits[0], points, materialize_grads=True, allow_unused=True)
    pairs = zip(layers, slopes, strict=True)
    return [layer for layer, slope in pairs if not bool(slope[layer.views :].any())]


def _last_used(
    readable: dict[str, TargetLayer], outputs: dict[str, torch.Tensor], logits: torch.Tensor
) -> TargetLayer:
    """The last feature map to finish, which is the outermost, among those that the logit reads."""
    likely = {name: layer for name, layer in readable.items() if _worth_reading(layer)}
    slopes = torch.autograd.grad(
        logits.sum(), [outputs[name] for name in likely], allow_unused=True
    ) if likely and logits.requires_grad else ()  # fmt: skip
    joined = [
        (layer, slope)
        for layer, slope in zip(likely.values(), slopes, strict=False)
        if slope is not None
    ]
    moving = [layer for layer, slope in joined if bool(layer.feature_map(slope).any())]
    # Where every unit happens to be off, being connected has to do.
    candidates = moving or [layer for layer, _ in joined]
    if not candidates:
        raise DetectorError(
            "no layer of the network returns a feature map (N, C, H, W) or tokens on a grid; leave "
            "Grad-CAM out of explain.methods, or name a layer with detector.target_layer"
        )
    return candidates[-1]


def _followed(
    layer: TargetLayer,
    network: torch.nn.Module,
    run: Callable[[torch.Tensor], torch.Tensor],
    image: torch.Tensor,
) -> TargetLayer:
    """What the network's own code makes of the feature map before the head pools it."""
    places = _PLACES[layer.layout]
    feature_map = replace(layer, views=1, stacked=False, grid=layer.view_grid).feature_map
    step = Behind(network, layer.name, places, feature_map).last_step(run, image)
    if step is None:
        return layer
    sizes = [step.shape[axis - 1] for axis in places]
    high = layer.views if layer.stacked else 1
    grid = layer.grid if layer.layout == "tokens" else (high * sizes[0], sizes[1])
    return replace(layer, name=f"{layer.name}, then {step.function}", grid=grid, step=step)


def _worth_reading(layer: TargetLayer) -> bool:
    """Pooling only coarsens; inside a transformer block, norms are what is read (ICCV 2021)."""
    if layer.layout == "tokens":
        return "Norm" in type(layer.module).__name__ or any(True for _ in layer.module.children())
    return not isinstance(layer.module, _POOLING)


def _layer(
    network: torch.nn.Module, name: str, outputs: dict[str, torch.Tensor], size: tuple[int, int]
) -> TargetLayer | None:
    """The layer of this name, if its output for one image is a feature map of this size."""
    shape = tuple(outputs[name].shape)
    kinds: list[tuple[Layout, tuple[int, int] | None]] = []
    if len(shape) == 4:
        kinds = [("channels_first", shape[2:]), ("channels_last", shape[1:3])]
    elif len(shape) == 3:
        kinds = [("tokens", token_grid(shape[1], size))]
    fitting = [
        TargetLayer(name, network.get_submodule(name), layout, grid, views=shape[0])
        for layout, grid in kinds
        if grid is not None and min(grid) > 1 and stretch(grid, size) <= LARGEST_STRETCH
    ]
    return min(fitting, key=lambda layer: stretch(layer.grid, size), default=None)


@contextmanager
def _channels(network: torch.nn.Module) -> Iterator[list[int]]:
    """How many channels the network is given."""
    channels: list[int] = []

    def hook(_module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        channels.append(inputs[0].shape[1])

    handle = network.register_forward_pre_hook(hook)
    try:
        yield channels
    finally:
        handle.remove()


@contextmanager
def _outputs(network: torch.nn.Module) -> Iterator[dict[str, torch.Tensor]]:
    """Layer → its output, in the order in which layers finish."""
    outputs: dict[str, torch.Tensor] = {}
    handles = []

    def watch(name: str) -> Callable[[torch.nn.Module, object, object], object]:
        def hook(_module: torch.nn.Module, _inputs: object, output: object) -> object:
            outputs.pop(name, None)
            if not isinstance(output, torch.Tensor) or not output.requires_grad:
                return None
            outputs[name] = output
            # A copy goes on, so that a layer working in place does not overwrite the record.
            return output.clone()

        return hook

    try:
        for name, module in network.named_modules():
            if name and not getattr(module, _FUNCTION, False):
                handles.append(module.register_forward_hook(watch(name)))
        yield outputs
    finally:
        for handle in handles:
            handle.remove()
