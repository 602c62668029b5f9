"""Calibration error without the part that chance alone makes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import metric
from xaudit.metrics.scores.calibration import bin_of
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.resampling.bootstrap import (
    interval_of_draws,
    resampled_sums,
    too_few_to_draw,
    total,
)
from xaudit.stats.weights import numbered

Array = npt.NDArray[np.float64]


@metric("calibration", better="lower", bounds=(None, 1.0), unit="number")
def squared_calibration_error(
    predictions: Predictions, rng: np.random.Generator, bins: int = 10, draws: int = 2000
) -> Estimate:
    """How far are predicted and observed shares apart, squared and averaged, chance taken off?

    Reliability over bins of equal count, less its bias (Bröcker 2012, Kumar et al. 2019), which is
    the variance of the mean gap in each bin, here over patients. About 0 for a calibrated detector,
    and often below 0 then; the binning still hides what cancels within a bin. Resampled
    samples are biased once more, by the same amount, which is taken off the draws.

    Args:
        predictions: the cases.
        rng: source of the draws.
        bins: how many bins; kept fixed over the draws.
        draws: how many times patients are resampled.
    """
    p = predictions
    clusters, index = numbered(p.patients)
    n = len(p)
    if clusters < 2:
        reason = too_few_to_draw(clusters)
        return Estimate.missing(reason, n=n, clusters=clusters, unit=p.unit)
    products = _Products.of(p, index, bins)
    value, bias = (float(x[0]) for x in _error(total(products)[None]))
    if np.isnan(value):
        reason = Message("one of {n} bins holds a single patient; use fewer bins", n=bins)
        return Estimate.missing(reason, n=n, clusters=clusters, unit=p.unit)
    replicates = _error(resampled_sums(products, rng, draws))[0] - bias
    found = interval_of_draws(value, replicates, n, clusters)
    if found.value is None or found.low is None or found.high is None:
        return replace(found, unit=p.unit)
    limits = min(found.low, value), max(found.high, value)
    return replace(found, low=limits[0], high=limits[1], unit=p.unit)


@dataclass(frozen=True, slots=True, eq=False)
class _Products:
    """Of each patient's gap G and count N in each bin: G, N, GG, GN, NN, N > 0; (P, 6 bins).

    They are made when they are asked for: of half a million patients all are 200 MB.

    Attributes:
        gaps: (P, bins), G.
        counts: (P, bins), N.
    """

    gaps: Array
    counts: Array

    @classmethod
    def of(cls, p: Predictions, index: npt.NDArray[np.intp], bins: int) -> _Products:
        probability = scipy.special.expit(p.logits)
        member = bin_of(probability, bins)
        shape = int(index.max()) + 1, int(member.max()) + 1
        cell = index * shape[1] + member
        gaps, counts = (
            np.asarray(np.bincount(cell, one, shape[0] * shape[1]), np.float64).reshape(shape)
            for one in (probability - p.labels, np.ones(len(cell)))
        )
        return cls(gaps, counts)

    def __len__(self) -> int:
        return len(self.gaps)

    def __getitem__(self, patients: slice) -> Array:
        gaps, counts = self.gaps[patients], self.counts[patients]
        parts = (gaps, counts, gaps**2, gaps * counts, counts**2, counts > 0)
        return np.concatenate(parts, axis=1)


def _error(sums: Array) -> tuple[Array, Array]:
    """The debiased error and the bias that was taken off; (draws,) each, NaN where unknown."""
    gap, count, gap2, cross, count2, patients = np.split(sums, 6, axis=1)
    there = count > 0
    mean = np.divide(gap, count, out=np.zeros_like(gap), where=there)
    squares = gap2 - 2 * mean * cross + mean**2 * count2
    # A bin that was not sampled weighs nothing; one with a single patient has an unknown variance.
    factor = np.where(there, np.nan, 0.0)
    np.divide(patients, patients - 1, out=factor, where=patients > 1)
    variance = factor * squares / np.where(there, count, 1.0) ** 2
    weight = count / count.sum(axis=1, keepdims=True)
    return (weight * (mean**2 - variance)).sum(axis=1), (weight * variance).sum(axis=1)
