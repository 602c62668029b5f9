"""The outline of an ONNX model: its input, the layer that reads it, its outputs, its metadata.

Numbers of fields are those of onnx.proto. Tensors are skipped, however large.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from xaudit.models.files.protobuf import DamagedMessageError, MessageField, fields

_METADATA, _GRAPH = 14, 7
_NODE, _INITIALIZER, _INPUT, _OUTPUT = 1, 5, 11, 12
_PRODUCER, _VERSION = 2, 3
_EXTERNAL = 13
_LONGEST = 64 * 1024
"""Bytes of a text that is read; longer ones are no answers."""
_PASSED_ON = frozenset({"Identity"})
_SAME_NUMBERS = frozenset({"Identity", "Cast", "Squeeze", "Reshape", "Flatten"})


@dataclass(frozen=True, slots=True)
class OnnxOutput:
    """One output of a model.

    Attributes:
        name: of the output.
        shape: as the file states it; None for a side that is not fixed, empty where it says none.
        last: kind of the layer that returns it; empty where none does.
    """

    name: str
    shape: tuple[int | None, ...] = ()
    last: str = ""


@dataclass(frozen=True, slots=True)
class OnnxOutline:
    """What the model takes and returns.

    Attributes:
        shape: of its one input; None for a side that is not fixed, empty with several inputs.
        first: kind of the layer that reads it; empty where several do.
        metadata: key → value.
        outputs: in the order of the file.
        producer: the program that wrote it, and its version.
        external: names of the files that hold tensors of it, as the file says them.
    """

    shape: tuple[int | None, ...] = ()
    first: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    outputs: tuple[OnnxOutput, ...] = ()
    producer: str = ""
    external: tuple[str, ...] = ()


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


def files_beside(path: Path) -> tuple[Path, ...]:
    """Files in which an ONNX model keeps values of its tensors; none of any other file.

    They are part of the model, although it holds no more than their names.

    Args:
        path: of any file.

    Returns:
        Those that lie where the model may have them; see `beside`.
    """
    outline = read_outline(path)
    found = [beside(path, name) for name in outline.external] if outline else []
    return tuple(one for one in found if one is not None)


def beside(path: Path, name: str) -> Path | None:
    """A file that a model names, in its folder or below; None where it leads out or is no file.

    Args:
        path: of the model.
        name: as the model says it; a link counts as where it leads.
    """
    try:
        found = (path.parent / name).resolve()
        inside = found.is_relative_to(path.parent.resolve()) and found.is_file()
    except (OSError, ValueError):
        return None
    return path.parent / name if inside and not Path(name).is_absolute() else None


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


def _value(one: MessageField) -> int | None:
    return one.start if one.length is None else None


def _outline(model: _Message) -> OnnxOutline | None:
    graphs = list(model.all(_GRAPH))
    if len(graphs) != 1:
        return None
    metadata = {one.first(1).text(): one.first(2).text() for one in model.all(_METADATA)}
    graph = graphs[0]
    tensors = list(graph.all(_INITIALIZER))
    found = OnnxOutline(
        metadata=metadata,
        outputs=tuple(_outputs(graph)),
        producer=" ".join(filter(None, (model.first(one).text() for one in (_PRODUCER, _VERSION)))),
        external=tuple(sorted({place for tensor in tensors for place in _places(tensor)})),
    )
    # Old exporters list the weights among the inputs.
    stored = {tensor.first(8).text() for tensor in tensors}
    inputs = [one for one in graph.all(_INPUT) if one.first(1).text() not in stored]
    if len(inputs) != 1:
        return found
    name = inputs[0].first(1).text()
    return replace(found, shape=_shape(inputs[0]), first=_reader(graph, name))


def _outputs(graph: _Message) -> Iterator[OnnxOutput]:
    """The outputs, and which kind of node returns each, past nodes that hand it on unchanged."""
    made = {
        output.text(): (node.first(4).text(), node.first(1).text())
        for node in graph.all(_NODE)
        for output in node.all(2)
    }
    for one in graph.all(_OUTPUT):
        name = one.first(1).text()
        kind, source = made.get(name, ("", ""))
        # No more steps than nodes: a damaged graph may go in circles.
        for _ in made:
            if kind not in _SAME_NUMBERS:
                break
            kind, source = made.get(source, ("", ""))
        yield OnnxOutput(name, _shape(one), kind)


def _places(tensor: _Message) -> Iterator[str]:
    """The file that holds the values of a tensor, where it is another one."""
    for entry in tensor.all(_EXTERNAL):
        if entry.first(1).text() == "location":
            yield entry.first(2).text()


def _shape(value: _Message) -> tuple[int | None, ...]:
    """Of a ValueInfoProto: its type, of tensors, their shape."""
    dimensions = value.first(2).first(1).first(2).all(1)
    return tuple(dimension.whole(1) for dimension in dimensions)


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
