"""The steps of a graph of torch.fx, without the graph: they can be copied and hold no tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch.fx import Graph, Node
from torch.fx.node import map_aggregate
from torch.nn import functional

_IN_PLACE = {"inplace": True}
_FUNCTIONS: Mapping[str, tuple[Callable[..., Any], Mapping[str, Any]]] = {
    "aten.relu.default": (functional.relu, {}),
    "aten.relu_.default": (functional.relu, _IN_PLACE),
    "aten.silu.default": (functional.silu, {}),
    "aten.silu_.default": (functional.silu, _IN_PLACE),
    "aten.hardswish.default": (functional.hardswish, {}),
    "aten.hardswish_.default": (functional.hardswish, _IN_PLACE),
    "aten.hardsigmoid.default": (functional.hardsigmoid, {}),
    "aten.hardtanh.default": (functional.hardtanh, {}),
    "aten.hardtanh_.default": (functional.hardtanh, _IN_PLACE),
    "aten.sigmoid.default": (functional.sigmoid, {}),
    "aten.tanh.default": (functional.tanh, {}),
    "aten.gelu.default": (functional.gelu, {}),
    "aten.max_pool2d.default": (functional.max_pool2d, {}),
    "aten.scaled_dot_product_attention.default": (functional.scaled_dot_product_attention, {}),
}
"""Operators as a network calls them: methods that look for activations and attention know these."""


@dataclass(frozen=True, slots=True)
class StepValue:
    """What a step made, by the name of the step."""

    name: str


@dataclass(frozen=True, slots=True)
class GraphStep:
    """One step of a part.

    Attributes:
        kind: "placeholder", "get_attr", "call_function", "call_module" or "output", as in torch.fx.
        name: of what it makes.
        target: what is called or read.
        args: with `Value` where an earlier step is meant.
        kwargs: likewise.
        done: names that no later step reads.
    """

    kind: str
    name: str
    target: Any
    args: Any
    kwargs: Any
    done: tuple[str, ...] = ()


def steps_of(graph: Graph) -> tuple[GraphStep, ...]:
    """The steps of a graph; what is not needed any more is let go."""
    last = {used: node for node in graph.nodes for used in node.all_input_nodes}
    return tuple(
        GraphStep(
            node.op,
            node.name,
            node.target,
            map_aggregate(node.args, _value),
            map_aggregate(node.kwargs, _value),
            tuple(used.name for used in node.all_input_nodes if last[used] is node),
        )
        for node in graph.nodes
    )


def _value(one: Any) -> Any:  # noqa: ANN401
    return StepValue(one.name) if isinstance(one, Node) else one


def as_called(step: GraphStep) -> GraphStep:
    """A step with the function of torch that a network calls instead of its operator."""
    function, more = _FUNCTIONS.get(str(step.target), (step.target, {}))
    return replace(step, target=function, kwargs={**step.kwargs, **more})
