"""Weighted linear models of the detector over coalitions, with their standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LinearFit:
    """A weighted ridge regression with an intercept.

    Attributes:
        coefficients: (P,) without the intercept.
        errors: (P,) their standard errors.
        r2: weighted share of the variance that the model explains.
    """

    coefficients: Vector
    errors: Vector
    r2: float


def fit_linear(
    features: npt.NDArray[np.float64], values: Vector, weights: Vector, alpha: float, group: int = 1
) -> LinearFit:
    """Fit values = intercept + features · coefficients by weighted least squares.

    Standard errors are those of the sandwich: they hold whatever the model leaves unexplained.

    Args:
        features: (N, P).
        values: (N,).
        weights: (N,).
        alpha: ridge penalty on the coefficients, not on the intercept.
        group: so many rows that follow each other were drawn together.

    References:
        Liang and Zeger, Biometrika 1986, with the factor n / (n − p).
    """
    table = np.column_stack([np.ones(len(features)), features])
    penalty = alpha * np.diag(np.r_[0.0, np.ones(features.shape[1])])
    bread = np.linalg.pinv((table * weights[:, None]).T @ table + penalty, hermitian=True)
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
