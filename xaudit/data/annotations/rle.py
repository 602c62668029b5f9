"""Run lengths as COCO writes them, plain or compressed to text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xaudit.core.case import BoolArray
from xaudit.errors import DataError


def decode_runs(runs: Sequence[int], height: int, width: int) -> BoolArray:
    """The mask of alternating runs (first of zeros), column by column; (height, width).

    Raises:
        DataError: a run is negative, or they do not add up to the image.
    """
    if min(runs, default=0) < 0 or sum(runs) != height * width:
        raise DataError(
            f"run lengths of a {height} x {width} mask are not negative and sum to "
            f"{height * width}; these sum to {sum(runs)}, the least is {min(runs, default=0)}"
        )
    values = np.arange(len(runs)) % 2 == 1
    flat = np.repeat(values, np.asarray(runs, dtype=np.int64))
    return flat.reshape(width, height).T


def encode_runs(mask: BoolArray) -> tuple[int, ...]:
    """The alternating runs of a mask (first of zeros), column by column, as `decode_runs` reads."""
    flat = np.concatenate(([False], mask.T.ravel()))
    borders = np.flatnonzero(flat[1:] != flat[:-1])
    return tuple(np.diff(borders, prepend=0, append=mask.size).tolist())


def parse_counts(text: str) -> tuple[int, ...]:
    """The run lengths in a compressed COCO string (rleFrString of pycocotools).

    Five bits a character from ``0`` on, the sixth says that more follow; from the third run on
    the difference to the run before the last is stored.

    Raises:
        DataError: a character is out of range or the text ends within a number.
    """
    runs: list[int] = []
    value = shift = 0
    for position, character in enumerate(text):
        code = ord(character) - 48
        if not 0 <= code < 64 or shift > 60:
            raise DataError(f"compressed run lengths: character {position} ({character!r}) is bad")
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift:
        raise DataError("compressed run lengths end in the middle of a number")
    return tuple(runs)
