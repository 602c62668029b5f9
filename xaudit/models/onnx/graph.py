"""A copy of an ONNX graph that can be rewritten: one input, one output, its constants at hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.inliner
from onnx import GraphProto, ModelProto, NodeProto, helper, numpy_helper

Array = npt.NDArray[np.generic]
Shape = tuple[int | None, ...]
_VALUES = frozenset({"value", "value_float", "value_floats", "value_int", "value_ints"})
_BATCH = "batch"
OWN = "xaudit"
"""Domain of nodes that are layers of torch."""


class Graph:
    """A graph whose nodes may be replaced.

    Args:
        model: with all values in it; is changed.
        output: name of the one output that is kept, and what it needs.
        sides: of the input behind its batch, which becomes free: the shapes of all values between
            follow from them.

    Raises:
        Exception: the graph contradicts itself; of any type that onnx raises.
    """

    def __init__(self, model: ModelProto, output: str, sides: Sequence[int]) -> None:
        if model.functions:
            model = onnx.inliner.inline_local_functions(model)
        self._graph: GraphProto = model.graph
        _keep(self._graph, output)
        self._lift_constants()
        self._name_nodes()
        _set_shape(self._graph, sides)
        self.model = onnx.shape_inference.infer_shapes(model, data_prop=True)
        self._graph = self.model.graph
        self._constants = {one.name: one for one in self._graph.initializer}
        values = (*self._graph.value_info, *self._graph.input, *self._graph.output)
        self._shapes = {value.name: _shape(value) for value in values}
        self._readers = Counter(name for node in self._graph.node for name in node.input)

    @property
    def nodes(self) -> list[NodeProto]:
        """In the order in which they are computed."""
        return list(self._graph.node)

    @property
    def input(self) -> str:
        """Name of the input."""
        return str(self._graph.input[0].name)

    @property
    def output(self) -> str:
        """Name of the output."""
        return str(self._graph.output[0].name)

    @property
    def opset(self) -> int:
        """Version of the operators of ONNX."""
        imports = self.model.opset_import
        return max((one.version for one in imports if one.domain in {"", "ai.onnx"}), default=1)

    def replace(self, nodes: Iterable[NodeProto], opset: int, *domains: str) -> None:
        """Put other nodes in the place of all; what nothing reads any more goes.

        Args:
            nodes: in their order.
            opset: of the operators of ONNX.
            domains: of operators of one's own.
        """
        made = list(nodes)
        del self._graph.node[:]
        self._graph.node.extend(made)
        del self.model.opset_import[:]
        self.model.opset_import.extend(
            [
                helper.make_opsetid("", opset),
                *(helper.make_opsetid(domain, 1) for domain in domains),
            ]
        )
        _keep(self._graph, self.output)

    def constant(self, name: str) -> Array | None:
        """The values of a constant; None where it is computed."""
        found = self._constants.get(name)
        return None if found is None else np.asarray(numpy_helper.to_array(found))

    def add(self, name: str, values: Array) -> str:
        """Add a constant; returns its name."""
        tensor = numpy_helper.from_array(np.ascontiguousarray(values), name)
        self._graph.initializer.append(tensor)
        self._constants[name] = tensor
        return name

    def shape(self, name: str) -> Shape | None:
        """The shape of a value, None for sides that are not known; None where no side is."""
        found = self._constants.get(name)
        return tuple(found.dims) if found is not None else self._shapes.get(name)

    def readers(self, name: str) -> int:
        """How often nodes read a value, before any is replaced."""
        return self._readers[name]

    def _lift_constants(self) -> None:
        """Constants become initializers, and other names of them the same name."""
        names = {one.name for one in self._graph.initializer}
        same: dict[str, str] = {}
        kept = []
        for node in self._graph.node:
            node.input[:] = [same.get(one, one) for one in node.input]
            attribute = node.attribute[0] if len(node.attribute) == 1 else None
            if node.op_type == "Constant" and attribute and attribute.name in _VALUES:
                self._graph.initializer.append(_tensor(node.output[0], attribute))
                names.add(node.output[0])
            elif node.op_type == "Identity" and node.input[0] in names and node.output[0] not in {
                one.name for one in self._graph.output
            }:  # fmt: skip
                same[node.output[0]] = node.input[0]
            else:
                kept.append(node)
        nodes = [NodeProto.FromString(node.SerializeToString()) for node in kept]
        del self._graph.node[:]
        self._graph.node.extend(nodes)

    def _name_nodes(self) -> None:
        """Every node gets a name of its own: layers are found by it."""
        taken: set[str] = {"initializers"}
        for number, node in enumerate(self._graph.node):
            name = node.name.replace(".", "/").strip("/") or node.op_type
            node.name = name if name not in taken else f"{name}__{number}"
            node.domain = "" if node.domain == "ai.onnx" else node.domain
            taken.add(node.name)


def attributes(node: NodeProto) -> dict[str, object]:
    """Name → value."""
    return {one.name: helper.get_attribute_value(one) for one in node.attribute}


def remade(
    node: NodeProto, kind: str, inputs: Sequence[str], told: Mapping[str, object] | None = None
) -> NodeProto:
    """Another node of ONNX in the place of one, with its name and its outputs.

    Args:
        node: to be replaced.
        kind: of the operator.
        inputs: names of values.
        told: attributes.
    """
    made = helper.make_node(kind, list(inputs), list(node.output), name=node.name)
    given = sorted((told or {}).items())
    made.attribute.extend([helper.make_attribute(name, value) for name, value in given])
    return made


def own(
    node: NodeProto, kind: str, inputs: Sequence[str], told: Mapping[str, object] | None = None
) -> NodeProto:
    """A node of the domain `OWN` in the place of one; see `remade`."""
    made = remade(node, kind, inputs, told)
    made.domain = OWN
    return made


def _tensor(name: str, attribute: onnx.AttributeProto) -> onnx.TensorProto:
    value = helper.get_attribute_value(attribute)
    if attribute.name == "value":
        tensor = onnx.TensorProto()
        tensor.CopyFrom(value)
        tensor.name = name
        return tensor
    kind = np.float32 if "float" in attribute.name else np.int64
    return numpy_helper.from_array(np.asarray(value, kind), name)


def _keep(graph: GraphProto, output: str) -> None:
    """Keep one output and what it needs; large values stay where they are."""
    needed, nodes = {output}, []
    for node in reversed(graph.node):
        if needed & set(node.output):
            nodes.append(NodeProto.FromString(node.SerializeToString()))
            needed |= set(node.input) | _read_within(node)
    del graph.node[:]
    graph.node.extend(nodes[::-1])
    constants = {one.name for one in graph.initializer}
    _drop(graph.initializer, lambda name: name not in needed)
    _drop(graph.output, lambda name: name != output)
    # Old exporters list the weights among the inputs.
    _drop(graph.input, lambda name: name in constants)


def _drop(values: Any, unwanted: Callable[[str], bool]) -> None:  # noqa: ANN401
    for at in reversed(range(len(values))):
        if unwanted(values[at].name):
            del values[at]


def _read_within(node: NodeProto) -> set[str]:
    """What graphs within a node read from around it."""
    inner = [one.g for one in node.attribute if one.HasField("g")]
    return {name for graph in inner for one in graph.node
            for name in (*one.input, *_read_within(one))}  # fmt: skip


def _set_shape(graph: GraphProto, sides: Sequence[int]) -> None:
    """The shape of the input, any number of images; shapes of all other values are forgotten."""
    del graph.value_info[:]
    for one in graph.output:
        one.type.tensor_type.ClearField("shape")
    shape = graph.input[0].type.tensor_type.shape
    del shape.dim[:]
    shape.dim.add().dim_param = _BATCH
    for side in sides:
        shape.dim.add().dim_value = side


def _shape(value: onnx.ValueInfoProto) -> Shape | None:
    if not value.type.tensor_type.HasField("shape"):
        return None
    dims = value.type.tensor_type.shape.dim
    return tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in dims)
