"""Compressed frames before they are decoded: do they have the announced size, and an end?"""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.data.pixels.jpeg2000_tiles import missing_in_jpeg2000, size_of_jpeg2000
from xaudit.errors import DataError

_JPEG, _JPEG2000 = b"\xff\xd8", (b"\xff\x4f", b"\0\0\0\x0cjP  ")
_END = b"\xff\xd9"
_SIZES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
"""Markers that begin with precision, rows and columns: SOF0 to SOF15, and SOF55 of JPEG-LS."""
_ALONE = {0x01, *range(0xD0, 0xD9)}


def check_frame(content: bytes, size: tuple[int, int], where: str) -> None:
    """Refuse a compressed frame that is not what the header of its object announces.

    Args:
        content: of the frame: JPEG, JPEG-LS or JPEG 2000.
        size: rows and columns that the object announces.
        where: for messages.

    Raises:
        DataError: it has another size, or ends early.
    """
    if content.startswith(_JPEG):
        found, missing = _jpeg_size(content), not content.rstrip(b"\0").endswith(_END)
    elif content.startswith(_JPEG2000):
        try:
            found, missing = size_of_jpeg2000(content), missing_in_jpeg2000(content) is not None
        except ValueError as error:
            raise DataError(f"{where}: the JPEG 2000 pixel data are damaged: {error}") from error
    else:
        raise DataError(f"{where}: the pixel data are no JPEG, JPEG-LS or JPEG 2000")
    if found is not None and found != size:
        raise DataError(
            f"{where}: expected {size[0]} rows of {size[1]} pixels, the compressed pixel data "
            f"announce {found[0]} of {found[1]}"
        )
    if missing or found is None:
        raise truncated(where, f"the compressed frame of {len(content):,} bytes has no end")


def truncated(where: str, what: str) -> DataError:
    """The error of pixel data that are not all there."""
    return DataError(f"{where}: the pixel data are truncated: {what}; export the image again")


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    for marker, body in _segments(content):
        if marker in _SIZES and len(body) >= 5:
            return int.from_bytes(body[1:3]), int.from_bytes(body[3:5])
    return None


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Markers and what they hold, up to the first scan."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        if marker == 0xDA:
            return
        if marker in _ALONE or marker == 0xFF:
            at += 1 if marker == 0xFF else 2
            continue
        yield marker, content[at + 4 : at + 2 + length]
        at += 2 + length
