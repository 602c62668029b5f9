"""Stability: does a map stay the same when nothing that matters has changed?"""

from __future__ import annotations

import math

import numpy as np

from xaudit.core.case import BoolArray
from xaudit.core.message import Message
from xaudit.core.metric import Score, Undefined, metric
from xaudit.metrics.maps.similarity import Values, rank_correlation
from xaudit.stats.reliability import intraclass_correlation

# A probability that moves by less than this counts as unchanged.
SCORE_TOLERANCE = 0.05
_GRID = 28


@metric("stability", bounds=(-1.0, 1.0), unit="number")
def stability(
    map_: Values, disturbed: Values, inside: BoolArray, scores: tuple[float, float]
) -> Score:
    """Is the map still the same after a small physical change that left the score alone?

    Rank correlation; a change of the image that changes the score may change the map, so such
    pairs are undefined rather than counted against it (Alvarez-Melis and Jaakkola 2018 do not
    condition). The second map has been mapped back onto the first image if the change moved it.
    A second map from which nothing can be read is as unlike as chance: 0.

    Args:
        map_: (H, W).
        disturbed: (H, W), of the changed image, on the grid of the first.
        inside: (H, W) bool, pixels that both images have.
        scores: probabilities of both images.

    Raises:
        ValueError: the shapes differ.
    """
    before, after = scores
    if not (math.isfinite(before) and math.isfinite(after)):
        return Undefined(Message("a score is not finite"))
    if abs(after - before) >= SCORE_TOLERANCE:
        return Undefined(
            Message(
                "the probability moved from {before:.3f} to {after:.3f}; unchanged means "
                "less than {least}",
                before=before,
                after=after,
                least=SCORE_TOLERANCE,
            )
        )
    similarity = rank_correlation(map_, disturbed, inside)
    if isinstance(similarity, Undefined) and not isinstance(
        rank_correlation(map_, map_, inside), Undefined
    ):
        return 0.0
    return similarity


@metric("stability", bounds=(-1.0, 1.0), unit="number")
def reproducibility(map_: Values, retrained: Values, inside: BoolArray) -> Score:
    """Does the same network, trained once more, have the same map?

    Rank correlation. Unlike maps say that the map is one of many that fit the data equally well,
    not that it is wrong about this detector (Arun et al. 2021 call it reproducibility).

    Args:
        map_: (H, W), of the detector.
        retrained: (H, W), of the detector with other weights.
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: the shapes differ.
    """
    return rank_correlation(map_, retrained, inside)


@metric("stability", bounds=(None, 1.0), unit="number")
def repeatability(maps: Values, inside: BoolArray) -> Score:
    """Does a method that draws at random give the same map with another seed?

    Intraclass correlation ICC(A,1) over cells of the map, the seeds being the repetitions: raw
    values have to agree, not only their order. Cells are means over at most 28 × 28 blocks, as
    neighboring pixels are no independent things.

    Args:
        maps: (R, H, W), one for each seed, R at least 2.
        inside: (H, W) bool, False on padding.

    Raises:
        ValueError: there are fewer than two maps, or shapes differ.
    """
    if maps.ndim != 3 or len(maps) < 2 or maps.shape[1:] != inside.shape:
        raise ValueError(
            f"two maps (R, H, W) and inside (H, W) are needed, got {maps.shape}, {inside.shape}"
        )
    if not np.isfinite(maps[:, inside]).all():
        return Undefined(Message("a map holds NaN or infinite values"))
    if np.ptp(maps[:, inside]) == 0:
        return Undefined(Message("the maps are constant"))
    cells = np.stack([_cells(map_, inside) for map_ in maps], axis=1)
    if len(cells) < 2:
        return Undefined(Message("the image has fewer than two cells"))
    # A factor common to all maps changes nothing, and small numbers keep their digits.
    value = intraclass_correlation(cells / np.abs(cells).max()) if cells.any() else None
    return Undefined(Message("the maps do not vary")) if value is None else value


def _cells(values: Values, inside: BoolArray) -> np.ndarray:
    """Means over blocks of the pixels of the image; blocks without any are left out."""
    height, width = values.shape
    size = -(-height // _GRID), -(-width // _GRID)
    labels = (np.arange(height) // size[0])[:, None] * width + np.arange(width) // size[1]
    labels = labels[inside]
    count = np.bincount(labels)
    total = np.bincount(labels, weights=values[inside].astype(np.float64))
    return np.asarray(total[count > 0] / count[count > 0])
