"""Lesions and maps as DICOM segmentations, on the pixels of the radiograph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xaudit import __version__
from xaudit.dicom_export.library import MAKER, fracture, highdicom, own_code, uid_of
from xaudit.dicom_export.sources import Source

if TYPE_CHECKING:
    from pydicom import Dataset

LARGEST_ERROR = 0.5 / 255
"""Of a map's share of its largest value, by writing it in 8 bits."""
_LABEL = 64


def lesions_of(source: Source, image: Dataset, audit: str) -> Dataset | None:
    """The annotated lesions as a binary segmentation; None without lesions.

    Args:
        source: the case.
        image: its object, as it may be told.
        audit: identity of the audit, from which UIDs are made.
    """
    if not source.lesions:
        return None
    with highdicom() as hd:
        from pydicom.sr.codedict import codes  # noqa: PLC0415

        described = [
            hd.seg.SegmentDescription(
                number, f"annotated lesion {number}", codes.SCT.MorphologicallyAbnormalStructure,
                fracture(), hd.seg.SegmentAlgorithmTypeValues.MANUAL,
                tracking_uid=uid_of(audit, source.row.case_id, f"lesion {number}"),
                tracking_id=f"{source.row.case_id} lesion {number}",
            )
            for number in range(1, len(source.lesions) + 1)
        ]  # fmt: skip
        planes = np.stack(source.lesions, axis=-1)[None].astype(np.uint8)
        return _segmentation(source, image, planes, described, (audit, "lesions"))


def maps_of(source: Source, image: Dataset, audit: str) -> Dataset | None:
    """Positive evidence of each map as a fractional segmentation; None where there is none.

    A segment holds shares of its map's largest value, which its description states. Negative
    evidence is not in it: a segmentation has no sign.

    Args:
        source: the case.
        image: its object, as it may be told.
        audit: identity of the audit, from which UIDs are made.
    """
    evidence = {name: np.where(source.shown, values, 0).clip(min=0)
                for name, values in source.maps.items()}  # fmt: skip
    tops = {name: float(plane.max()) for name, plane in evidence.items() if plane.any()}
    if not tops:
        return None
    with highdicom() as hd:
        described = [
            hd.seg.SegmentDescription(
                number, f"{name}: 1.0 is {tops[name]:.4g} of the logit"[:_LABEL],
                own_code("evidence"), own_code("attribution map"),
                hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
                hd.AlgorithmIdentificationSequence(name, own_code("attribution"), __version__),
                tracking_uid=uid_of(audit, source.row.case_id, name),
                tracking_id=f"{source.row.case_id} {name}",
            )
            for number, name in enumerate(tops, start=1)
        ]  # fmt: skip
        planes = np.stack([evidence[name] / top for name, top in tops.items()], axis=-1)[None]
        return _segmentation(source, image, planes.astype(np.float32), described, (audit, "maps"))


def _segmentation(
    source: Source,
    image: Dataset,
    planes: np.ndarray,
    described: list[Any],
    of: tuple[str, str],
) -> Dataset:
    audit, what = of
    with highdicom() as hd:
        types, fractions = hd.seg.SegmentationTypeValues, hd.seg.SegmentationFractionalTypeValues
        binary = planes.dtype == np.uint8
        made: Dataset = hd.seg.Segmentation(
            [image],
            planes,
            types.BINARY if binary else types.FRACTIONAL,
            described,
            series_instance_uid=uid_of(audit, image.StudyInstanceUID, what),
            series_number=_SERIES[what],
            sop_instance_uid=uid_of(audit, source.row.case_id, what),
            instance_number=1,
            manufacturer=MAKER,
            manufacturer_model_name=MAKER,
            software_versions=__version__,
            device_serial_number=audit[:16],
            # How much of its largest value: no probability of anything.
            fractional_type=fractions.OCCUPANCY,
            content_label=what.upper(),
            content_description=_SAID[what],
        )
        # Without a place in the patient an image says how it lies, or that this is not known.
        made.PatientOrientation = image.get("PatientOrientation") or ""
        return made


_SERIES = {"lesions": 9001, "maps": 9002}
_SAID = {
    "lesions": "Reference standard: annotated fractures",
    "maps": "Attribution maps of an audited fracture detector",
}
