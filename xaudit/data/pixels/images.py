"""Images as float arrays: upright, within limits, and refused where anything is missing."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from xaudit.core.case import FloatArray
from xaudit.core.grid import Grid
from xaudit.core.source import ImageHeader, Intensity, UsedRange
from xaudit.data.pixels.complete import missing_pixels
from xaudit.data.pixels.intensity import (
    range_of_values,
    scaled,
    scaled_values,
    used_range,
)
from xaudit.data.pixels.mask_pixels import labels_of
from xaudit.data.pixels.mask_values import Labels
from xaudit.data.pixels.source import format_of
from xaudit.errors import DataError

Pixel = TypeVar("Pixel", bound=np.generic)

MAX_BYTES = 400_000_000
"""Decoded, as stored and as float32 samples: ten times a large radiograph (4,000 x 5,000, 16 bit).

Larger images are refused before they are decoded; a 43 cm film at 50 µm and 8 bits takes 370 MB.
"""

_ORIENTATION = 0x0112
_EXIF_KEYS = {"exif", "Raw profile type exif"}
_STACKS = {"TIFF", "GIF", "PNG", "WEBP"}
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "JPEG2000", "PPM")
_BYTES = {"1": 5, "L": 5, "I;16": 6, "I;16B": 6, "I;16L": 6, "I": 8, "F": 8, "LA": 8, "La": 8}
"""Mode → bytes of a pixel, as Pillow keeps it and as float32; 16 for color."""
_WEBP_BYTES = 12
"""More for each pixel of a WebP, whose decoder holds two canvases and a copy, each RGBA."""
_TOO_LARGE = f"at most {MAX_BYTES:,} bytes are decoded, as stored and as float32"


def read_header(path: Path) -> ImageHeader:
    """Size, type and orientation of an image, without decoding it.

    Raises:
        DataError: the file is missing, no image, empty, or larger than `MAX_BYTES`.
    """
    if own := format_of(path):
        return within_limits(own.header(path), path)
    with _opened(path) as image:
        return _header(image, path)


def read_upright(path: Path, intensity: Intensity = "dtype") -> FloatArray:
    """The pixels of an image, EXIF orientation applied, in [0, 1].

    Palettes become RGB, transparency is dropped. 16-bit gray keeps its depth; 16-bit color is
    read with 8 bits, as Pillow does. "dtype" divides by the maximum of the stored type (255,
    4095, 65535, 1 for floats); 32-bit integers above 65535, signed 16-bit integers and floats
    outside [0, 1] have no agreed maximum and need bits, "percentile" (0.5th to 99.5th) or
    "minmax". A TIFF that says that zero is white is turned around.

    Args:
        path: of the image.
        intensity: how stored values become [0, 1].

    Returns:
        float32, (H, W) for gray and (H, W, 3) for color.

    Raises:
        DataError: the file is missing, truncated, too large, no image, or has several frames,
            values that are not finite, or a range that does not fit ``intensity``.
    """
    if own := format_of(path):
        stored = own.stored(path, within_limits(own.header(path), path))
        return scaled_values(stored, intensity, path)
    with _opened(path) as image:
        _load(image, path, _header(image, path))
        return turned(scaled(image, intensity, path), _remaining_turn(image, path))


def read_range(path: Path, intensity: Intensity = "dtype") -> UsedRange | None:
    """How far the stored values reach of what is declared to be 1; None where none is declared.

    Raises:
        DataError: as `read_upright`.
    """
    if intensity in {"percentile", "minmax"}:
        return None
    if own := format_of(path):
        stored = own.stored(path, within_limits(own.header(path), path))
        return range_of_values(stored, intensity, path)
    with _opened(path) as image:
        _load(image, path, _header(image, path))
        return used_range(image, intensity, path)


def read_labels(path: Path) -> Labels:
    """The labels that a mask stores, upright and unscaled; (H, W), see `labels_of`.

    Raises:
        DataError: as `read_upright`.
        UndeclaredValuesError: color and soft transparency both vary.
    """
    with _opened(path) as image:
        _load(image, path, _header(image, path))
        return np.ascontiguousarray(turned(labels_of(image), _remaining_turn(image, path)))


def to_gray(pixels: FloatArray) -> FloatArray:
    """Luma of ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B); gray stays as it is; (H, W)."""
    if pixels.ndim == 2:
        return pixels
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    return np.asarray(pixels @ weights, dtype=np.float32)


def looks_inverted(gray: FloatArray) -> bool:
    """Whether the background is bright and the middle dark, as where MONOCHROME1 was ignored.

    A hint, not a decision: the frame (outer 4 %) must be bright as a whole (its lower quartile
    above 0.6) and brighter than the middle (central half) by 0.25 in the median.
    """
    height, width = gray.shape
    rows, columns = max(1, height // 25), max(1, width // 25)
    frame = np.ones(gray.shape, dtype=bool)
    frame[rows:-rows, columns:-columns] = False
    middle = gray[height // 4 : -(height // 4) or None, width // 4 : -(width // 4) or None]
    low, median = np.percentile(gray[frame], [25, 50])
    return bool(low > 0.6 and median - np.median(middle) > 0.25)


def within_limits(header: ImageHeader, path: Path, more: int = 0) -> ImageHeader:
    """The header of an image that may be decoded.

    Args:
        header: of the image.
        path: for messages.
        more: bytes a pixel that a decoder takes besides.

    Raises:
        DataError: the image is larger than `MAX_BYTES`.
    """
    height, width = header.grid.plane
    needed = width * height * (_BYTES.get(header.mode, 16) + more)
    if needed > MAX_BYTES:
        raise DataError(
            f"{path}: {_TOO_LARGE}, the header announces {width} x {height} pixels of mode "
            f"{header.mode} = {needed:,}; scale the image down"
        )
    return header


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    if not path.is_file():
        what = "a folder" if path.is_dir() else "nothing"
        raise DataError(f"{path}: expected an image file, found {what}; correct the path")
    # Pillow warns of odd metadata; what matters here is checked and raised below.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # A detector's own code may have switched this on: it paints what is missing.
            ImageFile.LOAD_TRUNCATED_IMAGES = False
            image = Image.open(path, formats=_FORMATS)
        # Decoders of untrusted files raise whatever they like.
        except Exception as error:
            raise DataError(_not_an_image(path, error)) from error
        with image:
            yield image


def _not_an_image(path: Path, error: Exception) -> str:
    size = path.stat().st_size
    if isinstance(error, Image.DecompressionBombError):
        return f"{path}: {_TOO_LARGE}: {error}; scale it down"
    if size == 0:
        return f"{path}: expected an image, got an empty file (0 bytes); restore it"
    return f"{path}: expected an image (PNG, JPEG, TIFF, ...), got {size:,} bytes: {error}"


def _header(image: Image.Image, path: Path) -> ImageHeader:
    width, height = image.size
    if width * height == 0:
        raise DataError(f"{path}: the image is {width} x {height}, expected at least one pixel")
    more = _WEBP_BYTES if image.format == "WEBP" else 0
    within_limits(ImageHeader(Grid((height, width)), image.mode), path, more)
    orientation = _orientation(image, path)
    # Pillow swaps the sides of a turned TIFF already when it opens it.
    if orientation >= 5 and image.format != "TIFF":
        width, height = height, width
    return ImageHeader(Grid((height, width)), image.mode, orientation)


def _remaining_turn(image: Image.Image, path: Path) -> int:
    """Orientation that is still to be undone: a TIFF is turned by Pillow while it is decoded."""
    return 1 if image.format == "TIFF" else _orientation(image, path)


def _orientation(image: Image.Image, path: Path) -> int:
    # Without this, Pillow decodes the whole PNG to look for a tag behind the pixels.
    if image.format == "PNG" and not _EXIF_KEYS & image.info.keys():
        return 1
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception as error:
        raise DataError(f"{path}: the EXIF block is damaged ({error}); rewrite the file") from error
    return value if value in range(1, 9) else 1


def _load(image: Image.Image, path: Path, header: ImageHeader) -> None:
    rows, columns = header.grid.plane
    try:
        # Frames are counted by walking through a TIFF, which may be damaged behind the first one.
        _refuse_stacks(image, path)
        image.load()
        missing = missing_pixels(image, path)
    except DataError:
        raise
    except Exception as error:
        raise DataError(
            f"{path}: expected {rows} rows of {columns} pixels, but the file "
            f"({path.stat().st_size:,} bytes) is truncated or damaged: {error}; restore it"
        ) from error
    if missing is not None:
        raise DataError(
            f"{path}: expected {rows} rows of {columns} pixels, but the file "
            f"({path.stat().st_size:,} bytes) is truncated: {missing}; restore it"
        )


def _refuse_stacks(image: Image.Image, path: Path) -> None:
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format in _STACKS:
        raise DataError(f"{path}: expected one image, got {frames} frames; list each as a file")


def turned(pixels: npt.NDArray[Pixel], orientation: int) -> npt.NDArray[Pixel]:
    """What is stored, its EXIF orientation undone (TIFF 6.0, tag 274); (H, W, ...)."""
    if orientation >= 5:
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    return pixels
