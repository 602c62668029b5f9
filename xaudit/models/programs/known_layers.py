"""Layers of an exported program that are one of torch's own: as such they can be folded and fused.

Only a layer that is one call of one operator, with the name and the tensors of torch's layer, is
replaced; what it computes is the same call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from xaudit.models.programs.graph_steps import GraphStep, StepValue

if TYPE_CHECKING:
    from xaudit.models.programs.parts import ProgramLayer

_Arguments = Mapping[str, Any]


def known_layer(part: ProgramLayer) -> nn.Module | None:
    """Torch's layer for a part, holding the same tensors; None where there is none.

    Args:
        part: without looking at what calls it.
    """
    kinds = [step.kind for step in part.steps]
    call = next((step for step in part.steps if step.kind == "call_function"), None)
    single = (
        kinds.count("placeholder") == kinds.count("call_function") == kinds.count("output") == 1
    )
    if call is None or not single or "call_module" in kinds or any(True for _ in part.children()):
        return None
    if part.steps[-1].args[0] != StepValue(call.name):
        return None
    make = _LAYERS.get((type(part).__name__, str(call.target)))
    layer = make(_named(part, call)) if make else None
    return layer if layer is not None and _take_tensors(layer, part) else None


def _named(part: ProgramLayer, call: GraphStep) -> _Arguments:
    """Arguments of a call by their names in the operator's schema; tensors by their own names."""
    read = {step.name: step.target for step in part.steps if step.kind == "get_attr"}
    schema = call.target._schema.arguments
    given = {one.name: one.default_value for one in schema if one.has_default_value()}
    given |= {one.name: value for one, value in zip(schema, call.args, strict=False)}
    given |= dict(call.kwargs)
    return {
        name: (read.get(one.name, one) if isinstance(one, StepValue) else one)
        for name, one in given.items()
    } | {"tensors": {name: getattr(part, name) for name in read.values() if "." not in name}}


def _take_tensors(layer: nn.Module, part: ProgramLayer) -> bool:
    """Give the layer the tensors of the part; False where they are not the ones that it has."""
    own = {name: one.shape for name, one in [*layer.named_parameters(), *layer.named_buffers()]}
    held = {**dict(part.named_parameters()), **dict(part.named_buffers())}
    held.setdefault("num_batches_tracked", torch.zeros((), dtype=torch.long))
    if any(name not in held or held[name].shape != shape for name, shape in own.items()):
        return False
    if held.keys() - own.keys() - {"num_batches_tracked"}:
        return False
    for name in own:
        setattr(layer, name, held[name])
    return layer.eval() is layer


def _conv2d(given: _Arguments) -> nn.Module | None:
    if given["weight"] != "weight" or given["bias"] not in (None, "bias"):
        return None
    outputs, inputs, *kernel = given["tensors"]["weight"].shape
    sides: dict[str, Any] = {
        name: tuple(given[name]) * (2 // len(given[name]))
        for name in ("stride", "padding", "dilation")
    }
    groups, bias = given["groups"], given["bias"] is not None
    return nn.Conv2d(
        inputs * groups, outputs, tuple(kernel), groups=groups, bias=bias, device="meta", **sides
    )


def _batch_norm(given: _Arguments) -> nn.Module | None:
    names = [given[name] for name in ("weight", "bias", "running_mean", "running_var")]
    if names != ["weight", "bias", "running_mean", "running_var"] or given["training"]:
        return None
    features = len(given["tensors"]["weight"])
    return nn.BatchNorm2d(features, given["eps"], given["momentum"], device="meta")


def _linear(given: _Arguments) -> nn.Module | None:
    if given["weight"] != "weight" or given["bias"] not in (None, "bias"):
        return None
    outputs, inputs = given["tensors"]["weight"].shape
    return nn.Linear(inputs, outputs, bias=given["bias"] is not None, device="meta")


def _relu6(given: _Arguments) -> nn.Module | None:
    return nn.ReLU6() if (given["min_val"], given["max_val"]) == (0, 6) else None


def _dropout(given: _Arguments) -> nn.Module | None:
    # One that is at work stays as it is, and is noticed.
    return None if given["train"] else nn.Dropout(given["p"])


def _pool(given: _Arguments) -> nn.Module | None:
    size = given["output_size"]
    return nn.AdaptiveAvgPool2d(tuple(size)) if all(type(one) is int for one in size) else None


_LAYERS: Mapping[tuple[str, str], Callable[[_Arguments], nn.Module | None]] = {
    ("Conv2d", "aten.conv2d.default"): _conv2d,
    ("BatchNorm2d", "aten.batch_norm.default"): _batch_norm,
    ("Linear", "aten.linear.default"): _linear,
    ("ReLU", "aten.relu.default"): lambda _: nn.ReLU(),
    ("ReLU", "aten.relu_.default"): lambda _: nn.ReLU(inplace=True),
    ("ReLU6", "aten.hardtanh.default"): _relu6,
    ("ReLU6", "aten.hardtanh_.default"): _relu6,
    ("Dropout", "aten.dropout.default"): _dropout,
    ("AdaptiveAvgPool2d", "aten.adaptive_avg_pool2d.default"): _pool,
}
