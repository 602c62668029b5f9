"""Places where DICOM objects are kept: files here, or an archive that is asked for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from xaudit.data.dicom.reading import read_whole
from xaudit.data.file_hash import file_sha256
from xaudit.errors import DataError

if TYPE_CHECKING:
    from pydicom import Dataset

Tags = Sequence[str | int]


class Kept(Protocol):
    """One object, wherever it is kept."""

    def exists(self) -> bool:
        """Whether there is anything to read."""

    def whole(self, tags: Tags | None, where: str, most: int | None = None) -> Dataset:
        """The named attributes (None: all of them), pixel data included.

        Args:
            tags: keywords or numbers.
            where: what is named in errors.
            most: bytes, above which it is refused.

        Raises:
            DataError: it is missing, damaged or too large.
        """

    def fingerprint(self) -> str | None:
        """What identifies its content, hexadecimal; None where it cannot be read."""

    def file_names(self, root: Path) -> frozenset[str]:
        """How a table may name its file: from the root, or by its name alone."""


@dataclass(frozen=True, slots=True)
class InFile:
    """An object in a file.

    Attributes:
        path: absolute.
    """

    path: Path

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.is_file()

    def whole(self, tags: Tags | None, where: str, most: int | None = None) -> Dataset:
        """See `Kept`."""
        if most is not None and self.path.stat().st_size > most:
            raise DataError(f"{where}: at most {most:,} bytes are read")
        return read_whole(self.path, tags, where)

    def fingerprint(self) -> str | None:
        """SHA-256 of the file."""
        return file_sha256(self.path)

    def file_names(self, root: Path) -> frozenset[str]:
        """See `Kept`."""
        path = self.path
        inside = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        return frozenset({inside, path.name})
