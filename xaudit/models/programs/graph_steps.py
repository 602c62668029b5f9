"""The steps of a graph of torch.fx, without the graph: they can be copied and hold no tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch.fx import Graph, Node
from torch.fx.node import map_aggregate


@dataclass(frozen=True, slots=True)
class Value:
    """What a step made, by the name of the step."""

    name: str


@dataclass(frozen=True, slots=True)
class Step:
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


def steps_of(graph: Graph) -> tuple[Step, ...]:
    """The steps of a graph; what is not needed any more is let go."""
    last = {used: node for node in graph.nodes for used in node.all_input_nodes}
    return tuple(
        Step(
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
    return Value(one.name) if isinstance(one, Node) else one
