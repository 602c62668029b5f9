"""Average precision and recall of drawn boxes: COCO's, with intervals over patients.

The numbers are those of pycocotools 2.0.11 where images are in the order of their ids, annotations
have ids from 1 and coordinates are held as corners. A bootstrap of average precision resamples
patients: all images of one patient come and go together, with all boxes on them. Boxes are matched
once, since matching is within an image; each draw adds up again how often every box is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import metric
from xaudit.metrics.boxes.matching import SIZES, THRESHOLDS, Matched
from xaudit.metrics.boxes.precision_draws import Blocks, Curve
from xaudit.stats.resampling.bootstrap import interval_of_draws
from xaudit.stats.weights import numbered, patient_weights

Array = npt.NDArray[np.float64]

# Ties that move the value by less are not worth a word.
_TIES = 0.005


@metric("detection")
def average_precision(matches: Matched, rng: np.random.Generator, draws: int = 2000) -> Estimate:
    """How precise are the boxes, on average over recall, at overlaps from 0.5 to 0.95?

    COCO's AP: the mean over ten thresholds of intersection over union and 101 recalls; of several
    classes the mean over those that have a lesion (Lin et al. 2014).

    Args:
        matches: of N images.
        rng: source of the draws.
        draws: how many times patients are resampled.
    """
    return average_precisions(matches, rng, draws, ("all",))["average_precision"]


@metric("detection")
def average_precision_50(matches: Matched, rng: np.random.Generator, draws: int = 2000) -> Estimate:
    """How precise are the boxes, on average over recall, where an overlap of 0.5 is a hit?

    Args:
        matches: of N images.
        rng: source of the draws.
        draws: how many times patients are resampled.
    """
    return average_precisions(matches, rng, draws, ("all",))["average_precision_50"]


@metric("detection")
def average_precision_75(matches: Matched, rng: np.random.Generator, draws: int = 2000) -> Estimate:
    """How precise are the boxes, on average over recall, where an overlap of 0.75 is a hit?

    Args:
        matches: of N images.
        rng: source of the draws.
        draws: how many times patients are resampled.
    """
    return average_precisions(matches, rng, draws, ("all",))["average_precision_75"]


@metric("detection")
def average_precision_small(
    matches: Matched, rng: np.random.Generator, draws: int = 2000
) -> Estimate:
    """How precise are the boxes, on average over recall, on lesions of at most 32² pixels?

    Args:
        matches: of N images.
        rng: source of the draws.
        draws: how many times patients are resampled.
    """
    return average_precisions(matches, rng, draws, ("small",))["average_precision_small"]


@metric("detection")
def average_precision_medium(
    matches: Matched, rng: np.random.Generator, draws: int = 2000
) -> Estimate:
    """How precise are the boxes, on average over recall, on lesions of 32² to 96² pixels?

    Args:
        matches: of N images.
        rng: source of the draws.
        draws: how many times patients are resampled.
    """
    return average_precisions(matches, rng, draws, ("medium",))["average_precision_medium"]


@metric("detection")
def average_precision_large(
    matches: Matched, rng: np.random.Generator, draws: int = 2000
) -> Estimate:
    """How precise are the boxes, on average over recall, on lesions of at least 96² pixels?

    Args:
        matches: of N images.
        rng: source of the draws.
        draws: how many times patients are resampled.
    """
    return average_precisions(matches, rng, draws, ("large",))["average_precision_large"]


@metric("detection")
def average_recall(matches: Matched, rng: np.random.Generator, draws: int = 2000) -> Estimate:
    """What share of lesions do the boxes hit, on average over overlaps from 0.5 to 0.95?

    COCO's AR with at most 100 boxes an image: all of them count, however low they are rated.

    Args:
        matches: of N images.
        rng: source of the draws.
        draws: how many times patients are resampled.
    """
    return average_precisions(matches, rng, draws, ("all",))["average_recall"]


def average_precisions(
    matches: Matched,
    rng: np.random.Generator,
    draws: int = 2000,
    sizes: tuple[str, ...] = SIZES,
) -> Mapping[str, Estimate]:
    """All metrics of this file at once, from the same draws; by name.

    Args:
        matches: of N images.
        rng: source of the draws.
        draws: how many times patients are resampled.
        sizes: of `SIZES`; metrics of others are left out.

    Raises:
        ValueError: there is no such size.
    """
    curves = {size: _curves(matches, size) for size in sizes}
    replicates = _replicates(curves, numbered(matches.patients)[0], rng, draws)
    return {
        name: one
        for size in sizes
        for name, one in _estimates(matches, size, curves[size], replicates[size])
    }


def precision_values(matches: Matched, sizes: tuple[str, ...] = SIZES) -> Mapping[str, float]:
    """The values of `average_precisions` alone; those without lesions are left out.

    Args:
        matches: of N images.
        sizes: of `SIZES`.

    Raises:
        ValueError: there is no such size.
    """
    found: dict[str, float] = {}
    for size in sizes:
        if curves := _curves(matches, size):
            found |= _values(curves, size)
    return found


def _values(curves: tuple[Curve, ...], size: str) -> dict[str, float]:
    values = _of_classes([one.precision() for one in curves], [one.recall() for one in curves])
    return {name: float(values[kind][at].mean()) for name, (kind, at) in _names(size).items()}


def _estimates(
    matches: Matched, size: str, curves: tuple[Curve, ...], replicates: tuple[Array, Array]
) -> Iterator[tuple[str, Estimate]]:
    if not curves:
        reason = Message("no lesions") if size == "all" else Message("no lesions of this size")
        for name in _names(size):
            yield name, _told(Estimate.missing(reason), matches)
        return
    values, tied = _values(curves, size), _tied(curves)
    clusters = numbered(matches.patients)[0]
    for name, (kind, at) in _names(size).items():
        drawn = replicates[kind][:, at].mean(axis=1)
        found = interval_of_draws(values[name], drawn, len(matches), clusters)
        if kind == 0 and np.ptp(tied[:, at].mean(axis=1)) > _TIES:
            low, high = tied[:, at].mean(axis=1)
            found = found.with_caution(
                Message(
                    "equal ratings: by the order of images the value is {low:.3f} to {high:.3f}",
                    low=float(low),
                    high=float(high),
                )
            )
        yield name, _told(found, matches)


def _names(size: str) -> Mapping[str, tuple[int, slice]]:
    """Metrics of a size: precision (0) or recall (1), and at which thresholds."""
    every = slice(0, len(THRESHOLDS))
    if size != "all":
        return {f"average_precision_{size}": (0, every)}
    return {
        "average_precision": (0, every),
        "average_precision_50": (0, slice(0, 1)),
        "average_precision_75": (0, slice(5, 6)),
        "average_recall": (1, every),
    }


def _curves(matches: Matched, size: str) -> tuple[Curve, ...]:
    """One for each class with a lesion of this size."""
    if size not in SIZES:
        raise ValueError(f"expected a size of {', '.join(SIZES)}, got {size!r}")
    at = SIZES.index(size)
    curves, patients = [], numbered(matches.patients)[1]
    for one in np.unique(matches.truth_classes[matches.counted[:, at]]):
        own = np.flatnonzero(matches.classes == one)
        falling = own[np.argsort(-matches.ratings[own], kind="stable")]
        true = matches.truth_images[matches.counted[:, at] & (matches.truth_classes == one)]
        rows, ratings = patients[matches.images[falling]], matches.ratings[falling]
        curves.append(Curve(rows, ratings, matches.outcomes[falling, at], patients[true]))
    return tuple(curves)


def _replicates(
    curves: Mapping[str, tuple[Curve, ...]],
    clusters: int,
    rng: np.random.Generator,
    draws: int,
) -> Mapping[str, tuple[Array, Array]]:
    """Precision and recall of each draw, mean over the classes that it has; two (draws, T)."""
    blocks = {
        size: [Blocks.of(one, clusters) for one in some] for size, some in curves.items() if some
    }
    none = np.empty((0, len(THRESHOLDS)))
    found = {size: [(none, none)] for size in curves}
    for weights in patient_weights(clusters, rng, draws) if clusters >= 2 else ():
        for size, some in blocks.items():
            read = zip(*(one.read(weights) for one in some), strict=True)
            found[size].append(_of_classes(*read))
    return {
        size: (np.concatenate([p for p, _ in parts]), np.concatenate([r for _, r in parts]))
        for size, parts in found.items()
    }


def _of_classes(precision: Sequence[Array], recall: Sequence[Array]) -> tuple[Array, Array]:
    """Means over classes, NaN where no class has a value."""
    means = []
    for values in map(np.array, (precision, recall)):
        there = ~np.isnan(values)
        count = there.sum(axis=0)
        total = np.where(there, values, 0.0).sum(axis=0)
        means.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    return means[0], means[1]


def _tied(curves: tuple[Curve, ...]) -> Array:
    """(2, T): the least and the most average precision, by the order of equal ratings; or 0."""
    if not any(curve.ties for curve in curves):
        return np.zeros((2, len(THRESHOLDS)))
    return np.asarray(np.mean([curve.by_order_of_ties() for curve in curves], axis=0))


def _told(estimate: Estimate, matches: Matched) -> Estimate:
    clusters = numbered(matches.patients)[0]
    return replace(estimate, n=len(matches), clusters=clusters, unit=matches.unit)
