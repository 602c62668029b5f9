"""The port for files of radiographs that Pillow does not read; one class for each format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xaudit.core.registry import Registry
from xaudit.core.source import ImageHeader
from xaudit.errors import DataError

Stored = npt.NDArray[Any]
"""Values as a file holds them, of whatever type."""

_HEAD = 512


@dataclass(frozen=True, slots=True, eq=False)
class StoredImage:
    """The pixels of a file.

    Attributes:
        values: (H, W) or (H, W, 3), upright and bone bright, as they are stored.
        top: the value that is 1 under ``intensity: dtype``; None where the file does not say it,
            and the audit file has to.
    """

    values: Stored
    top: float | None


class ImageFormat(ABC):
    """Reads files of one kind; what it raises besides `DataError` is a fault of its package."""

    @abstractmethod
    def reads(self, path: Path, head: bytes) -> bool:
        """Whether a file is of this kind.

        Args:
            path: of the file.
            head: its first 512 bytes.
        """

    @abstractmethod
    def header(self, path: Path) -> ImageHeader:
        """Size and type, without decoding a pixel."""

    @abstractmethod
    def stored(self, path: Path) -> StoredImage:
        """The pixels; asked for only if they fit the limit of memory."""


IMAGE_FORMATS: Registry[type[ImageFormat]] = Registry(
    "image format", entry_points="xaudit.images", package="xaudit.data.image_formats"
)


@dataclass(frozen=True, slots=True)
class Guarded:
    """A format whose faults are sentences, and whose images have the size that they announce.

    Attributes:
        name: in the registry.
        format: that is asked.
    """

    name: str
    format: ImageFormat

    def header(self, path: Path) -> ImageHeader:
        """See `ImageFormat`.

        Raises:
            DataError: the file cannot be read, or the format failed.
        """
        try:
            return self.format.header(path)
        except DataError:
            raise
        except Exception as error:
            raise self._fault(path, error) from error

    def stored(self, path: Path, header: ImageHeader) -> StoredImage:
        """See `ImageFormat`.

        Raises:
            DataError: the file cannot be read, or the format failed or gave something else.
        """
        try:
            image = self.format.stored(path)
        except DataError:
            raise
        except Exception as error:
            raise self._fault(path, error) from error
        shape, size = image.values.shape, header.grid.shape
        if shape not in {size, (*size, 3)} or image.values.dtype.kind not in "uif":
            raise DataError(
                f"{path}: the image format {self.name!r} gave {image.values.dtype} of shape "
                f"{shape}, expected numbers of shape {size} or {(*size, 3)}"
            )
        return image

    def _fault(self, path: Path, error: Exception) -> DataError:
        said = (str(error) or type(error).__name__).splitlines()[0]
        return DataError(f"{path}: the image format {self.name!r} failed: {said}")


def format_of(path: Path) -> Guarded | None:
    """The format that reads a file; None for what Pillow reads, and for what is no file.

    Raises:
        DataError: a format failed.
    """
    names = list(IMAGE_FORMATS)
    if not names or not path.is_file():
        return None
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for name in names:
        own = _made(name)
        try:
            if own.format.reads(path, head):
                return own
        except Exception as error:
            raise own._fault(path, error) from error
    return None


@cache
def _made(name: str) -> Guarded:
    return Guarded(name, IMAGE_FORMATS[name]())


def finite_extremes(values: Stored, path: Path) -> tuple[float, float]:
    """The smallest and the largest value.

    Raises:
        DataError: a value is not finite.
    """
    low, high = float(np.min(values)), float(np.max(values))
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(f"{path}: expected finite values, got NaN or infinity; repair the image")
    return low, high
