"""Logistic recalibration: what slope and intercept would put the logits right."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.stats.calibration.clustered_wald import clustered_wald
from xaudit.stats.weights import Patients, numbered

Array = npt.NDArray[np.float64]
Which = Literal["slope", "intercept"]
IntArray = npt.NDArray[np.intp]
_CALIBRATED = np.array([0.0, 1.0])
"""Intercept and slope where the logits mean what they say."""
_STEPS = 100
_NEAR = 8
_SMALL = 1e-7
"""A step of Newton's that is so small leaves an error of its square."""


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
    fit = fitted(logits, labels, clusters, which)
    if isinstance(fit, str):
        return Estimate.missing(fit, n=n, clusters=clusters)
    return clustered_wald(*fit, patients, clusters - 1, level)


def fitted(
    logits: Array, labels: BoolArray, clusters: int, which: Which, start: Array | None = None
) -> tuple[float, Array] | str:
    """The coefficient and what each case adds to its error, or why there is none.

    Args:
        logits: (N,).
        labels: (N,) bool.
        clusters: patients.
        which: see `recalibrate`.
        start: intercept and slope of other cases that may be near.
    """
    found = coefficients(logits, labels, clusters, which, start)
    if isinstance(found, str):
        return found
    intercept, slope = found
    share = scipy.special.expit(intercept + slope * logits)
    weight = share * (1 - share)
    if which == "intercept":
        return float(intercept), (labels - share) / weight.sum()
    center = float(weight @ logits / weight.sum())
    pull = (logits - center) * (labels - share)
    return float(slope), pull / float(weight @ (logits - center) ** 2)


def coefficients(
    logits: Array,
    labels: BoolArray,
    clusters: int,
    which: Which,
    start: Array | None = None,
) -> Array | str:
    """Intercept and slope, or why there are none; the arguments are those of `fitted`."""
    reason = _why_not(logits, labels, clusters, which)
    if reason:
        return reason
    near = _polished(logits, labels, which, _CALIBRATED if start is None else start)
    if near is not None:
        return near
    n = len(labels)
    # Standardized, so that Newton's steps do not depend on the scale of the logits.
    scale, center = (float(logits.std()), float(logits.mean())) if which == "slope" else (1.0, 0.0)
    if which == "slope":
        design, offset = np.stack([np.ones(n), (logits - center) / scale], axis=1), np.zeros(n)
    else:
        design, offset = np.ones((n, 1)), logits
    found = _maximize(design, labels.astype(float), offset)
    if found is None:
        return Message("the regression does not converge")
    if which == "intercept":
        return np.array([found[0], 1.0])
    return np.array([found[0] - found[1] * center / scale, found[1] / scale])


def _polished(logits: Array, labels: BoolArray, which: Which, start: Array) -> Array | None:
    """Newton's steps from coefficients that are near; None where they do not get nearer."""
    now: Array = start.copy()
    last = np.inf
    for _ in range(_NEAR):
        share = scipy.special.expit(now[0] + now[1] * logits)
        step = _step_from(logits, labels - share, share * (1 - share), which)
        size = float(np.abs(step).max())
        # Steps that do not shrink are those of a start that was too far away.
        if not size < last / 4:
            return None
        now = now + step
        if size < _SMALL:
            return now
        last = size
    return None


def _step_from(logits: Array, wrong: Array, weight: Array, which: Which) -> Array:
    """Newton's step of intercept and slope; NaN where no probability is off 0 and 1."""
    none = np.full(2, np.nan)
    gradient, moments = wrong.sum(), weight.sum()
    if not moments > 0:
        return none
    if which == "intercept":
        return np.array([gradient / moments, 0.0])
    center = weight @ logits / moments
    apart = logits - center
    spread = weight @ apart**2
    if not spread > 0:
        return none
    slope = (wrong @ apart) / spread
    return np.array([gradient / moments - slope * center, slope])


def _why_not(logits: Array, labels: BoolArray, clusters: int, which: Which) -> str | None:
    up, down = logits[labels], logits[~labels]
    if not len(up) or not len(down):
        return Message("no negative cases") if len(up) else Message("no positive cases")
    if clusters < 2:
        return Message("all cases come from one patient")
    if not np.isfinite(logits).all():
        return Message("a probability of 0 or 1 has an infinite logit")
    return _no_slope(up, down) if which == "slope" else None


def _no_slope(up: Array, down: Array) -> str | None:
    """Why the likelihood has no maximum in the slope (Albert and Anderson 1984), if so."""
    if up.min() == up.max() == down.min() == down.max():
        return Message("the score is constant")
    if up.min() >= down.max() or up.max() <= down.min():
        return Message("the logits separate the classes perfectly: the slope is infinite")
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
