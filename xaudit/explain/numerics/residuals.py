"""Residuals: how far a map is from what its method promises."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xaudit.core.attribution import Residual
from xaudit.core.case import FloatArray
from xaudit.core.message import Message

_NO_CHANGE = 1e-6
COMPLETENESS = Message("completeness gap, relative to the change of the logit")
STANDARD_ERROR = Message("standard error, relative to the length of the map")
HALVES = Message("disagreement of two halves of the samples, 1 − correlation")


def completeness_gap(values: FloatArray, change: float, tolerance: float) -> Residual:
    """Whether attributions add up to the change of the logit.

    Args:
        values: (H, W).
        change: of the logit from the baseline to the image.
        tolerance: of the gap, relative to the change.
    """
    if abs(change) < _NO_CHANGE:
        reason = "the logit of the baseline equals that of the image"
        return Residual(COMPLETENESS, None, tolerance, reason)
    total = float(values.sum(dtype=np.float64))
    return Residual(COMPLETENESS, abs(total - change) / abs(change), tolerance)


def relative_error(
    values: npt.NDArray[np.float64], errors: npt.NDArray[np.float64], tolerance: float
) -> Residual:
    """Standard errors of all values together, beside the values themselves.

    Args:
        values: (P,).
        errors: (P,) standard errors.
        tolerance: of the ratio of the two lengths.
    """
    length = float(np.linalg.norm(values))
    if length == 0:
        return Residual(STANDARD_ERROR, None, tolerance, Message("the map is zero everywhere"))
    return Residual(STANDARD_ERROR, float(np.linalg.norm(errors)) / length, tolerance)


def halves(maps: Sequence[FloatArray], tolerance: float) -> Residual:
    """Whether two maps from independent samples agree.

    Args:
        maps: two of (H, W), each from half of the samples.
        tolerance: of 1 − Pearson's correlation.
    """
    one, other = maps
    if one.std() == 0 or other.std() == 0:
        return Residual(HALVES, None, tolerance, Message("the map is constant"))
    return Residual(HALVES, 1 - _correlation(one, other), tolerance)


def disagreement(one: FloatArray, other: FloatArray) -> float:
    """Length of the difference of two maps, relative to the length of the second."""
    length = float(np.linalg.norm(other))
    difference = float(np.linalg.norm(one - other))
    return difference / length if length else float(difference > 0)


def _correlation(one: FloatArray, other: FloatArray) -> float:
    return float(np.corrcoef(one.ravel().astype(np.float64), other.ravel())[0, 1])
