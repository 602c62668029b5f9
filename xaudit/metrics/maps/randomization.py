"""Randomization: does a map change when the detector's parameters are randomized?

A map that stays the same without what the detector has learned is not about the detector
(Adebayo et al. 2018).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.message import Message
from xaudit.core.metric import Score, Undefined, metric
from xaudit.metrics.maps.localization import auprc, hit, mass
from xaudit.metrics.maps.similarity import (
    Values,
    hog_similarity,
    rank_correlation,
    structural_similarity,
)

_BINS = 100


@metric("randomization", better="lower", unit="number")
def randomization_similarity(map_: Values, randomized: Values, inside: BoolArray) -> Score:
    """How like the map is the one of the same network with random parameters?

    Model parameter randomization test, Adebayo et al. 2018: the size of the rank correlation.
    A random last layer turns the sign of everything in every second draw, so that a mean of
    signed correlations would call a map sensitive that only changes its sign.

    Args:
        map_: (H, W), of the detector.
        randomized: (H, W), of the randomized network.
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes differ.
    """
    return _size(rank_correlation(map_, randomized, inside))


@metric("randomization", bounds=(-1.0, 1.0))
def randomized_mass_gap(
    map_: FloatArray, randomized: FloatArray, lesions: BoolArray, inside: BoolArray
) -> Score:
    """How much more evidence lies on lesions than in the map of random parameters?

    Difference of the shares of the positive evidence (`mass`), map minus randomized.

    Args:
        map_: (H, W), of the detector.
        randomized: (H, W), of the randomized network.
        lesions: (L, H, W) bool.
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes differ.
    """
    return _gap(mass, (map_, randomized), lesions, inside)


@metric("randomization", bounds=(-1.0, 1.0))
def randomized_auprc_gap(
    map_: FloatArray, randomized: FloatArray, lesions: BoolArray, inside: BoolArray
) -> Score:
    """How much better are lesions ranked than by the map of random parameters?

    Difference of `auprc`, map minus randomized; arguments as for `randomized_mass_gap`.
    """
    return _gap(auprc, (map_, randomized), lesions, inside)


@metric("randomization", bounds=(-1.0, 1.0))
def randomized_hit_gap(
    map_: FloatArray, randomized: FloatArray, lesions: BoolArray, inside: BoolArray
) -> Score:
    """How much more often does the strongest pixel lie on a lesion than with random parameters?

    Difference of `hit`, map minus randomized; arguments as for `randomized_mass_gap`.
    """
    return _gap(hit, (map_, randomized), lesions, inside)


@metric("randomization", better="lower", unit="number")
def label_randomization_similarity(map_: Values, shuffled: Values, inside: BoolArray) -> Score:
    """How like the map is the one of the same network, trained on shuffled labels?

    Data randomization test, Adebayo et al. 2018; arguments as for `randomization_similarity`.
    """
    return _size(rank_correlation(map_, shuffled, inside))


@metric("randomization", better="lower", unit="number")
def smooth_randomization_similarity(
    map_: npt.NDArray[np.float64], randomized: npt.NDArray[np.float64], inside: BoolArray
) -> Score:
    """How like are the mean maps of noisy copies, of the detector and of random parameters?

    Smooth parameter randomization test (sMPRT), Hedström et al. 2023; of means by `smoothed`.
    Arguments as for `randomization_similarity`.
    """
    return _size(rank_correlation(map_, randomized, inside))


@metric("randomization", better="lower", bounds=(-1.0, 1.0), unit="number")
def randomization_ssim(map_: Values, randomized: Values, inside: BoolArray) -> Score:
    """How like the map, as a picture, is the one of the network with random parameters?

    Structural similarity of the 2-D maps; arguments as for `randomization_similarity`.
    """
    return structural_similarity(map_, randomized, inside)


@metric("randomization", better="lower", bounds=(-1.0, 1.0), unit="number")
def randomization_hog(map_: Values, randomized: Values, inside: BoolArray) -> Score:
    """How like the edges in the map are those in the map of the randomized network?

    Correlation of histograms of oriented gradients; arguments as for `randomization_similarity`.
    """
    return hog_similarity(map_, randomized, inside)


@metric("randomization", bounds=(None, None), unit="number")
def complexity_rise(map_: Values, randomized: Values, inside: BoolArray) -> Score:
    """By what share does the entropy of the map rise when all parameters are random?

    Efficient parameter randomization test (eMPRT), Hedström et al. 2023, equation 6:
    (H(randomized) - H(map)) / H(map), the entropy being that of the histogram of the values in
    100 bins from the smallest to the largest. Undefined for a map of one single bin.

    Args:
        map_: (H, W), of the detector.
        randomized: (H, W), of the network with every parameter random.
        inside: (H, W) bool, False on padding.
    """
    before, after = (histogram_entropy(values[inside]) for values in (map_, randomized))
    if isinstance(before, Undefined):
        return before
    if isinstance(after, Undefined):
        return after
    return after / before - 1 if before > 0 else Undefined(Message("the map has no entropy"))


@metric("randomization", better="lower", unit="number")
def edge_similarity(map_: Values, edges: Values, inside: BoolArray) -> Score:
    """How like the edges of the image, which know no detector, is the map?

    Size of the rank correlation with an edge map, the data-free control of Adebayo et al. 2018.

    Args:
        map_: (H, W), of the detector.
        edges: (H, W).
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes differ.
    """
    return _size(rank_correlation(map_, edges, inside))


def smoothed(maps: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """The mean of maps of noisy copies of an image; (N, H, W) → (H, W).

    Smooth parameter randomization (sMPRT), Hedström et al. 2023, compares such means, so that
    the shattered gradients of deep networks do not pass for sensitivity.

    Raises:
        ValueError: there is no map, or these are no maps.
    """
    if maps.ndim != 3 or not len(maps):
        raise ValueError(f"maps (N, H, W) are needed, got {maps.shape}")
    return np.asarray(maps.mean(axis=0, dtype=np.float64))


def histogram_entropy(values: Values) -> Score:
    """Entropy in nats of the histogram of values in 100 bins between their extremes."""
    if not len(values) or not np.isfinite(values).all():
        return Undefined(Message("a map holds no, NaN or infinite values"))
    low, high = float(values.min()), float(values.max())
    if low == high:
        return Undefined(Message("a map is constant"))
    # Scaled here: a histogram of its own range fails where the range is below rounding.
    places = (values.astype(np.float64) - low) / (high - low) * _BINS
    counts = np.bincount(np.minimum(places.astype(int), _BINS - 1), minlength=_BINS)
    share = counts[counts > 0] / len(values)
    return float(-(share * np.log(share)).sum())


def _gap(
    score: Callable[[FloatArray, BoolArray, BoolArray], Score],
    maps: tuple[FloatArray, FloatArray],
    lesions: BoolArray,
    inside: BoolArray,
) -> Score:
    own, other = (score(values, lesions, inside) for values in maps)
    if isinstance(own, Undefined):
        return own
    return other if isinstance(other, Undefined) else own - other


def _size(score: Score) -> Score:
    return score if isinstance(score, Undefined) else abs(score)
