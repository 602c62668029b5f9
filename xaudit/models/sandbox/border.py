"""Arrays that cross the border of the box, in memory that both sides see."""

from __future__ import annotations

import fcntl
import math
import mmap
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from xaudit.errors import DetectorLostError

_KINDS = {"<f4": 4, "<f8": 8}
_ALIGNED = 64
_MOST_AXES = 8
_MOST_BYTES = 2**32
"""Of one array: larger than any that is meant, smaller than what would end this side."""

Head = list[Any]
"""Kind, shape and offset of an array, as JSON has them."""


def header(kind: str, shape: Sequence[int], offset: int) -> Head:
    """What is told of an array whose numbers lie in the shared memory."""
    return [kind, list(shape), offset]


class Border:
    """Shared memory that grows as it is needed and never shrinks.

    Args:
        descriptor: of the memory; None to make one, which whoever gets it cannot make smaller: the
            side that reads would die of it.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        if descriptor is None:
            descriptor = os.memfd_create("xaudit", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            os.ftruncate(descriptor, mmap.PAGESIZE)
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        self.descriptor = descriptor
        self._memory: mmap.mmap | None = None

    def put(self, arrays: Sequence[np.ndarray]) -> list[Head]:
        """Write arrays behind each other; what was there before is gone.

        Args:
            arrays: float32, or float64.

        Returns:
            What to tell the other side.
        """
        heads, end = [], 0
        for array in arrays:
            heads.append(header("<f8" if array.dtype == np.float64 else "<f4", array.shape, end))
            end += -(-array.nbytes // _ALIGNED) * _ALIGNED
        memory = self._of_size(end)
        for array, (kind, shape, offset) in zip(arrays, heads, strict=True):
            np.ndarray(shape, kind, memory, offset)[...] = array
        return heads

    def get(self, heads: object, shapes: Sequence[Sequence[int | None]]) -> list[np.ndarray]:
        """Copy arrays that the other side has written.

        Args:
            heads: what it told; anything, where it lies.
            shapes: expected; None for an axis of any length.

        Raises:
            DetectorLostError: it told something else, or there is less than it told.
        """
        if not isinstance(heads, list) or len(heads) != len(shapes):
            raise DetectorLostError("the model in the sandbox answered with other arrays")
        return [self._one(head, shape) for head, shape in zip(heads, shapes, strict=True)]

    def close(self) -> None:
        """Let go of the memory."""
        if self._memory is not None:
            self._memory.close()
        os.close(self.descriptor)

    def _one(self, head: object, expected: Sequence[int | None]) -> np.ndarray:
        kind, shape, offset = _checked(head, expected)
        size = math.prod(shape) * _KINDS[kind]
        end = offset + size
        if size > _MOST_BYTES or end > os.fstat(self.descriptor).st_size:
            raise DetectorLostError("the model in the sandbox announced numbers that are not there")
        return np.ndarray(shape, kind, self._of_size(end), offset).copy()

    def _of_size(self, size: int) -> mmap.mmap:
        """The memory, so long at least."""
        there = os.fstat(self.descriptor).st_size
        if there < size:
            # Twice as much, so that it seldom grows.
            os.ftruncate(self.descriptor, max(size, 2 * there))
            there = os.fstat(self.descriptor).st_size
        if self._memory is None or len(self._memory) < size:
            self._memory = mmap.mmap(self.descriptor, there)
        return self._memory


def _checked(head: object, expected: Sequence[int | None]) -> tuple[str, list[int], int]:
    """Kind, shape and offset, if they can be meant."""
    if not isinstance(head, list) or len(head) != 3:
        raise DetectorLostError("the model in the sandbox answered with no array")
    kind, shape, offset = head
    right = (
        kind in _KINDS
        and isinstance(shape, list)
        and len(shape) == len(expected) <= _MOST_AXES
        and all(type(axis) is int and axis >= 0 for axis in [*shape, offset])
        and all(want in {None, axis} for axis, want in zip(shape, expected, strict=True))
    )
    if not right:
        wanted = " x ".join("any" if axis is None else str(axis) for axis in expected)
        raise DetectorLostError(
            f"the model in the sandbox answered with an array {str(head)[:100]}, expected {wanted}"
        )
    return kind, shape, offset
