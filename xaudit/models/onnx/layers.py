"""Nodes of the domain `OWN` as layers of torch: those that its tools know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from onnx2torch.node_converters.registry import add_converter
from onnx2torch.utils.common import OnnxMapping, OperationConverterResult

from xaudit.models.onnx.graph import OWN


class Reshaped(torch.nn.Module):
    """Another shape of the same numbers.

    Args:
        sides: 0 for a side that stays, -1 for one that follows from the others.
    """

    def __init__(self, sides: Sequence[int]) -> None:
        super().__init__()
        self._sides = tuple(sides)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """See the class."""
        sides = [side or given.shape[axis] for axis, side in enumerate(self._sides)]
        return given.reshape(sides)


class SliceLayer(torch.nn.Module):
    """A part of a value: from, just behind, along which axes, in which steps.

    Args:
        places: of what is told by constants; None for what is computed.
    """

    def __init__(self, places: Sequence[list[int] | None]) -> None:
        super().__init__()
        self._places = tuple(places)

    def forward(self, given: torch.Tensor, *computed: torch.Tensor) -> torch.Tensor:
        """See the class."""
        rest = iter(computed)
        parts = [place or next(rest).tolist() for place in self._places]
        starts, stops = parts[:2]
        axes = parts[2] if len(parts) > 2 else range(len(starts))
        steps = parts[3] if len(parts) > 3 else [1] * len(starts)
        cuts = zip(axes, starts, stops, steps, strict=True)
        index = {axis % given.ndim: slice(start, stop, step) for axis, start, stop, step in cuts}
        return given[tuple(index.get(axis, slice(None)) for axis in range(given.ndim))]


class Joined(torch.nn.Module):
    """Values side by side; one that is the same for every image is repeated.

    Args:
        axis: along which; not that of the images.
    """

    def __init__(self, axis: int) -> None:
        super().__init__()
        self._axis = axis

    def forward(self, *given: torch.Tensor) -> torch.Tensor:
        """See the class."""
        images = max(len(one) for one in given)
        return torch.cat([one.expand(images, *one.shape[1:]) for one in given], self._axis)


class Stored(torch.nn.Module):
    """Learned numbers outside of any layer: a class token, positions, scales.

    Args:
        value: the numbers.
    """

    def __init__(self, value: torch.Tensor) -> None:
        super().__init__()
        self.value = torch.nn.Parameter(value)

    def forward(self) -> torch.Tensor:
        """See the class."""
        return self.value


def _linear(given: Mapping[str, Any], tensors: Sequence[torch.Tensor]) -> torch.nn.Module:
    weight, *bias = tensors
    layer = torch.nn.Linear(weight.shape[0], weight.shape[1], bias=bool(bias))
    return _filled(layer, weight.T.contiguous(), *bias)


def _layer_norm(given: Mapping[str, Any], tensors: Sequence[torch.Tensor]) -> torch.nn.Module:
    layer = torch.nn.LayerNorm(len(tensors[0]), given["epsilon"], bias=len(tensors) > 1)
    return _filled(layer, *tensors)


def _group_norm(given: Mapping[str, Any], tensors: Sequence[torch.Tensor]) -> torch.nn.Module:
    layer = torch.nn.GroupNorm(given["groups"], len(tensors[0]), given["epsilon"])
    return _filled(layer, *tensors)


def _pooled(given: Mapping[str, Any], tensors: Sequence[torch.Tensor]) -> torch.nn.Module:
    pool = torch.nn.AdaptiveAvgPool2d(1)
    return pool if given["keep"] else torch.nn.Sequential(pool, torch.nn.Flatten(1))


def _gelu(given: Mapping[str, Any], tensors: Sequence[torch.Tensor]) -> torch.nn.Module:
    return torch.nn.GELU(approximate=given.get("approximate", "none"))


def _filled(layer: torch.nn.Module, *tensors: torch.Tensor) -> torch.nn.Module:
    for parameter, values in zip(layer.parameters(), tensors, strict=True):
        parameter.data = values
    return layer


_LAYERS: Mapping[str, Callable[[Mapping[str, Any], Sequence[torch.Tensor]], torch.nn.Module]] = {
    "Linear": _linear,
    "LayerNorm": _layer_norm,
    "GroupNorm": _group_norm,
    "Pooled": _pooled,
    "Highest": lambda given, tensors: torch.nn.AdaptiveMaxPool2d(1),
    "Gelu": _gelu,
    "Mish": lambda given, tensors: torch.nn.Mish(),
    "Silu": lambda given, tensors: torch.nn.SiLU(),
    "Reshaped": lambda given, tensors: Reshaped(given["sides"]),
    "Joined": lambda given, tensors: Joined(given["axis"]),
}
_OF_SEVERAL = frozenset({"Joined"})
"""What reads more than one value that is computed."""


def _cut(node: Any, graph: Any) -> OperationConverterResult:  # noqa: ANN401
    image, *told = (input_value for input_value in node.input_values if input_value)
    known = [graph.initializers[one].to_torch().tolist() if one in graph.initializers else None
             for one in told]  # fmt: skip
    computed = [name for name, values in zip(told, known, strict=True) if values is None]
    mapping = OnnxMapping(inputs=(image, *computed), outputs=node.output_values)
    return OperationConverterResult(SliceLayer(known), mapping)


def _converter(kind: str) -> Callable[[Any, Any], OperationConverterResult]:
    def convert(node: Any, graph: Any) -> OperationConverterResult:  # noqa: ANN401
        names = tuple(input_value for input_value in node.input_values if input_value)
        read = names if kind in _OF_SEVERAL else names[:1]
        tensors = [graph.initializers[name].to_torch() for name in names[len(read) :]]
        mapping = OnnxMapping(inputs=read, outputs=node.output_values)
        return OperationConverterResult(_LAYERS[kind](node.attributes, tensors), mapping)

    return convert


add_converter("Cut", version=1, domain=OWN)(_cut)
for _kind in _LAYERS:
    add_converter(_kind, version=1, domain=OWN)(_converter(_kind))
