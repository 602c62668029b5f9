"""An ONNX graph as a network of torch, whose gradients and layers can be seen."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
import torch
from onnx import TensorProto
from onnx2torch import convert
from onnx2torch.node_converters.binary_math_operations import OnnxBinaryMathOperation
from onnx2torch.node_converters.concat import OnnxConcat
from onnx2torch.node_converters.matmul import OnnxMatMul
from onnx2torch.node_converters.registry import get_converter
from onnx2torch.utils.common import OnnxToTorchModule
from torch.fx import GraphModule, Node

from xaudit.core.message import Message, listed
from xaudit.core.text.printable import printable
from xaudit.models.onnx import layers
from xaudit.models.onnx.file import OnnxFile
from xaudit.models.onnx.graph import OWN, Graph
from xaudit.models.onnx.lowering import lower
from xaudit.models.target_layers.layers import mark_function

_HALF = frozenset({TensorProto.FLOAT16, TensorProto.BFLOAT16})
_SHOWN = 5
_LAYERS_OF_WEIGHTS = (torch.nn.Conv2d, torch.nn.Linear)


class NotConvertedError(Exception):
    """A graph has no counterpart in torch.

    Args:
        why: the end of a sentence.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def converted(file: OnnxFile, output: str, sides: Sequence[int], batch: int | None) -> GraphModule:
    """The part of a graph that leads to an output, as a network of torch.

    Args:
        file: the model.
        output: name of the output that is wanted.
        sides: of an image, in the order of the graph's input.
        batch: images that the file takes, no more and no fewer; None for any number.

    Returns:
        In evaluation mode. Every learned number is a parameter of the layer that uses it.

    Raises:
        NotConvertedError: it cannot be converted.
    """
    model = file.complete()
    if any(one.data_type in _HALF for one in model.graph.initializer):
        raise NotConvertedError(Message("it computes in half precision"))
    graph = Graph(model, output, sides)
    lower(graph, batch)
    _refuse_unknown(graph)
    onnx.checker.check_model(graph.model)
    network: GraphModule = convert(graph.model)
    _give_parameters(network)
    _call_by_name(network)
    _tell_functions(network)
    network.eval().requires_grad_(False)
    return network


def _refuse_unknown(graph: Graph) -> None:
    versions = {one.domain: one.version for one in graph.model.opset_import}
    unknown: dict[str, None] = {}
    for node in graph.nodes:
        domain = "" if node.domain == "ai.onnx" else node.domain
        try:
            get_converter(node.op_type, versions.get(domain, 1), domain)
        except NotImplementedError:
            unknown[printable(node.op_type)] = None
    if unknown:
        named = listed(list(unknown), _SHOWN)
        raise NotConvertedError(Message("these operators are not converted: {names}", names=named))


def _give_parameters(network: GraphModule) -> None:
    """Learned numbers that stand beside the layers become parameters of a module of their own.

    Numbers before the first layer belong to the preparation of images; single ones are no weights.
    """
    first = False
    for node in list(network.graph.nodes):
        part = network.get_submodule(str(node.target)) if node.op == "call_module" else None
        first = first or isinstance(part, _LAYERS_OF_WEIGHTS)
        for source in node.all_input_nodes if first else ():
            if source.op == "get_attr":
                _stored(network, node, source)
    network.graph.eliminate_dead_code()


def _call_by_name(network: GraphModule) -> None:
    """Layers of one's own are called as the nodes of the file are, without the domain."""
    for node in network.graph.nodes:
        target = str(node.target)
        if node.op == "call_module" and target.startswith(f"{OWN}/"):
            name = target.removeprefix(f"{OWN}/")
            network.add_submodule(name, network.get_submodule(target))
            network.delete_submodule(target)
            node.target = name
    network.graph.lint()
    network.recompile()


def _tell_functions(network: GraphModule) -> None:
    """Steps of attention are no layers: a matrix of weights looks like a feature map."""
    parts = [part for name, part in network.named_modules() if name]
    if not any(isinstance(part, OnnxMatMul) for part in parts):
        return
    for part in parts:
        of_onnx = isinstance(part, OnnxToTorchModule) and not _joins(part)
        if of_onnx or isinstance(
            part, torch.nn.Softmax | layers.Reshaped | layers.SliceLayer | layers.Joined
        ):
            mark_function(part)


def _joins(part: torch.nn.Module) -> bool:
    """Whether a block of a network may end with it: a sum, or branches side by side."""
    if isinstance(part, OnnxBinaryMathOperation):
        return part.math_op_function is torch.add
    return isinstance(part, OnnxConcat)


def _stored(network: GraphModule, reader: Node, source: Node) -> None:
    name = str(source.target)
    value = network.get_buffer(name)
    if not value.is_floating_point() or value.numel() < 2:
        return
    own = f"{reader.target}__{name.rpartition('.')[2]}"
    network.add_submodule(own, layers.Stored(value))
    with network.graph.inserting_before(reader):
        reader.replace_input_with(source, network.graph.call_module(own))
