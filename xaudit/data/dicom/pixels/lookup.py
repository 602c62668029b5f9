"""Lookup tables of DICOM (PS3.3, C.11.1.1 and C.11.2.1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xaudit.errors import DataError

if TYPE_CHECKING:
    from pydicom import Dataset

_MOST = 1 << 16


def looked_up(
    values: npt.NDArray[Any], table: Dataset, order: str, where: str, *, signed: bool
) -> tuple[npt.NDArray[np.uint16], int]:
    """Values by way of a table, and the bits of what comes out.

    Below the first value that the table maps stands its first entry, above the last its last.

    Args:
        values: (H, W), whole numbers or what rounds to them.
        table: item of a Modality LUT Sequence or a VOI LUT Sequence.
        order: of the bytes of a word, "<" or ">".
        where: for messages.
        signed: whether the values may be negative, and so the first one that is mapped.

    Raises:
        DataError: the table is not as it describes itself.
    """
    count, first, bits = (int(one) for one in table.LUTDescriptor)
    count = count or _MOST
    # Two bytes, which are read as one or the other: the values say which it is.
    first = (first & 0xFFFF) - (_MOST if signed and first & 0x8000 else 0)
    entries = _entries(table.LUTData, count, order)
    if len(entries) < count or not 8 <= bits <= 16:
        raise DataError(
            f"{where}: a lookup table announces {count:,} entries of {bits} bits (8 to 16), "
            f"{len(entries):,} are there"
        )
    if int(entries.max(initial=0)) >= 1 << bits:
        raise DataError(
            f"{where}: a lookup table announces {bits} bits, an entry is {entries.max():,}"
        )
    whole = values if values.dtype.kind in "iu" else np.rint(values)
    return entries[np.clip(whole.astype(np.int32) - first, 0, count - 1)], bits


def _entries(data: Any, count: int, order: str) -> npt.NDArray[np.uint16]:  # noqa: ANN401
    if not isinstance(data, bytes):
        numbers = np.atleast_1d(np.asarray(data, dtype=np.int64)).astype(np.uint16)
        packed = len(numbers) == (count + 1) // 2 < count
        return np.asarray(numbers.view(np.uint8), dtype=np.uint16)[:count] if packed else numbers
    if len(data) in {count, count + count % 2} and count > 1:
        return np.frombuffer(data, np.uint8).astype(np.uint16)[:count]
    return np.frombuffer(data[: len(data) // 2 * 2], f"{order}u2").astype(np.uint16)[:count]
