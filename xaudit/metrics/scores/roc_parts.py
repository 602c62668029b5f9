"""Parts of the ROC curve: a declared band, and a declared rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xaudit.core.estimate import Estimate
from xaudit.core.metric import metric
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.roc import partial_auc as parts
from xaudit.stats.roc.partial_auc import Band, rate_at
from xaudit.stats.scored_cases import Scored


@metric("discrimination", bounds=(None, 1.0), unit="number")
def partial_auc(
    predictions: Predictions, band: Band, rng: np.random.Generator, draws: int = 2000
) -> Estimate:
    """How well are fractures told apart where specificity or sensitivity is usable?

    Area under the ROC curve in a declared band on McClish's scale (1989): 0.5 says nothing, 1 is
    perfect. Percentile interval over resampled patients.

    Args:
        predictions: the cases.
        band: which part of the curve; declared before the run.
        rng: source of the draws.
        draws: how many times patients are resampled.
    """
    return _of(predictions, parts.partial_auc(_scored(predictions), band, rng, draws=draws))


@metric("discrimination")
def sensitivity_at_specificity(
    predictions: Predictions, specificity: float, rng: np.random.Generator, draws: int = 2000
) -> Estimate:
    """What share of fractures could be found at a declared specificity?

    Read off the ROC curve of these cases, again in every draw of patients: it describes the curve,
    and no threshold that a device has (Pepe 2003, ch. 5).

    Args:
        predictions: the cases.
        specificity: in [0, 1].
        rng: source of the draws.
        draws: how many times patients are resampled.

    Raises:
        ValueError: the specificity is not in [0, 1].
    """
    found = rate_at(_scored(predictions), ("specificity", specificity), rng, draws=draws)
    return _of(predictions, found)


@metric("discrimination")
def specificity_at_sensitivity(
    predictions: Predictions, sensitivity: float, rng: np.random.Generator, draws: int = 2000
) -> Estimate:
    """What share of normal cases could be left alone at a declared sensitivity?

    As `sensitivity_at_specificity`, the other way around.

    Args:
        predictions: the cases.
        sensitivity: in [0, 1].
        rng: source of the draws.
        draws: how many times patients are resampled.

    Raises:
        ValueError: the sensitivity is not in [0, 1].
    """
    found = rate_at(_scored(predictions), ("sensitivity", sensitivity), rng, draws=draws)
    return _of(predictions, found)


def _scored(p: Predictions) -> Scored:
    return Scored(p.logits, p.labels, p.patients)


def _of(p: Predictions, found: Estimate) -> Estimate:
    return replace(found, unit=p.unit)
