"""Weighted linear models of the detector over coalitions, with their standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

_RATIOS = np.geomspace(1e-6, 1e3, 181)
"""Of the variance of the coefficients to that of the noise."""


@dataclass(frozen=True, slots=True, eq=False)
class LinearFit:
    """A linear regression.

    Attributes:
        coefficients: (P,) without the intercept.
        errors: (P,) their standard errors.
        r2: weighted share of the variance that the model explains, 1 where there is none.
    """

    coefficients: Vector
    errors: Vector
    r2: float


def fit_linear(
    features: npt.NDArray[np.float64], values: Vector, weights: Vector, group: int = 1
) -> LinearFit:
    """Fit values = intercept + features · coefficients by weighted least squares.

    Standard errors are those of the sandwich: they hold whatever the model leaves unexplained.

    Args:
        features: (N, P).
        values: (N,).
        weights: (N,).
        group: so many rows that follow each other were sampled together.

    References:
        Liang and Zeger, Biometrika 1986, with the factor n / (n − p).
    """
    table = np.column_stack([np.ones(len(features)), features])
    bread = np.linalg.pinv((table * weights[:, None]).T @ table, hermitian=True)
    solution = bread @ (table * weights[:, None]).T @ values
    residuals = values - table @ solution
    scores = (table * (weights * residuals)[:, None]).reshape(-1, group, table.shape[1]).sum(axis=1)
    free = max(len(scores) - table.shape[1], 1)
    covariance = bread @ (scores.T @ scores) @ bread * len(scores) / free
    center = np.average(values, weights=weights)
    total = float(np.sum(weights * (values - center) ** 2))
    left = float(np.sum(weights * residuals**2))
    return LinearFit(
        solution[1:], np.sqrt(np.diag(covariance))[1:], 1 - left / total if total else 1.0
    )


def fit_pairs(shown: npt.NDArray[np.float64], values: Vector, weights: Vector) -> LinearFit:
    """Fit a linear model to coalitions that are followed by their complements.

    What the values of a pair differ by and what they share are fitted apart. The shared part, all
    interactions of even order, reaches the coefficients only through weights that differ within
    pairs: a small correction with much noise, so it is shrunk to zero as far as its own standard
    error explains its length (James and Stein 1961, the positive part).

    Args:
        shown: (N, P) of 0 and 1, every second row the complement of the one before.
        values: (N,).
        weights: (N,).
    """
    shared = np.repeat((values[::2] + values[1::2]) / 2, 2)
    differing, together = (
        fit_linear(shown, part, weights, group=2) for part in (values - shared, shared)
    )
    kept = _own_share(together)
    return LinearFit(
        differing.coefficients + kept * together.coefficients,
        # Of the noise, the share that is kept is left, as of any shrunken estimate.
        np.hypot(differing.errors, np.sqrt(kept) * together.errors),
        fit_linear(shown, values, weights, group=2).r2,
    )


def _own_share(fit: LinearFit) -> float:
    """How much of the squared length of coefficients is more than noise; in [0, 1]."""
    length = float(fit.coefficients @ fit.coefficients)
    return max(0.0, 1 - float(fit.errors @ fit.errors) / length) if length else 0.0


def fit_shrunken(features: npt.NDArray[np.float64], values: Vector) -> LinearFit:
    """Fit values = features · coefficients, all coefficients from one normal distribution.

    Its variance and that of the noise have the largest likelihood once the coefficients are
    integrated out, so noise alone gives coefficients of (almost) zero. Errors are those of the
    coefficients given the values.

    Args:
        features: (N, P).
        values: (N,).

    References:
        Lindley and Smith, Bayes Estimates for the Linear Model, JRSS B 1972; empirical Bayes.
    """
    left, spread, right = np.linalg.svd(features, full_matrices=False)
    along = left.T @ values
    beside = max(float(values @ values - along @ along), 0.0)
    stretch = 1 + _RATIOS[:, None] * spread**2
    noises = ((along**2 / stretch).sum(axis=1) + beside) / len(values) + np.finfo(float).tiny
    best = np.argmin(len(values) * np.log(noises) + np.log(stretch).sum(axis=1))
    ratio, noise = _RATIOS[best], noises[best]
    kept = ratio * spread**2 / (1 + ratio * spread**2)
    inverse = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
    coefficients = right.T @ (kept * inverse * along)
    variances = noise * ratio * (1 - (right**2).T @ kept)
    left_over = values - features @ coefficients
    total = float(values @ values)
    r2 = 1 - float(left_over @ left_over) / total if total else 1.0
    return LinearFit(coefficients, np.sqrt(variances), r2)
