"""Outlines of annotated lesions as a presentation state (GSPS), drawn over the radiograph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xaudit import __version__
from xaudit.core.case import BoolArray
from xaudit.data.dicom.pixels.rendering import inverted
from xaudit.dicom_export.library import MAKER, highdicom, uid_of
from xaudit.dicom_export.sources import Source

if TYPE_CHECKING:
    from pydicom import Dataset


def outlines_of(source: Source, image: Dataset, audit: str) -> Dataset | None:
    """The outline of every annotated lesion; None without lesions, or of an image in color.

    Args:
        source: the case.
        image: its object, as it may be told.
        audit: identity of the audit, from which UIDs are made.
    """
    if not source.lesions or int(image.get("SamplesPerPixel") or 1) != 1:
        return None
    with highdicom() as hd:
        layer = hd.pr.GraphicLayer("LESIONS", 1, description="annotated lesions")
        drawn = [graphic for lesion in source.lesions for graphic in _graphics(hd, lesion)]
        shapes = hd.PresentationLUTShapeValues
        annotation = hd.pr.GraphicAnnotation(
            [image], layer, [source.frame + 1] if source.several else None, graphic_objects=drawn
        )
        made: Dataset = hd.pr.GrayscaleSoftcopyPresentationState(
            [image],
            series_instance_uid=uid_of(audit, image.StudyInstanceUID, "outlines"),
            series_number=9004,
            sop_instance_uid=uid_of(audit, source.row.case_id, "outlines"),
            instance_number=1,
            manufacturer=MAKER,
            manufacturer_model_name=MAKER,
            software_versions=__version__,
            device_serial_number=audit[:16],
            content_label="LESIONS",
            content_description="Reference standard: annotated fractures",
            graphic_layers=[layer],
            graphic_annotations=[annotation],
            concept_name=None,
            # A presentation state replaces the polarity of its image.
            presentation_lut_transformation=hd.PresentationLUTTransformation(
                presentation_lut_shape=shapes.INVERSE if inverted(image) else shapes.IDENTITY
            ),
        )
        made.Laterality = image.get("Laterality") or ""
        return made


def _graphics(hd: Any, lesion: BoolArray) -> Iterator[Any]:
    units = hd.pr.AnnotationUnitsValues.PIXEL
    for ring in rings(lesion):
        yield hd.pr.GraphicObject(hd.pr.GraphicTypeValues.POLYLINE, ring, units)


def rings(lesion: BoolArray) -> Iterator[npt.NDArray[np.float64]]:
    """Closed outlines of a mask, (N, 2) columns and rows; the first pixel is from 0 to 1."""
    from skimage.measure import find_contours  # noqa: PLC0415

    traced: list[npt.NDArray[np.float64]] = find_contours(  # type: ignore[no-untyped-call]
        np.pad(lesion, 1).astype(np.float64), 0.5
    )
    for contour in traced:
        # Contours count from the centers of pixels, and from the padding.
        yield contour[:, ::-1] - 0.5
