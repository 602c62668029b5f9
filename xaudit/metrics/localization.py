"""How well the evidence for "fractured" lies on the fracture.

All take the raw signed map, one plane for each lesion and what is image rather than padding. Only
the positive part inside the image counts (Kohlbrenner et al. 2020; Arras et al. 2022). Undefined
without a lesion, and for a map with nothing positive or anything non-finite inside the image. A
constant positive map has every pixel tied and scores exactly chance here; that nothing can be
read from it is `AttributionMap.degenerate`'s to say, which callers ask first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.metric import METRICS, Score, Undefined, metric

Array = npt.NDArray[np.float64]

# Half a cell of a 7 × 7 feature grid on 224 pixels: two peaks nearer than that are one.
PEAK_RADIUS = 16

LOCALIZATION: tuple[str, ...] = (
    "mass",
    "enrichment",
    "rank_accuracy",
    "auprc",
    "iou_at_area",
    "hit",
    "lesion_hit_rate",
)


@metric("localization")
def mass(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """What share of the positive evidence lies on a lesion?

    Relevance mass accuracy, Arras et al. 2022. Chance is the lesions' share of the image.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes do not fit.
    """
    flat = _flatten(values, lesions, inside)
    if isinstance(flat, Undefined):
        return flat
    evidence, on_lesion = flat
    return float(evidence[on_lesion].sum() / evidence.sum())


@metric("localization", bounds=(0.0, None), unit="ratio")
def enrichment(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """How many times more evidence lies on a lesion than its area alone would get?

    `mass` over the lesions' share of the image; 1 is chance, the image's area over the lesions'
    is the most. Arguments as for `mass`.
    """
    flat = _flatten(values, lesions, inside)
    if isinstance(flat, Undefined):
        return flat
    evidence, on_lesion = flat
    return float(evidence[on_lesion].sum() / evidence.sum() / on_lesion.mean())


@metric("localization")
def rank_accuracy(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """Of the strongest pixels, as many as the lesions cover, how many lie on a lesion?

    Relevance rank accuracy, Arras et al. 2022. Pixels tied at the cut enter in random
    order: the value is the expectation. Arguments as for `mass`.
    """
    flat = _flatten(values, lesions, inside)
    if isinstance(flat, Undefined):
        return flat
    evidence, on_lesion = flat
    size = int(on_lesion.sum())
    cut = np.partition(evidence, len(evidence) - size)[len(evidence) - size]
    above, tied = evidence > cut, evidence == cut
    chosen_of_tied = (size - above.sum()) / tied.sum()
    found = (above & on_lesion).sum() + chosen_of_tied * (tied & on_lesion).sum()
    return float(found / size)


@metric("localization")
def auprc(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """How well do the pixels' strengths rank lesion above everything else?

    Average precision Σ (R_k - R_{k-1}) P_k over distinct values, tied pixels entering together,
    not the trapezoid area, which is optimistic (Davis and Goadrich 2006). Chance is the lesions'
    share of the image. Arguments as for `mass`.
    """
    flat = _flatten(values, lesions, inside)
    if isinstance(flat, Undefined):
        return flat
    evidence, on_lesion = flat
    order = np.argsort(-evidence)
    ranked = evidence[order]
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    found = np.cumsum(on_lesion[order])[ends]
    return float(np.sum(np.diff(found, prepend=0) * (found / (ends + 1))) / found[-1])


@metric("localization")
def iou_at_area(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """How far do the strongest pixels, as many as the lesions cover, overlap the lesions?

    Intersection over union of two sets of one size: r / (2 - r), r being `rank_accuracy`, and with
    ties at the cut r is its expectation. Arguments as for `mass`.
    """
    share = rank_accuracy(values, lesions, inside)
    return share if isinstance(share, Undefined) else share / (2 - share)


@metric("localization")
def hit(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> Score:
    """Does the strongest pixel lie on a lesion?

    Pointing game, Zhang et al. 2018, without tolerance. Where several pixels tie, the share of
    them on a lesion: the expectation of a random choice. Arguments as for `mass`.
    """
    flat = _flatten(values, lesions, inside)
    if isinstance(flat, Undefined):
        return flat
    evidence, on_lesion = flat
    return float(on_lesion[evidence == evidence.max()].mean())


@metric("localization")
def lesion_hit_rate(
    values: FloatArray, lesions: BoolArray, inside: BoolArray, radius: int = PEAK_RADIUS
) -> Score:
    """What share of the lesions holds one of the map's strongest peaks?

    As many peaks as lesions; see `lesion_hits`.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
        radius: pixels of the input grid within which peaks are one.

    Raises:
        ValueError: the shapes do not fit.
    """
    flat = _flatten(values, lesions, inside)
    if isinstance(flat, Undefined):
        return flat
    return float(np.mean(lesion_hits(values, lesions, inside, radius)))


def lesion_hits(
    values: FloatArray, lesions: BoolArray, inside: BoolArray, radius: int = PEAK_RADIUS
) -> tuple[bool, ...]:
    """Which lesions hold one of the L strongest peaks, L being the number of lesions?

    Peaks are taken greedily, the strongest first, each suppressing what lies within the radius. A
    plateau of equal pixels is one peak at its pixel nearest to its centroid, the largest plateau
    first, so that neither reading order nor luck decides. Of lesions that lie wholly within one
    radius of each other only one can be found. All False for a degenerate map.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.
        radius: pixels of the input grid within which peaks are one.

    Raises:
        ValueError: the shapes do not fit, or the radius is negative.
    """
    if radius < 0:
        raise ValueError(f"a radius is not negative, got {radius}")
    if isinstance(_flatten(values, lesions, inside), Undefined):
        return (False,) * len(lesions)
    evidence = np.where(inside, np.maximum(values.astype(np.float64), 0.0), 0.0)
    peaks = _peaks(evidence, len(lesions), radius)
    return tuple(bool(any(lesion[y, x] for y, x in peaks)) for lesion in lesions)


def lesion_masses(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> tuple[float, ...]:
    """What share of the positive evidence lies on each lesion?

    Overlapping lesions share pixels, so the sum may exceed `mass`. Empty for a degenerate map.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes do not fit.
    """
    flat = _flatten(values, lesions, inside)
    if isinstance(flat, Undefined):
        return ()
    evidence, _ = flat
    return tuple(float(evidence[plane].sum() / evidence.sum()) for plane in lesions[:, inside])


def score_map(values: FloatArray, lesions: BoolArray, inside: BoolArray) -> dict[str, Score]:
    """Every score of `LOCALIZATION` for one map, in printing order.

    Args:
        values: (H, W), raw and signed.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes do not fit.
    """
    return {name: METRICS[name](values, lesions, inside) for name in LOCALIZATION}


def _flatten(
    values: FloatArray, lesions: BoolArray, inside: BoolArray
) -> tuple[Array, BoolArray] | Undefined:
    """Positive part and lesion membership of the pixels inside, or why there is no score."""
    if values.shape != inside.shape or lesions.shape[1:] != inside.shape:
        raise ValueError(
            "a map (H, W), lesions (L, H, W) and inside (H, W) are needed, "
            f"got {values.shape}, {lesions.shape}, {inside.shape}"
        )
    union: BoolArray = np.any(lesions, axis=0)
    on_lesion = union[inside]
    if not on_lesion.any():
        return Undefined("no lesion inside the image" if len(lesions) else "no lesions")
    evidence = values[inside].astype(np.float64)
    if not np.isfinite(evidence).all():
        return Undefined("the map holds NaN or infinite values")
    evidence = np.maximum(evidence, 0.0)
    if not evidence.any():
        return Undefined("the map has no positive attribution")
    return evidence, on_lesion


def _peaks(evidence: Array, count: int, radius: int) -> list[tuple[int, int]]:
    left = evidence.copy()
    rows, columns = np.ogrid[: left.shape[0], : left.shape[1]]
    peaks: list[tuple[int, int]] = []
    while len(peaks) < count and left.max() > 0:
        plateau = _largest_plateau(left == left.max())
        ys, xs = np.nonzero(plateau)
        nearest = int(np.argmin((ys - ys.mean()) ** 2 + (xs - xs.mean()) ** 2))
        y, x = int(ys[nearest]), int(xs[nearest])
        peaks.append((y, x))
        left[plateau | ((rows - y) ** 2 + (columns - x) ** 2 <= radius**2)] = 0.0
    return peaks


def _largest_plateau(tied: BoolArray) -> BoolArray:
    labels, found = ndimage.label(tied, structure=np.ones((3, 3)))
    if found == 1:
        return tied
    largest = 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    return np.asarray(labels == largest, dtype=bool)
