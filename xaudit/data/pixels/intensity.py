"""Intensities: stored values become [0, 1] by what the type, declaration or image says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from xaudit.core.case import FloatArray
from xaudit.core.record.suspicion import Suspicion
from xaudit.core.source import Intensity, StoredBits, UsedRange
from xaudit.data.pixels.source import Stored, StoredImage, finite_extremes
from xaudit.errors import DataError

_BAND = 256
"""Rows that are converted at a time: the whole image is never there three times."""
_GRAY = {"1", "L", "LA", "La", "I", "F"}
_PHOTOMETRIC, _BITS, _SAMPLE_FORMAT = 0x0106, 258, 339
_UNUSED = 1 / 6
"""12-bit values fill a sixteenth of 16 bits, 13-bit values an eighth; dark films fill more."""
_PNG_DEPTH = 24
"""Byte of a PNG that says its bits a sample."""
_SHARE = 1 / 4
"""Of the images of one range: so many do not fill it by accident."""
_SAMPLED = 1_000_000
"""Pixels, of which a percentile is taken."""


def scaled(image: Image.Image, intensity: Intensity, path: Path) -> FloatArray:
    """The pixels of a loaded image in [0, 1], as it lies in the file.

    Args:
        image: loaded.
        intensity: how stored values become [0, 1].
        path: for messages.

    Returns:
        float32, (H, W) for gray and (H, W, 3) for color.

    Raises:
        DataError: values that are not finite, or a range that does not fit ``intensity``.
    """
    low, high = _range(image, intensity, path)
    gray = image.mode in _GRAY or image.mode.startswith("I;16")
    shape = (image.height, image.width) if gray else (image.height, image.width, 3)
    out = _between(_bands(image), low, high, np.zeros(shape, dtype=np.float32))
    return np.subtract(np.float32(1), out, out=out) if zero_is_white(image) else out


def scaled_values(image: StoredImage, intensity: Intensity, path: Path) -> FloatArray:
    """As `scaled`, of what an image format has read."""
    values = image.values
    least, most = finite_extremes(values, path)
    low, high = least, most
    if intensity == "percentile":
        low, high = map(float, np.percentile(values, [0.5, 99.5]))
    elif intensity != "minmax":
        low, high = 0.0, _top_of(image, intensity, path)
        _refuse_outside(least, most, high, intensity, path)
    bands = (values[top : top + _BAND] for top in range(0, len(values), _BAND))
    return _between(bands, low, high, np.zeros(values.shape, dtype=np.float32))


def range_of_values(image: StoredImage, intensity: Intensity, path: Path) -> UsedRange:
    """As `used_range`, of what an image format has read."""
    most, top = finite_extremes(image.values, path)[1], _top_of(image, intensity, path)
    return UsedRange(most, _high(image.values), top)


def _top_of(image: StoredImage, intensity: Intensity, path: Path) -> float:
    if isinstance(intensity, StoredBits):
        return intensity.top
    if image.top is None:
        raise DataError(
            f"{path}: the file does not say its largest value; declare intensity: bits, percentile "
            "or minmax"
        )
    return image.top


def _between(bands: Iterable[Stored], low: float, high: float, out: FloatArray) -> FloatArray:
    """Values from low to high as 0 to 1, some rows at a time, into an array of zeros."""
    top = 0
    for band in bands if high > low else ():
        values = band.astype("f8" if band.dtype.itemsize > 2 else "f4")
        out[top : top + len(band)] = np.clip((values - low) / (high - low), 0, 1)
        top += len(band)
    return out


def stored_pixels(image: Image.Image) -> Stored:
    """The stored values of a loaded image; palettes become RGB, transparency is dropped."""
    if image.mode == "1":
        return np.asarray(image.convert("L"))
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if image.mode in {"L", "RGB", "F", "I"}:
        return np.asarray(image)
    if image.mode in {"LA", "La"}:
        return np.asarray(image.convert("LA"))[..., 0]
    # By way of RGBA, since a palette's transparency is otherwise warned about or painted over.
    colors = image.convert("RGBA") if image.mode in {"P", "PA"} else image
    return np.asarray(colors.convert("RGB"))


def stored_extremes(image: Image.Image, path: Path) -> tuple[float, float]:
    """The smallest and the largest stored value.

    Raises:
        DataError: a value is not finite.
    """
    least, most = math.inf, -math.inf
    for band in _bands(image):
        low, high = finite_extremes(band, path)
        least, most = min(least, low), max(most, high)
    return least, most


def declared_top(image: Image.Image, intensity: Intensity, path: Path) -> float:
    """The stored value that is declared to be 1: by the file's type, or in so many bits.

    Raises:
        DataError: the file cannot hold so many bits, or its type has no agreed maximum.
    """
    if isinstance(intensity, StoredBits):
        _refuse_bits(image, intensity, path)
        return intensity.top
    deep = image.mode.startswith("I;16")
    tags = getattr(image, "tag_v2", {})
    bits, kind = tags.get(_BITS, ()), tags.get(_SAMPLE_FORMAT, ())
    if tuple(kind) == (2,) and tuple(bits) == (16,):
        raise DataError(
            f"{path}: signed 16-bit values have no agreed maximum; declare intensity: bits, "
            "percentile or minmax"
        )
    if deep and tuple(bits) == (12,):
        return 4095.0
    if image.mode == "F":
        return 1.0
    return 65535.0 if deep or image.mode == "I" else 255.0


def used_range(image: Image.Image, intensity: Intensity, path: Path) -> UsedRange:
    """How far the stored values of a loaded image reach.

    Raises:
        DataError: as `stored_extremes` and `declared_top`.
    """
    most, top = stored_extremes(image, path)[1], declared_top(image, intensity, path)
    return UsedRange(most, _high(stored_pixels(image)), top)


def _high(values: Stored) -> float:
    """The 99.9th percentile, of a sample of large images."""
    step = max(1, math.isqrt(values.shape[0] * values.shape[1] // _SAMPLED))
    return float(np.percentile(values[::step, ::step], 99.9))


def unused_range(ranges: Sequence[UsedRange]) -> tuple[Suspicion, ...]:
    """Whether many images use no more than a sixth of the range that is declared.

    Images are compared with others of the same range: at least a quarter of them, and three
    where there are as many.

    Args:
        ranges: of each image that was looked at.

    Returns:
        One suspicion named "unused_range", or none.
    """
    tops = sorted({span.top for span in ranges}, reverse=True)
    kinds = [[span for span in ranges if span.top == top] for top in tops]
    found = [text for kind in kinds if (text := _narrow_kind(kind))]
    if not found:
        return ()
    mixed = ", ".join(f"{len(kind)} of {kind[0].top:g}" for kind in kinds)
    if len(kinds) > 1:
        found.append(f"The images that were looked at have several ranges: {mixed}.")
    return (Suspicion("unused_range", " ".join(found)),)


def _is_narrow(used: UsedRange) -> bool:
    """Whether hardly a pixel lies above a sixth of the range; a black image says nothing."""
    return used.most > 0 and used.high <= _UNUSED * used.top


def _narrow_kind(kind: Sequence[UsedRange]) -> str:
    """What is said of images of one range; empty where they fill it."""
    narrow, top = [one for one in kind if _is_narrow(one)], kind[0].top
    if not narrow or len(narrow) < max(min(3, len(kind)), _SHARE * len(kind)):
        return ""
    high = max(one.high for one in narrow)
    largest = max([one.most for one in narrow if one.most <= _UNUSED * top], default=high)
    bits = max(8, math.ceil(largest).bit_length())
    marked = sum(one.most > 2**bits - 1 for one in narrow)
    remedy = f"declare intensity: {{bits: {bits}}}" if top > 255 else "look at the images"
    if marked and top > 255:
        remedy += f" once single pixels above it ({marked} images, as of a burnt-in mark) are gone"
    return (
        f"{len(narrow)} of {len(kind)} images of a declared range up to {top:g} use no more than "
        f"{largest / top:.1%} of it: their values end at {largest:g}. If the detector was trained "
        f"on values that fill their range, {remedy}."
    )


def _refuse_bits(image: Image.Image, intensity: StoredBits, path: Path) -> None:
    """A file whose values are not read as they are stored, and so cannot have so many bits."""
    if image.format == "PPM" and image.mode == "I":
        # Pillow divides by the maxval of the header and multiplies by 65535.
        if intensity.bits < 16:
            raise DataError(
                f"{path}: intensity 'bits: {intensity.bits}': a PGM says its own largest value, "
                "which is read as 1 under intensity: dtype; declare that"
            )
        return
    if intensity.bits <= 8 or image.mode.startswith("I;16") or image.mode in {"I", "F"}:
        return
    got = f"expects gray values of more than 8 bits, got mode {image.mode}"
    remedy = ", which is read with 8; declare intensity: dtype"
    if _is_deep_color(image, path):
        remedy = (
            " of 16 bits a channel, of which the upper 8 are read: too few of such values; store "
            "one gray channel of 16 bits"
        )
    raise DataError(f"{path}: intensity 'bits: {intensity.bits}' {got}{remedy}")


def _is_deep_color(image: Image.Image, path: Path) -> bool:
    """Whether color, or gray beside transparency, is stored with 16 bits."""
    if image.format == "PNG":
        with path.open("rb") as file:
            return file.read(_PNG_DEPTH + 1)[_PNG_DEPTH] == 16
    return 16 in getattr(image, "tag_v2", {}).get(_BITS, ())


def _range(image: Image.Image, intensity: Intensity, path: Path) -> tuple[float, float]:
    least, most = stored_extremes(image, path)
    if intensity == "minmax":
        return least, most
    if intensity == "percentile":
        low, high = np.percentile(stored_pixels(image), [0.5, 99.5])
        return float(low), float(high)
    top = declared_top(image, intensity, path)
    _refuse_outside(least, most, top, intensity, path)
    return 0.0, top


def _refuse_outside(
    least: float, most: float, top: float, intensity: Intensity, path: Path
) -> None:
    if least < 0 or most > top:
        name = f"bits: {intensity.bits}" if isinstance(intensity, StoredBits) else "dtype"
        raise DataError(
            f"{path}: intensity '{name}' expects values from 0 to {top:g}, got {least:g} to "
            f"{most:g}; declare intensity: bits, percentile or minmax"
        )


def _bands(image: Image.Image) -> Iterator[Stored]:
    for top in range(0, image.height, _BAND):
        yield stored_pixels(image.crop((0, top, image.width, min(top + _BAND, image.height))))


def zero_is_white(image: Image.Image) -> bool:
    """Whether a 16-bit TIFF is stored inverted; Pillow turns only 8-bit ones around."""
    if not image.mode.startswith("I;16") or image.format != "TIFF":
        return False
    return getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0
