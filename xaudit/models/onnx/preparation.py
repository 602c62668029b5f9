"""Preprocessing that was exported too: what a graph does before its first layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from onnx import GraphProto, NodeProto, TensorProto, numpy_helper

_MOVES = frozenset({"Identity", "Transpose", "Cast", "Unsqueeze", "Squeeze", "Reshape", "Flatten"})
"""They hand values on as they are."""
_CHANGES = frozenset(
    {"Sub", "Div", "Mul", "Add", "Clip", "Resize", "Pow", "Neg", "Pad", "BatchNormalization",
     "InstanceNormalization", "Slice", "Gather"}
)  # fmt: skip
_STEPS = 12


def preparation(graph: GraphProto) -> Iterator[str]:
    """Steps between the input and the first layer that change values: "Div by 255", "Resize".

    Only while each value is read once: where it is read twice, a block of the network begins.

    Args:
        graph: of a model with one input.
    """
    constants = {one.name: one for one in graph.initializer}
    constants |= dict(_constants(graph))
    names = [one.name for one in graph.input if one.name not in constants]
    name = names[0] if len(names) == 1 else ""
    steps: list[str] = []
    for _ in range(_STEPS):
        readers = [node for node in graph.node if name in node.input]
        if len(readers) != 1 or readers[0].op_type not in _MOVES | _CHANGES:
            break
        node = readers[0]
        if node.op_type in _CHANGES:
            steps.append(_described(node, name, constants))
        name = node.output[0]
    yield from steps


def _constants(graph: GraphProto) -> Iterator[tuple[str, TensorProto]]:
    for node in graph.node:
        for attribute in node.attribute if node.op_type == "Constant" else ():
            if attribute.name == "value":
                yield node.output[0], attribute.t


def _described(node: NodeProto, name: str, constants: Mapping[str, TensorProto]) -> str:
    others = [constants.get(one) for one in node.input if one != name]
    other = others[0] if len(others) == 1 else None
    if other is None or other.external_data or np.prod(other.dims) > 4:
        return node.op_type
    values = np.unique(numpy_helper.to_array(other))
    return f"{node.op_type} by {', '.join(f'{value:.6g}' for value in values)}"
