"""A PNG as bytes: whether it is whole, how large it is, its address. Nothing here draws."""

from __future__ import annotations

import base64
import zlib

_BEGIN = b"\x89PNG\r\n\x1a\n"


def is_png(data: bytes) -> bool:
    """Whether this is a PNG from its first byte to its last, with every checksum right.

    A chunk is its length, its name, so many bytes and their CRC-32 (PNG specification, 5.3). The
    first is IHDR, the last IEND; nothing but white space follows.
    """
    if not data.startswith(_BEGIN):
        return False
    names: list[bytes] = []
    place = len(_BEGIN)
    while names[-1:] != [b"IEND"]:
        end = place + 8 + int.from_bytes(data[place : place + 4])
        body = data[place + 4 : end]
        if end + 4 > len(data) or zlib.crc32(body) != int.from_bytes(data[end : end + 4]):
            return False
        names.append(body[:4])
        place = end + 4
    return names[0] == b"IHDR" and b"IDAT" in names and not data[place:].strip()


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height that a PNG declares."""
    if not data.startswith(_BEGIN) or len(data) < 24:
        raise ValueError("expected a PNG")
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def png_uri(data: bytes) -> str:
    """A PNG as an address that a page can hold."""
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"
