"""Logistic recalibration: what slope and intercept would put the logits right."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.stats.proportions import t_quantile
from xaudit.stats.weights import Patients, numbered

Array = npt.NDArray[np.float64]
_STEPS = 100


def recalibrate(
    logits: Array,
    labels: BoolArray,
    patients: Patients,
    which: Literal["slope", "intercept"],
    level: float = 0.95,
) -> Estimate:
    """What slope, or what intercept at slope 1, does the label's regression on the logit have?

    Maximum likelihood by Newton's method; Wald interval from the cluster-robust covariance (Liang
    and Zeger 1986) with the factor c / (c - 1) for c patients and t on c - 1 degrees (Cameron and
    Miller 2015).

    Args:
        logits: (N,).
        labels: (N,) bool.
        patients: N names.
        which: "slope" (with a free intercept) or "intercept" (the logit as offset).
        level: confidence level, two-sided.
    """
    n, clusters = len(labels), numbered(patients)[0]
    reason = _why_not(logits, labels, clusters, which)
    if reason:
        return Estimate.missing(reason, n=n, clusters=clusters)
    # Standardized, so that Newton's steps do not depend on the scale of the logits.
    scale, center = (float(logits.std()), float(logits.mean())) if which == "slope" else (1.0, 0.0)
    if which == "slope":
        design, offset = np.stack([np.ones(n), (logits - center) / scale], axis=1), np.zeros(n)
    else:
        design, offset = np.ones((n, 1)), logits
    coefficients = _maximize(design, labels.astype(float), offset)
    if coefficients is None:
        return Estimate.missing("the regression does not converge", n=n, clusters=clusters)
    fitted = expit(design @ coefficients + offset)
    error = _robust_error(design, fitted, labels.astype(float), patients)
    value = float(coefficients[-1]) / scale
    half = t_quantile(level, clusters - 1) * error / scale
    method = "cluster-robust Wald"
    return Estimate(value, value - half, value + half, method, level, n=n, clusters=clusters)


def _why_not(
    logits: Array, labels: BoolArray, clusters: int, which: Literal["slope", "intercept"]
) -> str | None:
    up, down = logits[labels], logits[~labels]
    if not len(up) or not len(down):
        return "no negative cases" if len(up) else "no positive cases"
    if clusters < 2:
        return "all cases come from one patient"
    if not np.isfinite(logits).all():
        return "a probability of 0 or 1 has an infinite logit"
    return _no_slope(up, down) if which == "slope" else None


def _no_slope(up: Array, down: Array) -> str | None:
    """Why the likelihood has no maximum in the slope (Albert and Anderson 1984), if so."""
    if up.min() == up.max() == down.min() == down.max():
        return "the score is constant"
    if up.min() >= down.max() or up.max() <= down.min():
        return "the logits separate the classes perfectly: the slope is infinite"
    return None


def _maximize(design: Array, labels: Array, offset: Array) -> Array | None:
    def loss(coefficients: Array) -> float:
        margin = design @ coefficients + offset
        return float(np.sum(np.logaddexp(0.0, margin) - labels * margin))

    now = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        fitted = expit(design @ now + offset)
        gradient = design.T @ (labels - fitted)
        if np.abs(gradient).max() < 1e-10 * len(labels):
            return now
        step = _newton_step(design, fitted, gradient)
        before, size = loss(now), 1.0
        while loss(now + size * step) > before + 1e-12 * abs(before) and size > 1e-8:
            size /= 2
        now = now + size * step
    return None


def _newton_step(design: Array, fitted: Array, gradient: Array) -> Array:
    weight = fitted * (1 - fitted)
    hessian = design.T @ (weight[:, None] * design)
    # Saturated probabilities leave the Hessian singular; a small ridge keeps the step finite.
    ridge = 1e-12 * max(1.0, float(np.trace(hessian))) * np.eye(len(hessian))
    return np.asarray(np.linalg.solve(hessian + ridge, gradient), dtype=np.float64)


def _robust_error(design: Array, fitted: Array, labels: Array, patients: Patients) -> float:
    """Standard error of the last coefficient."""
    clusters, index = numbered(patients)
    scores = np.zeros((clusters, design.shape[1]))
    np.add.at(scores, index, design * (labels - fitted)[:, None])
    bread = np.linalg.inv(design.T @ ((fitted * (1 - fitted))[:, None] * design))
    covariance = clusters / (clusters - 1) * bread @ (scores.T @ scores) @ bread
    return float(np.sqrt(covariance[-1, -1]))
