"""The outline of an ONNX model: its input, the layer that reads it, and its metadata.

Numbers of fields are those of onnx.proto. Tensors are skipped, however large.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from xaudit.models.files.protobuf import DamagedMessageError, Field, fields

_METADATA, _GRAPH = 14, 7
_NODE, _INITIALIZER, _INPUT = 1, 5, 11
_LONGEST = 64 * 1024
"""Bytes of a text that is read; longer ones are no answers."""
_PASSED_ON = frozenset({"Identity"})


@dataclass(frozen=True, slots=True)
class OnnxOutline:
    """What the model takes.

    Attributes:
        shape: of its one input; None for a side that is not fixed, empty with several inputs.
        first: kind of the layer that reads it; empty where several do.
        metadata: key → value.
    """

    shape: tuple[int | None, ...] = ()
    first: str = ""
    metadata: dict[str, str] = field(default_factory=dict)


def read_outline(path: Path) -> OnnxOutline | None:
    """Read the outline; None where the file cannot be read or is no ONNX model.

    Args:
        path: of any file.
    """
    try:
        with path.open("rb") as file:
            return _outline(_Message(file, 0, path.stat().st_size))
    except (OSError, DamagedMessageError):
        return None


@dataclass(frozen=True, slots=True)
class _Message:
    """A part of a file that is one message."""

    file: IO[bytes]
    start: int
    stop: int

    def all(self, number: int) -> Iterator[_Message]:
        """The messages, texts and bytes that it holds under a number."""
        for one in list(fields(self.file, self.start, self.stop)):
            if one.number == number and one.length is not None:
                yield _Message(self.file, one.start, one.start + one.length)

    def first(self, number: int) -> _Message:
        """The first of them; an empty message without one."""
        return next(self.all(number), _Message(self.file, self.stop, self.stop))

    def whole(self, number: int) -> int | None:
        """The last whole number under a number."""
        found = [one for one in fields(self.file, self.start, self.stop) if one.number == number]
        return _value(found[-1]) if found else None

    def text(self) -> str:
        """What it is, read as a text."""
        self.file.seek(self.start)
        length = min(self.stop - self.start, _LONGEST)
        return self.file.read(length).decode("utf-8", "replace")


def _value(one: Field) -> int | None:
    return one.start if one.length is None else None


def _outline(model: _Message) -> OnnxOutline | None:
    graphs = list(model.all(_GRAPH))
    if len(graphs) != 1:
        return None
    metadata = {one.first(1).text(): one.first(2).text() for one in model.all(_METADATA)}
    graph = graphs[0]
    # Old exporters list the weights among the inputs.
    stored = {one.first(8).text() for one in graph.all(_INITIALIZER)}
    inputs = [one for one in graph.all(_INPUT) if one.first(1).text() not in stored]
    if len(inputs) != 1:
        return OnnxOutline(metadata=metadata)
    name = inputs[0].first(1).text()
    return OnnxOutline(_shape(inputs[0]), _reader(graph, name), metadata)


def _shape(value: _Message) -> tuple[int | None, ...]:
    """Of a ValueInfoProto: its type, of tensors, their shape."""
    dimensions = value.first(2).first(1).first(2).all(1)
    return tuple(one.whole(1) for one in dimensions)


def _reader(graph: _Message, name: str) -> str:
    """Kind of the only node that reads a value, past nodes that hand it on unchanged."""
    nodes = [
        (node.first(4).text(), {one.text() for one in node.all(1)}, node.first(2).text())
        for node in graph.all(_NODE)
    ]
    # No more steps than nodes: a damaged graph may go in circles.
    for _ in nodes:
        readers = [(kind, output) for kind, inputs, output in nodes if name in inputs]
        if len(readers) != 1:
            return ""
        kind, output = readers[0]
        if kind not in _PASSED_ON:
            return kind
        name = output
    return ""
