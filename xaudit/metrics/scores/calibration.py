"""Calibration: whether the detector's probabilities mean what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.estimate import Estimate
from xaudit.core.metric import metric
from xaudit.core.record.finding import CalibrationBin
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.calibration.recalibration import recalibrate
from xaudit.stats.proportions import clustered_proportion
from xaudit.stats.resampling.bootstrap import (
    clustered_mean,
    interval_of_draws,
    resampled_sums,
    too_few_to_draw,
)
from xaudit.stats.weights import numbered, taken

Array = npt.NDArray[np.float64]


@metric("calibration", better="lower", unit="number")
def brier(predictions: Predictions, rng: np.random.Generator, draws: int = 2000) -> Estimate:
    """How far are the probabilities from what was true, squared and averaged?

    Brier 1950. 0 is perfect; always saying the prevalence q gives q (1 - q).

    Args:
        predictions: the cases; the probability is the logistic function of the logit.
        rng: source of the draws.
        draws: how many times patients are resampled.
    """
    p = predictions
    squared = (scipy.special.expit(p.logits) - p.labels) ** 2
    return replace(clustered_mean(squared, p.patients, rng, draws), unit=p.unit)


@metric("calibration", bounds=(None, None), unit="number")
def calibration_slope(predictions: Predictions) -> Estimate:
    """Are the probabilities as spread as they should be (1), too extreme (< 1) or too timid (> 1)?

    Slope of a logistic regression of the label on the logit (Cox 1958), cluster-robust Wald
    interval. 1 is best: a rule needs a floor and a ceiling.
    """
    p = predictions
    return replace(recalibrate(p.logits, p.labels, p.patients, "slope"), unit=p.unit)


@metric("calibration", bounds=(None, None), unit="number")
def calibration_intercept(predictions: Predictions) -> Estimate:
    """Are fractures on the whole as frequent as predicted (0), more frequent (> 0) or less (< 0)?

    Calibration in the large: intercept of a logistic regression with the logit as offset (Van
    Calster et al. 2019), cluster-robust Wald interval. 0 is best.
    """
    p = predictions
    return replace(recalibrate(p.logits, p.labels, p.patients, "intercept"), unit=p.unit)


@metric("calibration", better="lower", unit="proportion")
def ece(
    predictions: Predictions, rng: np.random.Generator, bins: int = 10, draws: int = 2000
) -> Estimate:
    """By how much do predicted and observed share differ, averaged over bins of probability?

    Expected calibration error over bins of equal count (Naeini et al. 2015; Nixon et al. 2019).
    Biased upwards: a perfectly calibrated detector gets about sqrt(2 p (1 - p) bins / (π n)), and
    resamples are biased once more, so the interval lies high and its lower limit may exceed
    the value. A ceiling read against the upper limit therefore errs on the safe side.

    Args:
        predictions: the cases.
        rng: source of the draws.
        bins: how many bins; kept fixed over the draws.
        draws: how many times patients are resampled.
    """
    p = predictions
    n, (clusters, index) = len(p), numbered(p.patients)
    if clusters < 2:
        reason = too_few_to_draw(clusters)
        return Estimate.missing(reason, n=n, clusters=clusters, unit=p.unit)
    probability = scipy.special.expit(p.logits)
    member = bin_of(probability, bins)
    gaps = probability - p.labels
    value = float(np.abs(np.bincount(member, gaps)).sum() / n)
    # By patient: the gap in each bin, and the cases; no row is as wide as the bins.
    count = int(member.max()) + 1
    cell = index * count + member
    gaps_of = np.bincount(cell, gaps, minlength=clusters * count).reshape(clusters, count)
    cases = np.bincount(index, minlength=clusters)[:, None]
    sums = resampled_sums(np.hstack([gaps_of, cases]), rng, draws, added_up=True)
    replicates = np.abs(sums[:, :-1]).sum(axis=1) / sums[:, -1]
    return replace(interval_of_draws(value, replicates, n, clusters), unit=p.unit)


def calibration_bins(predictions: Predictions, bins: int = 10) -> tuple[CalibrationBin, ...]:
    """Predicted and observed share of fractures, in bins of equal count.

    Cases with the same probability stay together, so there may be fewer bins than asked for. The
    limits of a bin are the lowest and highest probability in it.

    Args:
        predictions: the cases.
        bins: how many bins, at least 1.

    Raises:
        ValueError: fewer than one bin.
    """
    p = predictions
    probability = scipy.special.expit(p.logits)
    member = bin_of(probability, bins)
    return tuple(_bin(p, probability, np.flatnonzero(member == i)) for i in np.unique(member))


def _bin(p: Predictions, probability: Array, rows: npt.NDArray[np.intp]) -> CalibrationBin:
    here = probability[rows]
    patients = taken(p.patients, rows)
    return CalibrationBin(
        float(here.min()),
        float(here.max()),
        float(here.mean()),
        clustered_proportion(p.labels[rows], patients, unit=p.unit),
    )


def bin_of(probability: Array, bins: int) -> npt.NDArray[np.intp]:
    """The number of the bin of each case, from 0; bins of about equal count, none of them empty.

    Args:
        probability: (N,); cases with the same probability stay together.
        bins: how many bins at most.

    Raises:
        ValueError: fewer than one bin.
    """
    if bins < 1:
        raise ValueError(f"at least one bin is needed, got {bins}")
    if len(probability) == 0:
        return np.zeros(0, dtype=np.intp)
    inner = np.quantile(probability, np.arange(1, bins) / bins, method="inverted_cdf")
    found: npt.NDArray[np.intp] = np.searchsorted(inner, probability, side="left")
    return np.unique(found, return_inverse=True)[1].astype(np.intp)
