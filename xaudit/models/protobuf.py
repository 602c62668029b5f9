"""Models that are one message of Protocol Buffers, known by the outline of its fields.

The format has no magic bytes, but a message that is walked from field to field ends exactly where
the file ends, and the numbers and kinds of its fields tell which message it is.
Sources: onnx.proto (ModelProto), saved_model.proto, graph.proto (GraphDef), Core ML's Model.proto,
framework.proto of PaddlePaddle (ProgramDesc).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import IO

from xaudit.models.strangers import PREDICTIONS, Stranger

_FIELDS = 100_000
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
# ir_version, and who produced it: how nearly every exporter begins.
_ONNX_HEAD = re.compile(rb"\x08[\x01-\x20]\x12[\x01-\x40][\x20-\x7e]")
_PADDLE_HEAD = re.compile(rb"\x0a[\x80-\xff]{0,4}[\x00-\x7f]\x08", re.DOTALL)
Outline = frozenset[tuple[int, int]]


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
        name = "an ONNX model (damaged)"
    return Stranger(name, PREDICTIONS) if name else None


def _model(outline: Outline, head: bytes) -> str | None:
    numbers = {number for number, _ in outline}
    if (1, _VARINT) in outline and (7, _LENGTH) in outline and max(numbers) <= 40:
        return "an ONNX model"
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


def _outline(file: IO[bytes], size: int) -> Outline:
    """Number and wire type of every field of the outermost message; empty if it is none."""
    found: set[tuple[int, int]] = set()
    for _ in range(_FIELDS):
        if file.tell() == size:
            return frozenset(found)
        tag = _varint(file)
        if tag is None or not _skip(file, tag & 7, size):
            return frozenset()
        found.add((tag >> 3, tag & 7))
    return frozenset()


def _skip(file: IO[bytes], wire: int, size: int) -> bool:
    if wire == _VARINT:
        return _varint(file) is not None
    fixed = {_FIXED64: 8, _FIXED32: 4}.get(wire)
    length = _varint(file) if wire == _LENGTH else fixed
    if length is None or file.tell() + length > size:
        return False
    file.seek(length, 1)
    return True


def _varint(file: IO[bytes]) -> int | None:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    return None
