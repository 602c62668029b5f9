"""Tiles of a JPEG 2000, all there or not: OpenJPEG paints missing ones and says nothing.

Markers and their fields: ISO/IEC 15444-1 (ITU-T T.800), annex A; boxes: annex I.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

_START, _SIZE, _TILE, _END = b"\xff\x4f", b"\xff\x51", b"\xff\x90", b"\xff\xd9"
_SOT_LENGTH = 12
_CODESTREAM = b"jp2c"


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a tile: its tile, its number, and how many the tile has (0: not said)."""

    tile: int
    number: int
    of: int


def missing_in_jpeg2000(content: bytes) -> str | None:
    """What is missing from the tiles of a JPEG 2000; None where all parts are there.

    Args:
        content: the file, JP2 or a bare codestream.

    Raises:
        ValueError: its boxes or markers cannot be followed.
    """
    stream = _sized(content)
    width, height, _, _, columns, rows, first_column, first_row = (
        int.from_bytes(stream[8 + 4 * place : 12 + 4 * place]) for place in range(8)
    )
    if not columns or not rows:
        raise ValueError("its tiles have no size")
    expected = math.ceil((width - first_column) / columns) * math.ceil((height - first_row) / rows)
    tiles: dict[int, list[_Part]] = defaultdict(list)
    for part in _parts(stream):
        tiles[part.tile].append(part)
    whole = sum(_is_whole(tiles[tile]) for tile in range(expected) if tile in tiles)
    if whole < expected:
        return f"its header announces {expected} tiles, {whole} are there in full"
    return None


def size_of_jpeg2000(content: bytes) -> tuple[int, int]:
    """Rows and columns that the codestream of a JPEG 2000 announces.

    Raises:
        ValueError: its boxes or markers cannot be followed.
    """
    stream = _sized(content)
    width, height, left, top = (
        int.from_bytes(stream[place : place + 4]) for place in range(8, 24, 4)
    )
    return height - top, width - left


def _sized(content: bytes) -> bytes:
    """The codestream, which starts with an image size."""
    stream = _codestream(content)
    if stream[:2] != _START or stream[2:4] != _SIZE:
        raise ValueError("its codestream does not start with an image size")
    return stream


def _codestream(content: bytes) -> bytes:
    """The codestream of a JP2, or the content where it is bare."""
    if content.startswith(_START):
        return content
    place = 0
    while place + 8 <= len(content):
        length, kind, head = int.from_bytes(content[place : place + 4]), content[place + 4 :][:4], 8
        if length == 1:
            length, head = int.from_bytes(content[place + 8 : place + 16]), 16
        end = place + length if length else len(content)
        if kind == _CODESTREAM:
            return content[place + head : end]
        if end < place + head:
            break
        place = end
    raise ValueError("it holds no codestream")


def _parts(stream: bytes) -> Iterator[_Part]:
    """The tile parts that lie in the stream as a whole, up to its end marker."""
    place = 2
    while stream[place : place + 2] != _TILE:
        if place + 4 > len(stream) or stream[place] != 0xFF:
            raise ValueError("its main header cannot be followed")
        place += 2 + int.from_bytes(stream[place + 2 : place + 4])
    while stream[place : place + 2] == _TILE:
        tile = int.from_bytes(stream[place + 4 : place + 6])
        length = int.from_bytes(stream[place + 6 : place + 10])
        # Only the last part may leave its length out: it reaches to the end marker.
        end = place + length if length else len(stream) - len(_END)
        if end < place + _SOT_LENGTH or end > len(stream):
            return
        yield _Part(tile, stream[place + 10], stream[place + 11])
        place = end


def _is_whole(parts: list[_Part]) -> bool:
    """Whether the parts of a tile are all there, without a gap."""
    announced = max(part.of for part in parts)
    there = {part.number for part in parts}
    return there == set(range(announced or len(parts)))
