"""An ONNX file, read without trust: what it names lies beside it, and nothing of it is code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto

from xaudit.core.text.printable import printable
from xaudit.errors import DetectorError
from xaudit.models.files.onnx_outline import beside, files_beside
from xaudit.models.onnx.preparation import preparation

_LARGEST = 2**31 - 1
"""Bytes of one message of Protocol Buffers; a larger model keeps its tensors in further files."""
_DEEP = 20
"""Graphs within graphs that are looked into."""
_KNOWN = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc"})
"""Domains whose operators are part of onnxruntime."""
_SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False)
class OnnxFile:
    """A model that may be run.

    Attributes:
        path: of the file.
        model: its message, without the values that lie in further files.
        beside: those files.
        prepares: what the graph does to an image before its first layer, in words.
    """

    path: Path
    model: ModelProto
    beside: tuple[Path, ...]
    prepares: tuple[str, ...]

    def complete(self) -> ModelProto:
        """A copy of the message with all values in it."""
        model = ModelProto()
        model.CopyFrom(self.model)
        onnx.load_external_data_for_model(model, str(self.path.parent))
        return model


def read_onnx(path: Path) -> OnnxFile:
    """Read a model and refuse what leads out of it.

    Args:
        path: of the file, whatever its suffix says.

    Raises:
        DetectorError: it is no model, damaged or too large; it names files that are not beside
            it, or operators that are code of somebody else.
    """
    model = _message(path)
    _refuse_operators(path, model)
    kept = {one.name for one in model.graph.initializer}
    for tensor in _tensors(model):
        if _is_outside(tensor):
            _refuse_place(path, tensor, kept)
    return OnnxFile(path, model, files_beside(path), tuple(preparation(model.graph)))


def _message(path: Path) -> ModelProto:
    try:
        if path.stat().st_size > _LARGEST:
            raise DetectorError(
                f"{path}: has more than 2 GB, which no ONNX file may have; save its tensors beside "
                "it (save_as_external_data)"
            )
        model = onnx.load_model_from_string(path.read_bytes())
    except OSError as error:
        raise DetectorError(f"{path}: cannot be read: {error.strerror}") from None
    except DetectorError:
        raise
    except Exception as error:  # damaged bytes raise nearly anything
        raise _damaged(path, type(error).__name__) from None
    if not model.graph.node or not model.graph.output:
        raise _damaged(path, "it has no graph")
    return model


def _damaged(path: Path, why: str) -> DetectorError:
    return DetectorError(
        f"{path}: is not an ONNX model that can be read, or it is damaged ({why}); copy it again"
    )


def _refuse_operators(path: Path, model: ModelProto) -> None:
    own = {function.domain for function in model.functions}
    nodes = [
        *_nodes(model.graph),
        *(node for function in model.functions for node in function.node),
    ]
    strange = {
        f"{_text(one.domain)}.{_text(one.op_type)}"
        for one in nodes
        if one.domain not in _KNOWN | own
    }
    if strange:
        named = ", ".join(sorted(strange)[:_SHOWN])
        raise DetectorError(
            f"{path}: has operators that are no part of ONNX: {named}; they are code of "
            "somebody else, and none is loaded. Export the network with operators of ONNX"
        )


def _refuse_place(path: Path, tensor: TensorProto, kept: set[str]) -> None:
    said = {_text(one.key): _text(one.value) for one in tensor.external_data}
    name, location = _text(tensor.name), said.get("location", "")
    shown = printable(location)
    place = beside(path, location)
    if place is None or tensor.name not in kept:
        raise DetectorError(
            f"{path}: the values of {name} should lie in {shown!r}; expected a file in the folder "
            "of the model, copied together with it"
        )
    numbers = [said.get(key, "0") for key in ("offset", "length")]
    if (
        not all(number.isdecimal() for number in numbers)
        or sum(map(int, numbers)) > place.stat().st_size
    ):
        raise DetectorError(
            f"{path}: {shown} is too short for {name}; copy it again, together with the model"
        )


def _text(value: str | bytes) -> str:
    """A text of the file, which is bytes where it is none."""
    return printable(value if isinstance(value, str) else repr(value))


def _is_outside(tensor: TensorProto) -> bool:
    return tensor.data_location == TensorProto.EXTERNAL or bool(tensor.external_data)


def _nodes(graph: GraphProto, depth: int = 0) -> Iterator[NodeProto]:
    """All nodes, in graphs within graphs too."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in _graphs(attribute) if depth < _DEEP else ():
                yield from _nodes(inner, depth + 1)


def _graphs(attribute: AttributeProto) -> Iterator[GraphProto]:
    if attribute.HasField("g"):
        yield attribute.g
    yield from attribute.graphs


def _tensors(model: ModelProto) -> Iterator[TensorProto]:
    yield from _of_graph(model.graph)
    for function in model.functions:
        for node in function.node:
            yield from _of_node(node, 0)


def _of_graph(graph: GraphProto, depth: int = 0) -> Iterator[TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        yield from _of_node(node, depth)


def _of_node(node: NodeProto, depth: int) -> Iterator[TensorProto]:
    for attribute in node.attribute:
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        for inner in _graphs(attribute) if depth < _DEEP else ():
            yield from _of_graph(inner, depth + 1)
