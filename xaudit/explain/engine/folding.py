"""Batch norms folded into the convolutions before them: the same function in fewer passes."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch.fx import GraphModule, Node
from torch.nn.utils.fusion import fuse_conv_bn_eval

from xaudit.explain.engine.detector import FeatureLayer
from xaudit.explain.engine.tracing import traced

_CONVOLUTIONS = (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)
_NORMS = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)

# Above what rounding does in float32.
_RELATIVE, _ABSOLUTE = 1e-3, 1e-4


def folded(
    module: torch.nn.Module, layer: FeatureLayer | None, image: torch.Tensor | None = None
) -> tuple[torch.nn.Module, FeatureLayer | None]:
    """A copy of a network in evaluation mode without the batch norms that can be folded.

    A pair is folded where tracing shows that the norm alone reads the convolution. What cannot
    be traced is copied as it is. The target layer keeps its output, so a convolution that is one
    is left alone.

    Args:
        module: any network; not changed.
        layer: its target layer.
        image: (1, C, H, W), to try the copy; where its logit differs, nothing is folded. A part
            that is traced by itself may be used otherwise by what is around it.

    Returns:
        The copy, and the target layer in it.
    """
    twin = copied(module).eval().requires_grad_(False)
    name = name_of(module, layer)
    pairs = [(convolution, norm) for convolution, norm in _pairs(twin) if convolution != name]
    tried = image if pairs else None
    expected = _logit(twin, tried)
    for convolution, norm in pairs:
        _fold(twin, convolution, norm)
    if not torch.allclose(_logit(twin, tried), expected, rtol=_RELATIVE, atol=_ABSOLUTE):
        twin = copied(module).eval().requires_grad_(False)
    if layer is None or name is None:
        return twin, layer
    return twin, layer.within(twin.get_submodule(name))


def _logit(module: torch.nn.Module, image: torch.Tensor | None) -> torch.Tensor:
    """What the network says of the image; nothing without one."""
    # Not inference mode: what a network keeps from here must allow gradients later.
    with torch.no_grad():
        return torch.empty(0) if image is None else torch.as_tensor(module(image)).detach()


def copied(module: torch.nn.Module, shared: Iterable[torch.Tensor] = ()) -> torch.nn.Module:
    """A copy that shares these tensors; outputs that a network keeps come without their graph."""
    memo: dict[int, Any] = {id(tensor): tensor for tensor in shared}
    for tensor in _tensors([vars(part) for part in module.modules()]):
        if not tensor.is_leaf:
            memo[id(tensor)] = tensor.detach().clone()
    return copy.deepcopy(module, memo)


def _tensors(value: object) -> Iterator[torch.Tensor]:
    """Tensors in containers within containers."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from _tensors(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _tensors(one)


def name_of(module: torch.nn.Module, layer: FeatureLayer | None) -> str | None:
    """Dotted name of a target layer within the whole module; None without a layer."""
    if layer is None:
        return None
    names: dict[torch.nn.Module, str] = {part: name for name, part in module.named_modules()}
    return names[layer.module]


def _pairs(twin: torch.nn.Module) -> list[tuple[str, str]]:
    """Names of convolutions and of the batch norms that alone read them."""
    return [
        (one, other)
        for one, other in foldable_neighbors(twin)
        if _foldable(twin.get_submodule(one), twin.get_submodule(other))
    ]


def foldable_neighbors(twin: torch.nn.Module) -> list[tuple[str, str]]:
    """Names of layers without hooks, in one place each, of which the second alone reads the first.

    Args:
        twin: any network; parts that cannot be traced have none.
    """
    # Tracing leaves its placeholders in networks that keep what they computed.
    scratch = copied(twin, shared=twin.parameters())
    places = Counter(id(part) for _, part in twin.named_modules(remove_duplicate=False))
    pairs = []
    for prefix, graph in traced(scratch, single=False):
        for names in _neighbors(graph):
            one, other = (f"{prefix}{name}" for name in names)
            parts = twin.get_submodule(one), twin.get_submodule(other)
            # What stands in several places may be read elsewhere too.
            if all(places[id(part)] == 1 and not hooked(part) for part in parts):
                pairs.append((one, other))
    return pairs


def _neighbors(graph: GraphModule) -> list[tuple[str, str]]:
    """Names of layers, each called once, of which the second alone reads the first."""
    calls = [node for node in graph.graph.nodes if node.op == "call_module"]
    times = Counter(node.target for node in calls)
    # A convolution whose weights are read directly stays as it is.
    times.update(
        str(node.target).rpartition(".")[0] for node in graph.graph.nodes if node.op == "get_attr"
    )
    return [
        (str(source.target), str(node.target))
        for node in calls
        if isinstance(source := next(iter(node.args), None), Node)
        and source.op == "call_module"
        and len(source.users) == 1
        and times[source.target] == times[node.target] == 1
    ]


def _foldable(convolution: torch.nn.Module, norm: torch.nn.Module) -> bool:
    # A subclass may compute something else: weights that are normalized, fake quantization.
    return (
        type(convolution) in _CONVOLUTIONS
        and type(norm) in _NORMS
        and norm.running_mean is not None
    )


def hooked(module: torch.nn.Module) -> bool:
    """Whether somebody watches what goes through a layer."""
    return any(
        (
            module._forward_hooks,
            module._forward_pre_hooks,
            module._backward_hooks,
            module._backward_pre_hooks,
        )
    )


def _fold(twin: torch.nn.Module, convolution: str, norm: str) -> None:
    # The types are those that `_foldable` found.
    pair: list[Any] = [twin.get_submodule(convolution), twin.get_submodule(norm)]
    twin.set_submodule(convolution, fuse_conv_bn_eval(*pair))
    twin.set_submodule(norm, torch.nn.Identity())
