"""DICOM objects of one frame, named as files in a manifest."""

from __future__ import annotations

from pathlib import Path

from xaudit.core.source import ImageHeader
from xaudit.data.dicom.kept import InFile
from xaudit.data.dicom.library import quiet
from xaudit.data.dicom.pixels.frame import HEADER_TAGS, image_header, refused, shown_frame
from xaudit.data.dicom.pixels.stored import frames_of
from xaudit.data.dicom.reading import is_dicom, read_header
from xaudit.data.pixels.source import IMAGE_FORMATS, ImageFormat, StoredImage
from xaudit.errors import DataError


@IMAGE_FORMATS.register("dicom")
class DicomFiles(ImageFormat):
    """Reads DICOM: a VOI LUT Sequence before a window, polarity and orientation as told."""

    def reads(self, path: Path, head: bytes) -> bool:
        """Whether a file begins as DICOM does."""
        return is_dicom(head)

    def header(self, path: Path) -> ImageHeader:
        """Size and type.

        Raises:
            DataError: it is damaged, has several frames, or pixels that are not read.
        """
        ds = read_header(path, HEADER_TAGS, str(path))
        with quiet(str(path)):
            if (count := frames_of(ds)) > 1:
                raise DataError(
                    f"{path}: expected one image, got {count} frames; read the folder with "
                    "data.format: dicom"
                )
            if (reason := refused(ds)) is not None:
                raise DataError(f"{path}: {reason}")
            return image_header(ds, "sequence")

    def stored(self, path: Path) -> StoredImage:
        """What is shown.

        Raises:
            DataError: the pixels are not all there.
        """
        return shown_frame(InFile(path), 0, "sequence", str(path))
