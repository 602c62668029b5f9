"""Images in files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from xaudit.core.case import FloatArray, Region
from xaudit.core.source import ImageHeader, Intensity, UsedRange
from xaudit.data.file_hash import file_sha256
from xaudit.data.pixels.images import read_header, read_range, read_upright
from xaudit.errors import DataError


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image in a file of its own; an `ImageSource`.

    Attributes:
        path: absolute.
    """

    path: Path

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.is_file()

    def header(self) -> ImageHeader:
        """See `xaudit.data.pixels.images.read_header`."""
        with without_folder(self.path):
            return read_header(self.path)

    def upright(self, intensity: Intensity = "dtype") -> FloatArray:
        """See `xaudit.data.pixels.images.read_upright`."""
        with without_folder(self.path):
            return read_upright(self.path, intensity)

    def used_range(self, intensity: Intensity = "dtype") -> UsedRange | None:
        """See `xaudit.data.pixels.images.read_range`."""
        with without_folder(self.path):
            return read_range(self.path, intensity)

    def fingerprint(self) -> str | None:
        """SHA-256 of the file."""
        return file_sha256(self.path)


def named_alone(region: Region) -> AbstractContextManager[None]:
    """As `without_folder`, of the file that a region lies in, if it lies in one."""
    path = getattr(region, "path", None)
    return without_folder(path) if isinstance(path, Path) else nullcontext()


@contextmanager
def without_folder(path: Path) -> Iterator[None]:
    """Name a file by its name alone in what is raised inside: where a study lies is private."""
    try:
        yield
    except DataError as error:
        raise type(error)(str(error).replace(str(path), path.name)) from error
