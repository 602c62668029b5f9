"""Scores as somebody else wrote them down: a number in every cell, a row for every image."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xaudit.core.case import FloatArray
from xaudit.core.text.printable import printable
from xaudit.errors import DetectorLostError

_SLACK = 64 * 1024
_CELL = 32
"""Bytes of a number in JSON, at most, with what stands around it."""
_COLUMNS = 1024
"""So many scores for an image are read before it is known how many there are."""
_SHOWN = 160


def most_bytes(images: int, columns: int | None) -> int:
    """How long an answer may be.

    Args:
        images: that were asked about.
        columns: of earlier answers; None before the first.
    """
    return _SLACK + images * (columns or _COLUMNS) * _CELL


def parsed(text: bytes, who: str) -> object:
    """JSON of somebody else.

    Raises:
        DetectorLostError: it is none; shows how it begins.
    """
    try:
        # Of NaN and Infinity, which JSON does not have, `table_of` says which image they are of.
        return json.loads(text)
    except (ValueError, RecursionError):
        raise DetectorLostError(f"{who}: expected JSON, got {beginning(text)}") from None


def beginning(text: bytes) -> str:
    """How a text begins, in one line that a terminal can print."""
    words = " ".join(text[: 4 * _SHOWN].decode("utf-8", "replace").split())
    return f"{printable(words)[:_SHOWN]!r}" if words else "nothing"


def table_of(rows: object, images: int, who: str) -> FloatArray:
    """Rows of JSON as a table, (N, K); one number for an image is a row of one.

    Args:
        rows: a list with a row for each image.
        images: N.
        who: begins the message.

    Raises:
        DetectorLostError: what was expected, and what came.
    """
    if not isinstance(rows, list) or len(rows) != images:
        got = f"{len(rows)} rows" if isinstance(rows, list) else f"{type(rows).__name__}"
        raise DetectorLostError(
            f"{who}: expected a list of {images} rows, one for each image, got {got}"
        )
    each = [row if isinstance(row, list) else [row] for row in rows]
    widths = {len(row) for row in each}
    if len(widths) != 1 or widths == {0}:
        raise DetectorLostError(
            f"{who}: expected rows of equally many scores, got rows of {sorted(widths)[:5]}"
        )
    if not all(_is_number(cell) for row in each for cell in row):
        shown = beginning(json.dumps(rows).encode())
        raise DetectorLostError(f"{who}: expected rows of numbers, got {shown}")
    return finite(np.array(each, dtype=np.float64), who)


def finite(table: npt.NDArray[np.floating], who: str) -> FloatArray:
    """The table in float32, if every cell holds a number.

    Raises:
        DetectorLostError: names the first image of which one is not.
    """
    with np.errstate(over="ignore"):
        made = table.astype(np.float32)
    wrong = ~np.isfinite(made).all(axis=1)
    if wrong.any():
        first = int(np.argmax(wrong))
        row = ", ".join(f"{value:.4g}" for value in table[first][:6])
        raise DetectorLostError(
            f"{who}: expected finite scores, got ({row}) for image {first + 1} of {len(table)}"
        )
    return made


def joined(tables: Sequence[FloatArray], who: str) -> FloatArray:
    """Tables of several answers below each other.

    Raises:
        DetectorLostError: they have different numbers of columns.
    """
    widths = sorted({table.shape[1] for table in tables})
    if len(widths) > 1:
        raise DetectorLostError(f"{who}: expected as many scores in every answer, got {widths[:5]}")
    return np.concatenate(tables)


def _is_number(cell: object) -> bool:
    # Whole numbers beyond 64 bits fit no array.
    return isinstance(cell, float) or (type(cell) is int and abs(cell) < 2**63)
