"""Completeness of image files: some decoders paint what is missing.

Pillow accepts a PNG whose stream ends early, a TIFF with too few strips and a JPEG whose data stop
before its end marker, and returns black or gray rows without a word.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from xaudit.data.pixels.jpeg2000_tiles import missing_in_jpeg2000
from xaudit.data.pixels.jpeg_scans import missing_in_jpeg

_PIECE = 1 << 16
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""PNG color type → samples of a pixel."""
_ADAM7 = ((0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2),
          (1, 2, 0, 1))  # fmt: skip
"""First row, step, first column, step of each pass (PNG specification, 8.2)."""
_ROWS_PER_STRIP, _OFFSETS, _COUNTS = 278, 273, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS = 322, 323, 324, 325
_BITS, _COMPRESSION, _PLANAR, _TABLES = 258, 259, 284, 347
_RAW, _JPEG = 1, 7
_FAX = {2, 3, 4}


def missing_pixels(image: Image.Image, path: Path) -> str | None:
    """What is missing from the pixel data of a loaded image; None where all are there.

    Args:
        image: opened and loaded from ``path``.
        path: of the file.

    Raises:
        OSError: the file cannot be read any more, or nobody can tell whether it is complete.
        Exception: whatever a decoder says of damaged data.
    """
    if image.format == "PNG":
        return _missing_in_png(path)
    if image.format in {"JPEG", "MPO"}:
        return missing_in_jpeg(path.read_bytes(), image)
    if image.format == "JPEG2000":
        return missing_in_jpeg2000(path.read_bytes())
    if image.format == "TIFF":
        return _missing_in_tiff(image, path)
    return None


def _missing_in_png(path: Path) -> str | None:
    with path.open("rb") as file:
        file.seek(8)
        chunks = _chunks(file)
        _, header = next(chunks)
        expected = _png_bytes(header)
        inflate = zlib.decompressobj()
        found = sum(_inflated(inflate, data) for kind, data in chunks if kind == b"IDAT")
    if found < expected:
        return f"its pixel data end after {found:,} of {expected:,} bytes"
    return None


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while len(head := file.read(8)) == 8 and head[4:] != b"IEND":
        yield head[4:], file.read(int.from_bytes(head[:4]))
        file.seek(4, 1)


def _inflated(inflate: zlib._Decompress, data: bytes) -> int:
    """How many bytes these decompress to; a small piece at a time, whatever they claim."""
    count = 0
    while data and not inflate.eof:
        count += len(inflate.decompress(data, _PIECE))
        data = inflate.unconsumed_tail
    return count


def _png_bytes(header: bytes) -> int:
    """Bytes of all rows with their filter byte, before compression."""
    width, height = int.from_bytes(header[:4]), int.from_bytes(header[4:8])
    bits = header[8] * _SAMPLES[header[9]]
    passes = _ADAM7 if header[12] else ((0, 1, 0, 1),)
    total = 0
    for first_row, down, first_column, across in passes:
        rows = math.ceil((height - first_row) / down)
        columns = math.ceil((width - first_column) / across)
        total += rows * (1 + math.ceil(columns * bits / 8)) if rows > 0 and columns > 0 else 0
    return total


def _missing_in_tiff(image: Image.Image, path: Path) -> str | None:
    tags = getattr(image, "tag_v2", {})
    compression = tags.get(_COMPRESSION, _RAW)
    if compression in _FAX:
        raise OSError("whether data of a fax compression are complete cannot be told; store a PNG")
    tiled = _TILE_OFFSETS in tags
    offsets = tags.get(_TILE_OFFSETS if tiled else _OFFSETS, ())
    counts = tags.get(_TILE_COUNTS if tiled else _COUNTS, ())
    parts = _parts(image, tiled=tiled)
    if len(offsets) < len(parts) or 0 in offsets or 0 in counts:
        there = sum(1 for offset in offsets if offset) if 0 not in counts else len(counts)
        return f"its header announces {len(parts)} strips or tiles, {there} are there in full"
    if compression == _RAW:
        expected = [rows * _row_bytes(tags, width) for rows, width in parts]
        short = any(one < needed for one, needed in zip(counts, expected, strict=False))
        return "a strip holds fewer bytes than its rows need" if short else None
    if compression == _JPEG:
        return _missing_in_strips(
            path, tags.get(_TABLES, b""), list(zip(offsets, counts, strict=False)), parts
        )
    return None


def _parts(image: Image.Image, *, tiled: bool) -> list[tuple[int, int]]:
    """Rows and columns of every strip or tile that the header announces."""
    tags = getattr(image, "tag_v2", {})
    width, height = tags[256], tags[257]
    if tiled:
        tile = (tags[_TILE_HEIGHT], tags[_TILE_WIDTH])
        parts = [tile] * (math.ceil(height / tile[0]) * math.ceil(width / tile[1]))
    else:
        step = min(tags.get(_ROWS_PER_STRIP, height), height)
        parts = [(min(step, height - top), width) for top in range(0, height, step)]
    planes = len(tags.get(_BITS, (1,))) if tags.get(_PLANAR, 1) == 2 else 1
    return parts * planes


def _row_bytes(tags: dict[int, tuple[int, ...]], width: int) -> int:
    bits = tags.get(_BITS, (1,))
    return math.ceil(width * (bits[0] if tags.get(_PLANAR, 1) == 2 else sum(bits)) / 8)


def _missing_in_strips(
    path: Path, tables: bytes, places: list[tuple[int, int]], parts: list[tuple[int, int]]
) -> str | None:
    with path.open("rb") as file:
        for (offset, count), (rows, _) in zip(places, parts, strict=False):
            file.seek(offset)
            # Each strip is a JPEG that leaves its tables to the file (TIFF technical note 2).
            content = tables[:-2] + file.read(count)[2:] if tables else file.read(count)
            problem = missing_in_jpeg(content, rows=rows)
            if problem is not None:
                return problem
    return None
