"""Logistic recalibration: what slope and intercept would put the logits right."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.stats.clustered_wald import clustered_wald
from xaudit.stats.weights import Patients, numbered, taken

Array = npt.NDArray[np.float64]
Which = Literal["slope", "intercept"]
_STEPS = 100


def recalibrate(
    logits: Array,
    labels: BoolArray,
    patients: Patients,
    which: Which,
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
    fit = _fit(logits, labels, clusters, which)
    if isinstance(fit, str):
        return Estimate.missing(fit, n=n, clusters=clusters)
    return clustered_wald(*fit, patients, clusters - 1, level)


def recalibration_gap(
    logits: Array,
    labels: BoolArray,
    patients: Patients,
    inside: BoolArray,
    which: Which,
) -> Estimate:
    """By how much does slope or intercept differ between a group and all others (group minus rest)?

    Two regressions; what a patient adds to the error of both is taken together, so that a patient
    may be on both sides. Level 95 %, t on the patients of the smaller side less one.

    Args:
        logits: (N,).
        labels: (N,) bool.
        patients: N names.
        inside: (N,) bool, the group.
        which: see `recalibrate`.
    """
    n, every = len(labels), numbered(patients)[0]
    influence, values, sizes = np.zeros(n), [], []
    for sign, name, rows in (
        (1, "the level", np.flatnonzero(inside)),
        (-1, "the rest", np.flatnonzero(~inside)),
    ):
        clusters = numbered(taken(patients, rows))[0] if len(rows) else 0
        fit = _fit(logits[rows], labels[rows], clusters, which)
        if isinstance(fit, str):
            return Estimate.missing(f"{name}: {fit}", n=n, clusters=every)
        values.append(fit[0])
        sizes.append(clusters)
        influence[rows] = sign * fit[1]
    return clustered_wald(values[0] - values[1], influence, patients, min(sizes) - 1)


def _fit(
    logits: Array, labels: BoolArray, clusters: int, which: Which
) -> tuple[float, Array] | str:
    """The coefficient and what each case adds to its error, or why there is none."""
    reason = _why_not(logits, labels, clusters, which)
    if reason:
        return reason
    n = len(labels)
    # Standardized, so that Newton's steps do not depend on the scale of the logits.
    scale, center = (float(logits.std()), float(logits.mean())) if which == "slope" else (1.0, 0.0)
    if which == "slope":
        design, offset = np.stack([np.ones(n), (logits - center) / scale], axis=1), np.zeros(n)
    else:
        design, offset = np.ones((n, 1)), logits
    truth = labels.astype(float)
    coefficients = _maximize(design, truth, offset)
    if coefficients is None:
        return "the regression does not converge"
    fitted = scipy.special.expit(design @ coefficients + offset)
    bread = np.linalg.inv(design.T @ ((fitted * (1 - fitted))[:, None] * design))
    influence = (design @ bread[:, -1]) * (truth - fitted)
    return float(coefficients[-1]) / scale, influence / scale


def _why_not(logits: Array, labels: BoolArray, clusters: int, which: Which) -> str | None:
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
        fitted = scipy.special.expit(design @ now + offset)
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
