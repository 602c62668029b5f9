"""Run lengths of DICOM (PS3.5, annex G), decoded up to what is announced and no further.

The decoder of pylibjpeg (pylibjpeg-rle 2.2) ends the thread by a panic on some damaged frames.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from xaudit.data.dicom.pixels.codestream import truncated
from xaudit.errors import DataError

_HEAD = 64


def decoded_runs(
    content: bytes, shape: tuple[int, ...], width: int, where: str
) -> npt.NDArray[Any]:
    """The values of a frame.

    Args:
        content: of the frame.
        shape: (H, W), or (H, W, 3).
        width: bytes of a value, 1 or 2, whose most significant one comes first.
        where: for messages.

    Returns:
        uint8 or uint16, in that shape.

    Raises:
        DataError: a segment is missing, ends early, or holds more than is announced.
    """
    rows, columns, samples = (*shape, 1)[:3]
    head = [int.from_bytes(content[at : at + 4], "little") for at in range(0, _HEAD, 4)]
    planes = samples * width
    starts = [*head[1 : planes + 1], len(content)]
    if head[0] == planes and starts[-2] >= len(content):
        raise truncated(where, f"segment {planes} begins behind its {len(content):,} bytes")
    if len(content) < _HEAD or head[0] != planes or starts[0] < _HEAD or starts != sorted(starts):
        raise DataError(
            f"{where}: expected {planes} segments of run lengths one after another, the head of "
            "the frame says something else"
        )
    size = rows * columns
    segments = [_decoded(content[start:end], size, where) for start, end in pairwise(starts)]
    stacked = np.stack([np.frombuffer(one, np.uint8) for one in segments])
    parts = stacked.reshape(samples, width, rows, columns)
    values: npt.NDArray[Any] = parts[:, 0]
    if width > 1:
        values = parts[:, 0].astype(np.uint16) << 8 | parts[:, 1]
    return values[0] if len(shape) == 2 else np.moveaxis(values, 0, -1)


def _decoded(segment: bytes, size: int, where: str) -> bytes:
    """Bytes of one segment: a count above 128 repeats the next byte, one below copies so many."""
    out, at, end = bytearray(), 0, len(segment)
    while len(out) < size and at < end:
        count = segment[at]
        if count > 128:
            out += segment[at + 1 : at + 2] * (257 - count)
            at += 2
        elif count < 128:
            out += segment[at + 1 : at + 2 + count]
            at += 2 + count
        else:
            at += 1
    if len(out) < size:
        raise truncated(where, f"a segment ends after {len(out):,} of {size:,} bytes")
    return bytes(out[:size])
