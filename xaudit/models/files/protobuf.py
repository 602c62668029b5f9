"""Models that are one message of Protocol Buffers, known by the outline of its fields.

The format has no magic bytes, but a message that is walked from field to field ends exactly where
the file ends, and the numbers and kinds of its fields tell which message it is.
Sources: onnx.proto (ModelProto), saved_model.proto, graph.proto (GraphDef), Core ML's Model.proto,
framework.proto of PaddlePaddle (ProgramDesc).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from xaudit.models.files.misnamed_files import DECLARE, PREDICTIONS, Stranger

_FIELDS = 100_000
ONNX = "an ONNX model"
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
# ir_version, and who produced it: how nearly every exporter begins.
_ONNX_HEAD = re.compile(rb"\x08[\x01-\x20]\x12[\x01-\x40][\x20-\x7e]")
_PADDLE_HEAD = re.compile(rb"\x0a[\x80-\xff]{0,4}[\x00-\x7f]\x08", re.DOTALL)
Outline = frozenset[tuple[int, int]]


class DamagedMessageError(Exception):
    """A file is no message of Protocol Buffers, or not a whole one."""


@dataclass(frozen=True, slots=True)
class MessageField:
    """One field of a message.

    Attributes:
        number: of the field.
        wire: how it is written.
        start: where its bytes begin, or the number itself where it is a whole number.
        length: of its bytes; None where it is a whole number.
    """

    number: int
    wire: int
    start: int
    length: int | None


def kind_of_protobuf(path: Path, head: bytes) -> Stranger | None:
    """The model that the file holds; None if it is no such message.

    Args:
        path: of any file.
        head: its first bytes.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        outline = _outline(file, size)
    name = _model(outline, head) if outline else None
    if name is None and _ONNX_HEAD.match(head):
        return Stranger("an ONNX model (damaged)", "copy it again")
    if name == ONNX:
        return Stranger(name, DECLARE.format("onnx"), "onnx")
    return Stranger(name, PREDICTIONS) if name else None


def _model(outline: Outline, head: bytes) -> str | None:
    numbers = {number for number, _ in outline}
    if (1, _VARINT) in outline and (7, _LENGTH) in outline and max(numbers) <= 40:
        return ONNX
    if (1, _VARINT) in outline and max(numbers) >= 200:
        return "a Core ML model"
    if outline == {(1, _VARINT), (2, _LENGTH)}:
        return "a SavedModel of TensorFlow (saved_model.pb)"
    if (1, _LENGTH) in outline and numbers <= {1, 2, 3, 4, 5} and numbers & {2, 4, 5}:
        # Its blocks begin with a number, the nodes of TensorFlow with a name.
        if _PADDLE_HEAD.match(head):
            return "a program of PaddlePaddle (.pdmodel)"
        return "a frozen graph of TensorFlow (.pb)"
    return None


def fields(file: IO[bytes], start: int, stop: int) -> Iterator[MessageField]:
    """The fields of a message in their order; what they hold is skipped.

    Args:
        file: that holds the message; where it stands afterwards is not said.
        start: of the message, in bytes.
        stop: just behind it.

    Raises:
        DamagedMessageError: it does not end where it should, or has more than 100,000 fields.
    """
    place = start
    for _ in range(_FIELDS):
        if place == stop:
            return
        file.seek(place)
        one = _field(file, stop)
        place = file.tell() if one.length is None else one.start + one.length
        if place > stop:
            break
        yield one
    raise DamagedMessageError


def _field(file: IO[bytes], stop: int) -> MessageField:
    tag = _varint(file)
    number, wire = tag >> 3, tag & 7
    if wire == _VARINT:
        return MessageField(number, wire, _varint(file), None)
    length = {_FIXED64: 8, _FIXED32: 4}.get(wire)
    if wire == _LENGTH:
        length = _varint(file)
    if length is None or file.tell() + length > stop:
        raise DamagedMessageError
    return MessageField(number, wire, file.tell(), length)


def _outline(file: IO[bytes], size: int) -> Outline:
    """Number and wire type of every field of the outermost message; empty if it is none."""
    try:
        return frozenset((field.number, field.wire) for field in fields(file, 0, size))
    except DamagedMessageError:
        return frozenset()


def _varint(file: IO[bytes]) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            break
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise DamagedMessageError
