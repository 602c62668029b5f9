"""Lesions of a DICOM SEG: binary, fractional (cut at half) or a map of labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.grid import Grid
from xaudit.core.source import ImageHeader
from xaudit.data.annotations.masks import Rle
from xaudit.data.annotations.rle import encode_runs
from xaudit.data.dicom.lesions.drawn import EMPTY, Drawing, Drawn
from xaudit.data.pixels.images import within_limits
from xaudit.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom import Dataset

_FRAMES = 10_000


def read_segments(ds: Dataset, drawing: Drawing, where: Path, *, components: bool) -> None:
    """Add one region for each segment of each frame, or for each connected part of it.

    Args:
        ds: the whole object.
        drawing: to add to.
        where: for messages.
        components: whether parts that do not touch are lesions of their own.

    Raises:
        DataError: there are too many frames, or they are too large.
    """
    size = Grid((int(ds.Rows), int(ds.Columns)))
    within_limits(ImageHeader(size, "L"), where)
    frames = int(ds.get("NumberOfFrames") or 1)
    if not 1 <= frames <= _FRAMES:
        raise DataError(f"{where}: expected at most {_FRAMES:,} frames, got {frames:,}")
    names = {int(one.SegmentNumber): _name(one) for one in ds.SegmentSequence}
    for number in range(frames):
        groups = [*_groups(ds, "PerFrameFunctionalGroupsSequence", number),
                  *_groups(ds, "SharedFunctionalGroupsSequence", 0)]  # fmt: skip
        source, frame = _source(ds, groups)
        for segment, mask in _masks(ds, number, groups):
            if not mask.any():
                drawing.leave_out(EMPTY)
            for part in _parts(mask) if components else [mask] * bool(mask.any()):
                region = Rle(encode_runs(part), mask.shape)
                drawing.drawn.append(Drawn(source, frame, region, names.get(segment, "")))


def _name(segment: Dataset) -> str:
    return str(segment.get("SegmentLabel") or "").strip()


def _groups(ds: Dataset, keyword: str, number: int) -> Iterator[Any]:
    sequence = ds.get(keyword) or ()
    yield from sequence[number : number + 1]


def _masks(ds: Dataset, number: int, groups: list[Any]) -> Iterator[tuple[int, BoolArray]]:
    values = _frame_values(ds, number)
    if str(ds.SegmentationType) == "LABELMAP":
        for value in np.unique(values[values > 0]):
            yield int(value), values == value
        return
    segment = next(
        int(one.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        for one in groups
        if one.get("SegmentIdentificationSequence")
    )
    if str(ds.SegmentationType) == "FRACTIONAL":
        yield segment, values.astype(np.float64) * 2 >= int(ds.MaximumFractionalValue)
    else:
        yield segment, values > 0


def _frame_values(ds: Dataset, number: int) -> npt.NDArray[Any]:
    if int(ds.BitsAllocated) != 1:
        from pydicom.pixels.utils import pixel_array  # noqa: PLC0415

        return pixel_array(ds, index=number)
    # pydicom cannot give a frame that begins within a byte, as every second one of odd sides does.
    shape = (int(ds.Rows), int(ds.Columns))
    first, size = number * shape[0] * shape[1], shape[0] * shape[1]
    part = np.frombuffer(ds.PixelData[first // 8 : (first + size + 7) // 8], np.uint8)
    bits = np.unpackbits(part, bitorder="little")[first % 8 : first % 8 + size]
    return bits.reshape(shape)


def _source(ds: Dataset, groups: list[Any]) -> tuple[str, int | None]:
    """The image under a frame: of the frame, or the only one to which the object refers."""
    for group in groups:
        for derivation in group.get("DerivationImageSequence") or ():
            for image in derivation.get("SourceImageSequence") or ():
                return str(image.ReferencedSOPInstanceUID), _frame(image)
    images = [
        image
        for series in ds.get("ReferencedSeriesSequence") or ()
        for image in series.get("ReferencedInstanceSequence") or ()
    ]
    found = {str(image.ReferencedSOPInstanceUID) for image in images}
    return (found.pop(), None) if len(found) == 1 else ("", None)


def _frame(image: Dataset) -> int | None:
    number = image.get("ReferencedFrameNumber")
    return None if number is None else int(number) - 1


def _parts(mask: BoolArray) -> list[BoolArray]:
    labels, count = scipy.ndimage.label(mask, structure=np.ones((3, 3)))
    return [np.asarray(labels == number) for number in range(1, count + 1)]
