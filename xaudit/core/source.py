"""The port for an image of a case, wherever it lies and whatever reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt

from xaudit.core.grid import Grid

_DEEP = {"I", "F", "I;16", "I;16B", "I;16L"}


@dataclass(frozen=True, slots=True)
class StoredBits:
    """Stored values are divided by 2 to the power of ``bits`` less 1: 12 bits in a 16-bit file.

    Attributes:
        bits: 8 to 16; a file of the study that holds a larger value is an error of that case.
    """

    bits: int

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if not 8 <= self.bits <= 16:
            raise ValueError(f"stored values have 8 to 16 bits, got {self.bits}")

    @property
    def top(self) -> float:
        """The stored value that becomes 1."""
        return float(2**self.bits - 1)


Intensity = Literal["dtype", "percentile", "minmax"] | StoredBits
"""How stored values become [0, 1]: by the type, by the image, or as declared."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What is known of an image before a pixel is decoded.

    Attributes:
        grid: of the upright image.
        mode: Pillow's name of the pixel type ("L", "RGB", "I;16", ...).
        orientation: EXIF orientation, 1 to 8; 1 is upright.
    """

    grid: Grid
    mode: str
    orientation: int = 1

    @property
    def deep(self) -> bool:
        """Whether gray values have more than 8 bits."""
        return self.mode in _DEEP


@dataclass(frozen=True, slots=True)
class UsedRange:
    """How far the stored values of an image reach.

    Attributes:
        most: the largest.
        high: the 99.9th percentile, which a mark of a few pixels does not move.
        top: what is declared to be 1.
    """

    most: float
    high: float
    top: float


class ImageSource(Protocol):
    """One image of a study.

    What it raises names the image without the place where the study lies.
    """

    def exists(self) -> bool:
        """Whether there is anything to read."""

    def header(self) -> ImageHeader:
        """Grid and type, without decoding a pixel.

        Raises:
            DataError: it is missing, no image, empty, or too large to be decoded.
        """

    def upright(self, intensity: Intensity = "dtype") -> npt.NDArray[np.float32]:
        """The pixels, upright, in [0, 1]; (H, W) for gray and (H, W, 3) for color.

        Raises:
            DataError: it cannot be read, or its values do not fit the intensity.
        """

    def used_range(self, intensity: Intensity = "dtype") -> UsedRange | None:
        """How far its values reach of what is declared to be 1; None where none is declared.

        Raises:
            DataError: as `upright`.
        """

    def fingerprint(self) -> str | None:
        """SHA-256 of what is stored, hexadecimal; None where it cannot be read."""
