"""Thresholded maps: how far the part above a threshold overlaps the lesions.

What lies above is neither filled nor freed of specks.
"""

from __future__ import annotations

import numpy as np

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.metric import Score, Undefined, metric
from xaudit.metrics.maps.evidence import Array, evidence_on_lesions

SHARES = tuple(step / 10 for step in range(1, 10))
"""Thresholds as shares of a map's maximum, among which one is frozen."""
_BINS = 256


@metric("localization")
def iou_otsu(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """How far does what Otsu's threshold leaves of the map overlap the lesions?

    Intersection over union with the union of the lesions. The threshold knows the map alone.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes do not fit.
    """
    seen = evidence_on_lesions(values, lesions, inside)
    if isinstance(seen, Undefined):
        return seen
    evidence, on_lesion = seen
    return _iou(evidence > otsu_threshold(evidence), on_lesion)


def ious_at_shares(
    values: FloatArray, lesions: BoolArray, inside: BoolArray
) -> dict[float, float] | Undefined:
    """Intersection over union with the lesions at each of `SHARES` of the map's maximum.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes do not fit.
    """
    seen = evidence_on_lesions(values, lesions, inside)
    if isinstance(seen, Undefined):
        return seen
    evidence, on_lesion = seen
    top = evidence.max()
    return {share: _iou(evidence >= share * top, on_lesion) for share in SHARES}


def otsu_threshold(evidence: Array) -> float:
    """The value that splits the evidence into two classes that vary least; Otsu 1979, eq. 18.

    Over 256 bins of [smallest, largest]; the middle of the last bin of the lower class.

    Args:
        evidence: (N,) finite.
    """
    counts, edges = np.histogram(evidence, bins=_BINS)
    middles = (edges[:-1] + edges[1:]) / 2
    below, above = np.cumsum(counts)[:-1], np.cumsum(counts[::-1])[::-1][1:]
    moment = np.cumsum(counts * middles)
    with np.errstate(invalid="ignore", divide="ignore"):
        lower, upper = moment[:-1] / below, (moment[-1] - moment[:-1]) / above
        between = np.nan_to_num(below * above * (lower - upper) ** 2)
    return float(middles[int(np.argmax(between))])


def _iou(strong: BoolArray, on_lesion: BoolArray) -> float:
    return float((strong & on_lesion).sum() / (strong | on_lesion).sum())
