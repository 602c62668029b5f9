"""Discrimination: how well the detector tells fractured from not fractured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import metric
from xaudit.stats.proportions import clustered_proportion, likelihood_ratio
from xaudit.stats.resampling.bootstrap import clustered_ratio
from xaudit.stats.roc import auc as area
from xaudit.stats.weights import Patients, taken


@dataclass(frozen=True, slots=True)
class Table2x2:
    """Calls against the reference standard, in cases."""

    tp: int
    fp: int
    fn: int
    tn: int


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What the detector said of each case, and what was true.

    Attributes:
        logits: (N,) float64, not NaN; infinite for a probability of 0 or 1.
        labels: (N,) bool, True where the reference standard says "fractured".
        patients: N names (or numbers) of the independent units.
        threshold: a case is called positive where its logit exceeds it.
        unit: what the study calls its independent unit.
        misses: cases among them that were added by `with_misses`.
    """

    logits: npt.NDArray[np.float64]
    labels: BoolArray
    patients: Patients
    threshold: float = 0.0
    unit: str = "patient"
    misses: int = 0

    def __post_init__(self) -> None:
        if not len(self.logits) == len(self.labels) == len(self.patients):
            raise ValueError(
                f"{len(self.logits)} logits, {len(self.labels)} labels and "
                f"{len(self.patients)} patients; one of each is needed for every case"
            )
        if np.isnan(self.logits).any():
            raise ValueError("a logit is NaN; add cases without a score through with_misses")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def called(self) -> BoolArray:
        """Which cases the detector calls positive; (N,)."""
        positive: BoolArray = self.logits > self.threshold
        return positive

    @property
    def table(self) -> Table2x2:
        """The calls, counted."""
        called, labels = self.called, self.labels
        counts = (called & labels, called & ~labels, ~called & labels, ~called & ~labels)
        return Table2x2(*(int(cell.sum()) for cell in counts))

    def subset(self, mask: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Predictions:
        """The cases of a mask, or of row indices (repeats allowed)."""
        rows = np.flatnonzero(mask) if mask.dtype == np.bool_ else mask.astype(np.intp)
        return replace(
            self,
            logits=self.logits[rows],
            labels=self.labels[rows],
            patients=taken(self.patients, rows),
        )


def with_misses(
    predictions: Predictions, labels: Sequence[bool] | BoolArray, patients: Patients
) -> Predictions:
    """The worst case: every case without a score is a wrong decision.

    A positive gets the logit -∞, a negative +∞. Only for metrics that read decisions.

    Args:
        predictions: the cases with a score.
        labels: labels of the cases without one.
        patients: their patients.

    Raises:
        ValueError: the lengths differ.
    """
    truth = np.asarray(labels, dtype=bool)
    return replace(
        predictions,
        logits=np.concatenate([predictions.logits, np.where(truth, -np.inf, np.inf)]),
        labels=np.concatenate([predictions.labels, truth]),
        patients=_joined(predictions.patients, patients),
        misses=predictions.misses + len(truth),
    )


def _joined(first: Patients, second: Patients) -> Patients:
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        return np.concatenate([first, second])
    return (*map(str, first), *map(str, second))


@metric("discrimination")
def sensitivity(predictions: Predictions) -> Estimate:
    """What share of the fractured cases is called fractured?"""
    p = predictions
    return _share(p, p.called, p.labels, Message("no positive cases"))


@metric("discrimination")
def specificity(predictions: Predictions) -> Estimate:
    """What share of the cases without fracture is called so?"""
    p = predictions
    return _share(p, ~p.called, ~p.labels, Message("no negative cases"))


@metric("discrimination")
def ppv(predictions: Predictions) -> Estimate:
    """What share of the cases called fractured is fractured, at this study's prevalence?"""
    p = predictions
    return _share(p, p.labels, p.called, Message("no case is called positive"))


@metric("discrimination")
def npv(predictions: Predictions) -> Estimate:
    """What share of the cases called free of fracture is so, at this study's prevalence?"""
    p = predictions
    return _share(p, ~p.labels, ~p.called, Message("no case is called negative"))


@metric("discrimination")
def accuracy(predictions: Predictions) -> Estimate:
    """What share of the cases is called right, at this study's prevalence?"""
    p = predictions
    return _share(p, p.called == p.labels, np.ones(len(p), dtype=bool), Message("no cases"))


@metric("discrimination")
def f1(predictions: Predictions, rng: np.random.Generator, draws: int = 2000) -> Estimate:
    """How well do positive calls and fractures coincide, at this study's prevalence?

    2 TP / (2 TP + FP + FN), interval by patient bootstrap; undefined without positives.

    Args:
        predictions: the cases.
        rng: source of the draws.
        draws: how many times patients are resampled.
    """
    p = predictions
    if not p.labels.any():
        return _missing(p, Message("no positive cases"))
    both = 2 * (p.called & p.labels).astype(np.float64)
    either = p.called.astype(float) + p.labels.astype(float)
    return replace(clustered_ratio(both, either, p.patients, rng, draws), unit=p.unit)


@metric("discrimination", unit="number")
def auc(predictions: Predictions) -> Estimate:
    """How often does a fractured case score above one without fracture?

    Area under the ROC curve; see `xaudit.stats.roc.auc.auc`.

    Raises:
        ValueError: cases without a score were added as misses.
    """
    p = predictions
    if p.misses:
        raise ValueError("an area has no worst case by ±∞; pass scored cases only")
    return replace(area.auc(p.logits, p.labels, p.patients), unit=p.unit)


@metric("discrimination", bounds=(0.0, None), unit="ratio")
def likelihood_ratio_positive(predictions: Predictions) -> Estimate:
    """By what factor does a positive call raise the odds of a fracture?

    The positive likelihood ratio, LR+: sensitivity / (1 - specificity).
    """
    p = predictions
    return likelihood_ratio(sensitivity(p), specificity(p), "positive")


@metric("discrimination", better="lower", bounds=(0.0, None), unit="ratio")
def likelihood_ratio_negative(predictions: Predictions) -> Estimate:
    """To what factor does a negative call lower the odds of a fracture?

    The negative likelihood ratio, LR-: (1 - sensitivity) / specificity.
    """
    p = predictions
    return likelihood_ratio(sensitivity(p), specificity(p), "negative")


def _share(p: Predictions, success: BoolArray, among: BoolArray, empty: str) -> Estimate:
    if not among.any():
        return _missing(p, empty)
    patients = taken(p.patients, np.flatnonzero(among))
    return clustered_proportion(success[among], patients, unit=p.unit)


def _missing(p: Predictions, reason: str) -> Estimate:
    return Estimate.missing(reason, k=0, n=0, clusters=0, unit=p.unit)
