"""Files as DICOM objects: recognized by content, headers read without pixels, sizes bounded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xaudit.data.dicom.library import quiet
from xaudit.errors import DataError

if TYPE_CHECKING:
    from pydicom import Dataset

MAX_FILE = 1_000_000_000
"""Bytes of a file that is read: fifty large radiographs."""
HEAD = 2048
_PREAMBLE = 128
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_FIRST = {0x0000, 0x0001, 0x0005, 0x0008, 0x0012, 0x0016}
"""Elements of group 8 with which an object begins that was written without a preamble."""
_TEXT_KINDS = {b"UL", b"UI", b"CS", b"DA"}
_LONGEST_FIRST = 64


def is_dicom(head: bytes) -> bool:
    """Whether a file begins as DICOM does: its mark behind 128 bytes, or a first element.

    Args:
        head: at least its first 132 bytes.
    """
    if head[_PREAMBLE : _PREAMBLE + 4] == b"DICM":
        return True
    group, element = int.from_bytes(head[:2], "little"), int.from_bytes(head[2:4], "little")
    if group != 0x0008 or element not in _FIRST:
        return False
    length = int.from_bytes(head[4:8], "little")
    return head[4:6] in _TEXT_KINDS or 0 < length <= _LONGEST_FIRST


def head_of(path: Path) -> bytes:
    """The first bytes of a file; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError:
        return b""


def read_header(path: Path, tags: Sequence[str | int], where: str) -> Dataset:
    """The named attributes of an object; pixels stay on disk.

    Raises:
        DataError: it is damaged, deflated, or larger than `MAX_FILE`.
    """
    return _read(path, tags, where, pixels=False)


def read_whole(path: Path, tags: Sequence[str | int] | None, where: str) -> Dataset:
    """The named attributes (None: all of them), pixel data included.

    Raises:
        DataError: it is damaged, deflated, or larger than `MAX_FILE`.
    """
    return _read(path, tags, where, pixels=True)


def _read(path: Path, tags: Sequence[str | int] | None, where: str, *, pixels: bool) -> Dataset:
    with quiet(where):
        from pydicom import dcmread  # noqa: PLC0415

        head, size = head_of(path), path.stat().st_size
        if not is_dicom(head):
            raise DataError(f"{where}: expected a DICOM object, got {size:,} other bytes")
        if _DEFLATED in head:
            # A few bytes of it become as many as they like before anything can be checked.
            raise DataError(f"{where}: the object is deflated; store it as explicit little endian")
        if size > MAX_FILE:
            raise DataError(f"{where}: at most {MAX_FILE:,} bytes are read, got {size:,}")
        named: list[Any] | None = None if tags is None else list(tags)
        return dcmread(path, stop_before_pixels=not pixels, specific_tags=named, force=True)
