"""Distance of pixels in the patient, and what says so (PS3.3, 10.7.1.3)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from xaudit.core.message import Message

if TYPE_CHECKING:
    from pydicom import Dataset

TAGS = (
    "PixelSpacing", "PixelSpacingCalibrationType", "ImagerPixelSpacing",
    "EstimatedRadiographicMagnificationFactor",
)  # fmt: skip
_WIDEST = 10.0
_CALIBRATED = {"GEOMETRY", "FIDUCIAL"}


def spacing_of(ds: Dataset) -> tuple[float | None, Message]:
    """Millimeters from pixel to pixel in the patient (None: not known), and where they come from.

    PixelSpacing counts where it is calibrated, or where it is all there is. That of the detector
    is divided by the magnification, and is not that of the patient without it.

    Args:
        ds: with the attributes of `TAGS`.
    """
    pixel, imager = _distance(ds.get("PixelSpacing")), _distance(ds.get("ImagerPixelSpacing"))
    kind = str(ds.get("PixelSpacingCalibrationType") or "")
    if pixel is not None and kind in _CALIBRATED:
        return pixel, Message("PixelSpacing, calibrated by {kind}", kind=kind)
    if pixel is not None and imager != pixel:
        return pixel, Message("PixelSpacing, its calibration not recorded")
    factor = _number(ds.get("EstimatedRadiographicMagnificationFactor"))
    if imager is not None and factor is not None and factor > 0:
        return imager / factor, Message("ImagerPixelSpacing divided by the magnification")
    if imager is not None:
        return None, Message("not known: that of the detector, without the magnification")
    return None, Message("not known: none is recorded")


def _distance(value: Any) -> float | None:  # noqa: ANN401 (as pydicom gives it)
    """The mean of both sides; how far they may differ is asked where the image is read."""
    sides = [_number(one) for one in value or ()]
    if len(sides) != 2 or any(one is None or not 0 < one < _WIDEST for one in sides):
        return None
    return sum(one for one in sides if one is not None) / 2


def _number(value: Any) -> float | None:  # noqa: ANN401
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
