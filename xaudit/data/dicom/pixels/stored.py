"""Stored values of one frame: all of them there, within their bits, with their sign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xaudit.core.grid import Grid
from xaudit.core.source import ImageHeader
from xaudit.data.dicom.pixels.codestream import check_frame, truncated
from xaudit.data.dicom.pixels.run_lengths import decoded_runs
from xaudit.data.pixels.images import within_limits
from xaudit.errors import DataError

if TYPE_CHECKING:
    from pydicom import Dataset

Values = npt.NDArray[Any]

GRAY = ("MONOCHROME1", "MONOCHROME2")
_COLOR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "PALETTE COLOR")
TAGS = (
    "SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration", "NumberOfFrames",
    "ExtendedOffsetTable", "ExtendedOffsetTableLengths", "PixelData",
    "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableData",
)  # fmt: skip
"""What of an object is read to decode it."""
_RUN_LENGTHS = "1.2.840.10008.1.2.5"


def frames_of(ds: Dataset) -> int:
    """How many frames an object has; 1 where it does not say."""
    return int(ds.get("NumberOfFrames") or 1)


def refusal(ds: Dataset) -> str | None:
    """Why the pixels of an object are not read; None where they are.

    Args:
        ds: with the attributes of the image pixel module.
    """
    kind, samples = str(ds.get("PhotometricInterpretation", "")), int(ds.get("SamplesPerPixel", 1))
    allocated, bits = int(ds.get("BitsAllocated", 0)), int(ds.get("BitsStored", 0))
    if int(ds.get("Rows") or 0) < 1 or int(ds.get("Columns") or 0) < 1:
        return "expected at least one row and one column of pixels"
    if kind not in (*GRAY, *_COLOR) or samples != (3 if kind in _COLOR[:-1] else 1):
        return f"expected gray values or colors, got {kind[:16]!r} of {samples} samples"
    if allocated not in {8, 16} or not 1 <= bits <= allocated:
        return f"expected up to 16 bits in 8 or 16, got {bits} bits stored in {allocated}"
    if kind in _COLOR[:-1] and bits != 8:
        return f"expected colors of 8 bits, got {bits}"
    high = int(ds.get("HighBit", bits - 1))
    if not bits - 1 <= high < allocated:
        return f"expected the highest of {bits} bits within {allocated}, got bit {high}"
    return None


def stored_frame(ds: Dataset, frame: int, where: str) -> Values:
    """The stored values of a frame.

    What lies outside of the bits stored (overlays of old devices) is cut off.

    Args:
        ds: with the attributes of `TAGS`.
        frame: from 0.
        where: for messages.

    Returns:
        (H, W) uint8, uint16 or, of signed values, int32; (H, W, 3) uint8 of colors.

    Raises:
        DataError: they are not all there, or not of the announced size.
    """
    if (reason := refusal(ds)) is not None:
        raise DataError(f"{where}: {reason}")
    size = Grid((int(ds.Rows), int(ds.Columns)))
    kind = "RGB" if int(ds.SamplesPerPixel) == 3 else "I;16"
    within_limits(ImageHeader(size, kind), Path(where))
    return _decoded(ds, frame, where)


def _decoded(ds: Dataset, frame: int, where: str) -> Values:
    from pydicom.pixels.processing import apply_color_lut  # noqa: PLC0415

    values = _values(ds, frame, where)
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        colors = apply_color_lut(values, ds)
        return (colors >> 8 * (colors.dtype.itemsize - 1)).astype(np.uint8)
    return values if values.ndim == 3 else _within_bits(values, ds)


def _values(ds: Dataset, frame: int, where: str) -> Values:
    """The values of a frame as they are packed, colors as red, green and blue."""
    from pydicom.encaps import get_frame  # noqa: PLC0415
    from pydicom.pixels.processing import convert_color_space  # noqa: PLC0415
    from pydicom.pixels.utils import pixel_array  # noqa: PLC0415

    if "PixelData" not in ds:
        raise truncated(where, "there are none")
    size, frames = (int(ds.Rows), int(ds.Columns)), frames_of(ds)
    samples, width = int(ds.SamplesPerPixel), int(ds.BitsAllocated) // 8
    if not 0 <= frame < frames:
        raise DataError(f"{where}: expected frame 1 to {frames}, got {frame + 1}")
    if not _compressed(ds):
        _check_length(ds, size[0] * size[1] * samples * width * frames, where)
    else:
        content = get_frame(ds.PixelData, frame, number_of_frames=frames)
        if _run_lengths(ds):
            shape = size if samples == 1 else (*size, samples)
            values = decoded_runs(content, shape, width, where)
            kind = str(ds.PhotometricInterpretation)
            return convert_color_space(values, kind, "RGB") if "YBR" in kind else values
        check_frame(content, size, where)
    # pydicom cuts at the bits stored, as if they always began at bit 0.
    return pixel_array(ds, index=frame, correct_unused_bits=False)


def _check_length(ds: Dataset, expected: int, where: str) -> None:
    if ds.PhotometricInterpretation == "YBR_FULL_422":
        expected = expected * 2 // 3
    if len(ds.PixelData) < expected:
        raise truncated(where, f"{len(ds.PixelData):,} of {expected:,} bytes are there")


def _run_lengths(ds: Dataset) -> bool:
    return bool(_compressed(ds) and ds.file_meta.TransferSyntaxUID == _RUN_LENGTHS)


def _compressed(ds: Dataset) -> bool:
    syntax = getattr(ds, "file_meta", {}).get("TransferSyntaxUID")
    return bool(syntax is not None and syntax.is_compressed)


def _within_bits(values: Values, ds: Dataset) -> Values:
    bits = int(ds.BitsStored)
    # What a JPEG holds begins at bit 0, wherever it is told to end; run lengths hold it as it was.
    jpeg = _compressed(ds) and not _run_lengths(ds)
    shift = 0 if jpeg else int(ds.get("HighBit", bits - 1)) + 1 - bits
    cut = values.astype(np.int32) >> shift & (1 << bits) - 1
    if int(ds.get("PixelRepresentation", 0)):
        return np.where(cut >= 1 << bits - 1, cut - (1 << bits), cut).astype(np.int32)
    return cut.astype(np.uint8 if bits <= 8 else np.uint16)
