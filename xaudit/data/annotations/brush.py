"""Run lengths of Label Studio's brush: the RGBA pixels of a canvas, packed to bits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from xaudit.core.case import AnnotationForm, BoolArray
from xaudit.core.grid import Grid
from xaudit.data.annotations.masks import not_empty
from xaudit.errors import DataError


@dataclass(frozen=True, slots=True)
class BrushRuns:
    """What was painted: where the canvas is not transparent.

    Attributes:
        packed: 32 bits with the number of values, 5 with the bits of a value less one, four times
            4 with the bits of a length less one; then blocks: whether all its values are equal,
            which of the four, the length less one, and one value or each.
    """

    packed: bytes

    @property
    def form(self) -> AnnotationForm:
        """An outline."""
        return "mask"

    def rasterize(self, grid: Grid) -> BoolArray:
        """The painted pixels.

        Raises:
            DataError: the canvas has another size, or its bits are damaged.
        """
        height, width = grid.plane
        values = _unpacked(self.packed, height * width * 4)
        return not_empty(values.reshape(height, width, 4)[..., 3] > 0, "brush")

    def fingerprint(self) -> str:
        """What identifies the outline, whatever the machine."""
        return f"brush {hashlib.sha256(self.packed).hexdigest()}"


class _Bits:
    """Bits in order, the highest of a byte first."""

    def __init__(self, packed: bytes) -> None:
        self._packed, self._at = packed, 0

    def number(self, count: int) -> int:
        """The next bits as a number."""
        first, last = self._at // 8, (self._at + count + 7) // 8
        if last > len(self._packed):
            raise DataError("brush: the run lengths end too early")
        whole = int.from_bytes(self._packed[first:last], "big")
        self._at += count
        return whole >> (last * 8 - self._at) & ((1 << count) - 1)


def _unpacked(packed: bytes, expected: int) -> np.ndarray:
    bits = _Bits(packed)
    total = bits.number(32)
    if total != expected:
        raise DataError(
            f"brush: was painted on {total // 4:,} pixels, the image has {expected // 4:,}"
        )
    word = bits.number(5) + 1
    lengths = [bits.number(4) + 1 for _ in range(4)]
    values = np.zeros(total, dtype=np.uint32)
    at = 0
    while at < total:
        equal = bits.number(1)
        last = at + bits.number(lengths[bits.number(2)]) + 1
        if last > total:
            raise DataError("brush: the run lengths leave the image")
        if equal:
            values[at:last] = bits.number(word)
        else:
            values[at:last] = [bits.number(word) for _ in range(last - at)]
        at = last
    return values
