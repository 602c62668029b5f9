"""Operators in the forms of opset 17, which onnx2torch knows, and layers as torch has them.

Newer operators differ from those of opset 17 in where they are told what to do (axes as an input,
`ReduceMean` since 18), in numbers that they take besides float32, or they are new (`Gelu`). What
is a layer of torch, a linear map, a norm, a pooling, becomes a node of the domain `OWN`, which
`layers` turns into that layer. Whether the rewritten network is the same is not argued here: it is
compared with the file's own answers.

Sources: Operators.md and Changelog.md of ONNX.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from onnx import NodeProto

from xaudit.models.onnx.batch import freed
from xaudit.models.onnx.graph import OWN, Graph, Shape, attributes, own, remade

OPSET = 17
_REDUCES = ("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
            "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare")  # fmt: skip
# Attributes that opset 17 does not have, where they say what it does anyway.
_DEFAULTS: Mapping[str, Mapping[str, object]] = {
    "Cast": {"saturate": 1, "round_mode": b"up"},
    "Resize": {"antialias": 0, "keep_aspect_ratio_policy": b"stretch"},
    "AveragePool": {"dilations": [1, 1]},
}
_Rule = Callable[[NodeProto, Graph], NodeProto | None]


def lower(graph: Graph, batch: int | None) -> None:
    """Rewrite a graph in place.

    Args:
        graph: as the file has it.
        batch: images that the file takes, no more and no fewer; None for any number.
    """
    version = max(graph.opset, 1)
    nodes = freed(graph, batch) if batch is not None else graph.nodes
    lowered = [_lowered(node, graph) for node in nodes]
    graph.replace(_joined(lowered, graph), min(version, OPSET), OWN)


def _lowered(node: NodeProto, graph: Graph) -> NodeProto:
    if node.domain not in {"", "ai.onnx"}:
        return node
    rule = _RULES.get(node.op_type)
    made = rule(node, graph) if rule is not None else None
    return made or _without_defaults(node)


def _without_defaults(node: NodeProto) -> NodeProto:
    given = attributes(node)
    idle = {name for name, value in _DEFAULTS.get(node.op_type, {}).items()
            if given.get(name) == value}  # fmt: skip
    if not idle:
        return node
    kept = {name: value for name, value in given.items() if name not in idle}
    return remade(node, node.op_type, node.input, kept)


def _reduced(node: NodeProto, graph: Graph) -> NodeProto | None:
    given = attributes(node)
    axes = given.get("axes")
    if len(node.input) > 1 and node.input[1]:
        constant = graph.constant(node.input[1])
        if constant is None:
            return None
        axes = [int(one) for one in constant.reshape(-1)]
    if not axes and given.get("noop_with_empty_axes"):
        return remade(node, "Identity", node.input[:1])
    shape, keep = graph.shape(node.input[0]), given.get("keepdims", 1)
    places = _from_front(axes, shape)
    if node.op_type == "ReduceMean" and places == [2, 3] and shape and len(shape) == 4:
        return own(node, "Pooled", node.input[:1], {"keep": keep})
    told: dict[str, object] = {"axes": places} if places else {}
    if node.op_type == "ReduceSum":
        # Its axes are an input in opset 13 to 17 too.
        kept = {key: value for key, value in given.items() if key != "axes"}
        return remade(node, node.op_type, node.input, kept) if len(node.input) > 1 else None
    return remade(node, node.op_type, node.input[:1], {"keepdims": keep, **told})


def _from_front(axes: object, shape: Shape | None) -> list[int]:
    numbers = [int(axis) for axis in axes] if isinstance(axes, Sequence) else []
    return sorted(number % len(shape) for number in numbers) if shape else numbers


def _pooled(node: NodeProto, graph: Graph) -> NodeProto | None:
    shape = graph.shape(node.input[0])
    fits = shape is not None and len(shape) == 4
    return own(node, "Pooled", node.input, {"keep": 1}) if fits else None


def _highest(node: NodeProto, graph: Graph) -> NodeProto | None:
    shape = graph.shape(node.input[0])
    fits = shape is not None and len(shape) == 4
    return own(node, "Highest", node.input) if fits else None


def _reshaped(node: NodeProto, graph: Graph) -> NodeProto | None:
    shape = graph.constant(node.input[1])
    if shape is None:
        return None
    sides, before = [int(one) for one in shape], graph.shape(node.input[0])
    if attributes(node).get("allowzero") and 0 in sides:
        # An empty picture, which no detector has.
        return None
    flat = before is not None and len(before) > 1 and None not in before[1:]
    if before and flat and len(sides) == 2 and sides[0] in {0, -1}:
        width = int(np.prod([side or 0 for side in before[1:]]))
        if sides[1] in {-1 if sides[0] == 0 else width, width}:
            return remade(node, "Flatten", node.input[:1], {"axis": 1})
    if before and before[0] is None and sides[0] == -1 and 0 not in sides and _same(before, sides):
        sides[0] = 0
    return own(node, "Reshaped", node.input[:1], {"sides": sides})


def _same(before: Shape, sides: Sequence[int]) -> bool:
    """Whether a shape keeps the images apart: as many numbers for each of them."""
    if None in before[1:]:
        return False
    return int(np.prod([side or 0 for side in before[1:]])) == int(np.prod(sides[1:]))


def _split(node: NodeProto, graph: Graph) -> NodeProto | None:
    given = attributes(node)
    count, axis = given.get("num_outputs"), int(str(given.get("axis", 0)))
    shape = graph.shape(node.input[0])
    side = shape[axis] if shape else None
    if not isinstance(count, int) or side is None:
        return None
    # The last part is the smaller one where they cannot be equal.
    size = -(-side // count)
    sizes = [min(size, side - at * size) for at in range(count)]
    name = graph.add(f"{node.name}__sizes", np.asarray(sizes, np.int64))
    return remade(node, "Split", [node.input[0], name], {"axis": axis})


def _cut(node: NodeProto, graph: Graph) -> NodeProto | None:
    """Onnx2torch indexes with a list, of which torch warns that it will mean something else."""
    steps = graph.constant(node.input[4]) if len(node.input) > 4 else None
    known = len(node.input) < 5 or (steps is not None and int(steps.min()) > 0)
    return own(node, "Cut", node.input) if len(node.input) > 2 and known else None


def _linear(node: NodeProto, graph: Graph) -> NodeProto | None:
    weight = graph.constant(node.input[1])
    if weight is None or weight.ndim != 2 or graph.constant(node.input[0]) is not None:
        return None
    return own(node, "Linear", node.input)


def _layer_norm(node: NodeProto, graph: Graph) -> NodeProto | None:
    given, shape = attributes(node), graph.shape(node.input[0])
    axis = int(str(given.get("axis", -1)))
    last = axis == -1 or (shape is not None and axis == len(shape) - 1)
    known = all(graph.constant(one) is not None for one in node.input[1:] if one)
    if not last or not known or len(node.output) > 1:
        return None
    return own(node, "LayerNorm", node.input, {"epsilon": given.get("epsilon", 1e-5)})


def _group_norm(node: NodeProto, graph: Graph) -> NodeProto | None:
    given, shape = attributes(node), graph.shape(node.input[0])
    scale, bias = (graph.constant(one) for one in node.input[1:3])
    channels = shape[1] if shape and len(shape) > 1 else None
    if scale is None or bias is None or channels is None:
        return None
    names = [
        # One for each group until opset 20, for each channel since.
        graph.add(f"{node.name}__{which}", np.repeat(values, channels // len(values)))
        for which, values in (("scale", scale), ("bias", bias))
    ]
    told = {"groups": given["num_groups"], "epsilon": given.get("epsilon", 1e-5)}
    return own(node, "GroupNorm", [node.input[0], *names], told)


def _gelu(node: NodeProto, graph: Graph) -> NodeProto | None:
    return own(node, "Gelu", node.input, attributes(node))


def _mish(node: NodeProto, graph: Graph) -> NodeProto | None:
    return own(node, "Mish", node.input)


_RULES: Mapping[str, _Rule] = {
    **dict.fromkeys(_REDUCES, _reduced),
    "GlobalAveragePool": _pooled,
    "GlobalMaxPool": _highest,
    "Reshape": _reshaped,
    "Slice": _cut,
    "Split": _split,
    "MatMul": _linear,
    "LayerNormalization": _layer_norm,
    "GroupNormalization": _group_norm,
    "Gelu": _gelu,
    "Mish": _mish,
}


def _joined(nodes: Sequence[NodeProto], graph: Graph) -> list[NodeProto]:
    """Pairs of nodes that are one layer: x times its sigmoid, a linear map and what is added."""
    made = {output: node for node in nodes for output in node.output}
    gone: set[str] = set()
    kept: list[NodeProto] = []
    for node in nodes:
        pair = _with_bias(node, graph, made) or _silu(node, graph, made)
        if pair is not None:
            before, node = pair  # noqa: PLW2901
            gone.add(before.name)
        kept.append(node)
    return [node for node in kept if node.name not in gone]


def _alone(name: str, graph: Graph) -> bool:
    return graph.readers(name) == 1 and name != graph.output


def _with_bias(
    node: NodeProto, graph: Graph, made: Mapping[str, NodeProto]
) -> tuple[NodeProto, NodeProto] | None:
    if node.op_type != "Add" or node.domain:
        return None
    for one, other in (node.input, node.input[::-1]):
        linear, bias = made.get(one), graph.constant(other)
        if linear is None or bias is None or (linear.domain, linear.op_type) != (OWN, "Linear"):
            continue
        weight = graph.constant(linear.input[1])
        wide = weight is not None and bias.shape == weight.shape[1:]
        if wide and len(linear.input) == 2 and _alone(one, graph):
            joined = own(node, "Linear", [*linear.input, other])
            return linear, joined
    return None


def _silu(
    node: NodeProto, graph: Graph, made: Mapping[str, NodeProto]
) -> tuple[NodeProto, NodeProto] | None:
    if node.op_type != "Mul" or node.domain:
        return None
    for one, other in (node.input, node.input[::-1]):
        gate = made.get(other)
        if gate is not None and gate.op_type == "Sigmoid" and gate.input[0] == one:
            return (gate, own(node, "Silu", [one])) if _alone(other, graph) else None
    return None
