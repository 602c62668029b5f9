"""Stored values as they are shown, in the order of the standard (PS3.4, annex N.2).

Modality (lookup table, or slope and intercept), values of interest (lookup table or window),
presentation (polarity). What is shown reaches from 0 to 2 to the power of the bits stored, less 1,
or of the bits of the table that was applied last; bone is bright.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from xaudit.data.dicom.pixels.lookup import looked_up
from xaudit.data.dicom.pixels.stored import GRAY
from xaudit.data.pixels.source import StoredImage
from xaudit.errors import DataError

if TYPE_CHECKING:
    from pydicom import Dataset

Values = npt.NDArray[Any]
Voi = Literal["sequence", "window", "none"]
"""Which values of interest are shown: by a VOI LUT Sequence before a window, the other way round,
or all of them."""

TAGS = (
    "ModalityLUTSequence", "RescaleSlope", "RescaleIntercept", "VOILUTSequence", "WindowCenter",
    "WindowWidth", "VOILUTFunction", "PresentationLUTShape", "PixelPaddingValue",
    "PixelPaddingRangeLimit",
)  # fmt: skip
"""What of an object is read to show it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Levels:
    """Values on their way.

    Attributes:
        values: (H, W).
        low: what is shown black.
        high: what is shown white.
        bits: of what is shown.
    """

    values: Values
    low: float
    high: float
    bits: int

    @classmethod
    def of_bits(cls, values: Values, bits: int) -> _Levels:
        """Values that reach from 0 to the largest of these bits."""
        return cls(values, 0.0, float(2**bits - 1), bits)


def shown(values: Values, ds: Dataset, voi: Voi, where: str) -> StoredImage:
    """What is shown of a frame.

    Args:
        values: stored ones, (H, W) or colors (H, W, 3), which are shown as they are.
        ds: with the attributes of `TAGS`.
        voi: which values of interest are shown.
        where: for messages.

    Raises:
        DataError: a table, a window or a slope cannot be used.
    """
    if values.ndim == 3:
        return StoredImage(values, 255.0)
    levels = _of_interest(_modality(values, ds, where), ds, voi, where)
    top = 2**levels.bits - 1
    image = _stretched(levels, top)
    if inverted(ds):
        image = (top - image).astype(image.dtype)
    return StoredImage(_without_padding(image, values, ds), float(top))


def inverted(ds: Dataset) -> bool:
    """Whether the lowest value is shown white.

    The presentation LUT shape says so where there is one, and otherwise MONOCHROME1.
    """
    shape = str(ds.get("PresentationLUTShape") or "")
    return shape == "INVERSE" if shape else str(ds.PhotometricInterpretation) == GRAY[0]


def contradicts(ds: Dataset) -> bool:
    """Whether the presentation LUT shape and the photometric interpretation do not agree."""
    shape = str(ds.get("PresentationLUTShape") or "")
    kind = str(ds.get("PhotometricInterpretation", ""))
    return bool(shape) and kind in GRAY and (shape == "INVERSE") != (kind == GRAY[0])


def as_stored(ds: Dataset, voi: Voi) -> bool:
    """Whether what is shown are the stored levels of 8 unsigned bits."""
    if int(ds.get("BitsStored", 0)) != 8 or int(ds.get("PixelRepresentation", 0)):
        return False
    if ds.get("ModalityLUTSequence") or _slope(ds) != (1.0, 0.0):
        return False
    window = _window(ds)
    whole = window is None or window == (0.0, 255.0, "LINEAR")
    return voi == "none" or (whole and not ds.get("VOILUTSequence"))


def _modality(values: Values, ds: Dataset, where: str) -> _Levels:
    bits, signed = int(ds.BitsStored), bool(ds.get("PixelRepresentation", 0))
    if table := ds.get("ModalityLUTSequence"):
        return _Levels.of_bits(*looked_up(values, table[0], _order(ds), where, signed=signed))
    low, high = (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) if signed else (0.0, 2.0**bits - 1)
    slope, intercept = _slope(ds)
    if (slope, intercept) == (1.0, 0.0):
        return _Levels(values, low, high, bits)
    if not slope or not np.isfinite([slope, intercept]).all():
        raise DataError(f"{where}: expected a rescale slope that is not 0, got {slope:g}")
    ends = sorted((low * slope + intercept, high * slope + intercept))
    rescaled = values.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    return _Levels(rescaled, ends[0], ends[1], bits)


def _of_interest(levels: _Levels, ds: Dataset, voi: Voi, where: str) -> _Levels:
    table, window = ds.get("VOILUTSequence"), _window(ds)
    if voi == "none" or not (table or window):
        return levels
    if table and not (voi == "window" and window):
        # Behind a table of the modality no value is negative; the descriptor's sign follows.
        signed = levels.low < 0
        found = looked_up(levels.values, table[0], _order(ds), where, signed=signed)
        return _Levels.of_bits(*found)
    assert window is not None
    low, high, function = window
    if function == "LINEAR" and (low, high) == (levels.low, levels.high):
        return levels
    share = _windowed(levels.values.astype(np.float32), low, high, function)
    if share is None:
        raise DataError(
            f"{where}: expected a LINEAR window of a width from 1 on, or a LINEAR_EXACT or SIGMOID "
            f"one above 0, got {function[:16]!r} from {low:g} to {high:g}"
        )
    return _Levels.of_bits(share * np.float32(2**levels.bits - 1), levels.bits)


def _windowed(values: Values, low: float, high: float, function: str) -> Values | None:
    """Values through a window, as 0 to 1; None for one that there is not."""
    if function == "LINEAR" and high >= low:
        # A width of 1 is a step: what lies above is white.
        return np.clip((values - low) / (high - low), 0, 1) if high > low else (values > low) * 1.0
    if function == "LINEAR_EXACT" and high > low:
        return np.clip((values - low) / (high - low), 0, 1)
    if function == "SIGMOID" and high > low:
        with np.errstate(over="ignore"):
            return 1 / (1 + np.exp(-4 * (values - (low + high) / 2) / (high - low)))
    return None


def _window(ds: Dataset) -> tuple[float, float, str] | None:
    """Where the first window begins and ends, and its function (PS3.3, C.11.2.1.2)."""
    center, width = _first(ds.get("WindowCenter")), _first(ds.get("WindowWidth"))
    if center is None or width is None:
        return None
    function = str(ds.get("VOILUTFunction") or "LINEAR").upper()
    if function == "LINEAR":
        center, width = center - 0.5, width - 1
    return center - width / 2, center + width / 2, function


def _slope(ds: Dataset) -> tuple[float, float]:
    slope, intercept = _first(ds.get("RescaleSlope")), _first(ds.get("RescaleIntercept"))
    return (1.0 if slope is None else slope, 0.0 if intercept is None else intercept)


def _first(value: Any) -> float | None:  # noqa: ANN401 (as pydicom gives it)
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = value[0] if value else None
    return None if value in {None, ""} else float(value)


def _order(ds: Dataset) -> str:
    syntax = getattr(ds, "file_meta", {}).get("TransferSyntaxUID")
    return ">" if syntax is not None and not syntax.is_little_endian else "<"


def _stretched(levels: _Levels, top: int) -> Values:
    """Values from low to high as 0 to the top; whole numbers stay whole where they can."""
    values, low, high = levels.values, levels.low, levels.high
    if (low, high) == (0.0, float(top)):
        return values
    if values.dtype.kind in "iu" and high - low == top:
        return (values.astype(np.int32) - int(low)).astype(np.uint16)
    return (values.astype(np.float32) - np.float32(low)) * np.float32(top / (high - low))


def _without_padding(image: Values, values: Values, ds: Dataset) -> Values:
    """Padding is background, whatever a window or the polarity makes of its value."""
    padding, limit = _first(ds.get("PixelPaddingValue")), _first(ds.get("PixelPaddingRangeLimit"))
    if padding is None:
        return image
    low, high = sorted((padding, padding if limit is None else limit))
    return np.where((values >= low) & (values <= high), image.dtype.type(0), image)
