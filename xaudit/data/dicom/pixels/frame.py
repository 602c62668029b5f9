"""One frame of a DICOM object as the image of a case."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xaudit.core.case import FloatArray
from xaudit.core.grid import Grid
from xaudit.core.source import ImageHeader, Intensity, UsedRange
from xaudit.data.dicom.kept import Kept
from xaudit.data.dicom.library import quiet
from xaudit.data.dicom.pixels import rendering, stored
from xaudit.data.dicom.pixels.rendering import Voi, as_stored, shown
from xaudit.data.dicom.pixels.stored import refusal, stored_frame
from xaudit.data.pixels.images import within_limits
from xaudit.data.pixels.intensity import range_of_values, scaled_values
from xaudit.data.pixels.source import StoredImage
from xaudit.errors import DataError

if TYPE_CHECKING:
    from pydicom import Dataset

HEADER_TAGS = (
    *(tag for tag in stored.TAGS if tag != "PixelData"), *rendering.TAGS, "PixelAspectRatio",
    "PixelSpacing", "ImagerPixelSpacing",
)  # fmt: skip
"""What is read of an object to say its size and type."""
PIXEL_TAGS = (*stored.TAGS, *rendering.TAGS)
_SQUARE = 0.01
"""Sides of a pixel may differ by so much: rounding of a decimal text explains no more."""


@dataclass(frozen=True, slots=True)
class DicomFrame:
    """One frame of an object; an `ImageSource`.

    Attributes:
        kept: the object; it is not named in what is raised, names of files are private.
        name: what is named instead.
        known: its header, read when the study was listed.
        refused: why its pixels are not read; None where they are.
        voi: which values of interest are shown.
        frame: from 0.
        frames: of the object.
    """

    kept: Kept
    name: str
    known: ImageHeader
    refused: str | None = None
    voi: Voi = "sequence"
    frame: int = 0
    frames: int = 1

    def exists(self) -> bool:
        """Whether there is anything to read."""
        return self.kept.exists()

    def header(self) -> ImageHeader:
        """Size and type.

        Raises:
            DataError: it is missing, its pixels are none that are read, or there are too many.
        """
        if not self.exists():
            raise DataError(f"{self.name}: expected a DICOM object, found nothing; restore it")
        if self.refused is not None:
            raise DataError(f"{self.name}: {self.refused}")
        return within_limits(self.known, Path(self.name))

    def upright(self, intensity: Intensity = "dtype") -> FloatArray:
        """The pixels as they are shown, bone bright, in [0, 1].

        "dtype" divides by the largest value that can be shown, see `rendering`.

        Raises:
            DataError: they are not all there, or their tables cannot be used.
        """
        return scaled_values(self._shown(), intensity, Path(self.name))

    def used_range(self, intensity: Intensity = "dtype") -> UsedRange | None:
        """How far the values shown reach; None where no largest one is declared."""
        if intensity in {"percentile", "minmax"}:
            return None
        return range_of_values(self._shown(), intensity, Path(self.name))

    def fingerprint(self) -> str | None:
        """That of the object, and of the number of the frame where there are several."""
        content = self.kept.fingerprint()
        if content is None or self.frames == 1:
            return content
        return hashlib.sha256(f"{content} {self.frame}".encode()).hexdigest()

    def _shown(self) -> StoredImage:
        self.header()
        return shown_frame(self.kept, self.frame, self.voi, self.name)


def shown_frame(kept: Kept, frame: int, voi: Voi, where: str) -> StoredImage:
    """What an object shows of a frame.

    Raises:
        DataError: the object is damaged, or its pixels are not all there.
    """
    ds = kept.whole(PIXEL_TAGS, where)
    with quiet(where):
        return shown(stored_frame(ds, frame, where), ds, voi, where)


def image_header(ds: Dataset, voi: Voi) -> ImageHeader:
    """Size and type of the frames of an object, whose pixels need not be there."""
    size = Grid((max(1, int(ds.get("Rows") or 0)), max(1, int(ds.get("Columns") or 0))))
    if int(ds.get("SamplesPerPixel") or 1) == 3 or "PALETTE" in str(ds.PhotometricInterpretation):
        return ImageHeader(size, "RGB")
    return ImageHeader(size, "L" if as_stored(ds, voi) else "F")


def refused(ds: Dataset) -> str | None:
    """Why the pixels of an object are not read; None where they are."""
    reason = refusal(ds)
    if reason is not None:
        return reason
    for name in ("PixelAspectRatio", "PixelSpacing", "ImagerPixelSpacing"):
        pair = [float(one) for one in ds.get(name) or ()]
        if len(pair) == 2 and min(pair) > 0 and abs(pair[0] / pair[1] - 1) > _SQUARE:
            return (
                f"expected square pixels, {name} is {pair[0]:g} to {pair[1]:g}: the film would be "
                "seen stretched; resample it to square pixels"
            )
    return None
