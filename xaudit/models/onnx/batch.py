"""A graph that was exported for so many images, for any number of them."""

from __future__ import annotations

from collections.abc import Collection

from onnx import NodeProto

from xaudit.models.onnx.graph import Graph, attributes, own, remade


def freed(graph: Graph, batch: int) -> list[NodeProto]:
    """Nodes in which shapes do not say how many images there are.

    Which values have a row for each image is followed from the input on: their first side is the
    batch. Where a graph mixes the images with something else (windows, heads), it says so by
    failing or by other answers than those of the file.

    Args:
        graph: whose input takes any number of images already.
        batch: that its shapes were written for.
    """
    free = {graph.input}
    nodes = []
    for node in graph.nodes:
        made = _freed(node, graph, batch, free)
        nodes.append(made)
        if free & set(node.input):
            shapes = {name: graph.shape(name) for name in node.output}
            free |= {name for name, shape in shapes.items()
                     if shape is None or (shape and shape[0] in {None, batch})}  # fmt: skip
    return nodes


def _freed(node: NodeProto, graph: Graph, batch: int, free: Collection[str]) -> NodeProto:
    rows = [name in free for name in node.input]
    if node.op_type == "Reshape" and rows[0]:
        return _free_shape(node, graph, batch)
    if node.op_type == "Concat" and batch == 1 and any(rows) and not all(rows):
        axis = attributes(node)["axis"]
        if axis != 0:
            return own(node, "Joined", node.input, {"axis": axis})
    return node


def _free_shape(node: NodeProto, graph: Graph, batch: int) -> NodeProto:
    shape = graph.constant(node.input[1])
    if shape is None or shape.size < 2 or shape[0] != batch:
        return node
    other = shape.copy()
    # As many as before.
    other[0] = 0
    return remade(node, "Reshape", [node.input[0], graph.add(f"{node.name}__any_batch", other)])
