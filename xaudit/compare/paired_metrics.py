"""Paired metrics: what two detectors said of the same cases, as a difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.stats.comparison import Comparison
from xaudit.stats.paired_proportions import paired_difference
from xaudit.stats.resampling.paired_ratio import Ratio, paired_ratio_difference
from xaudit.stats.roc.auc_difference import paired_auc_difference
from xaudit.stats.weights import IntArray

Array = npt.NDArray[np.float64]
_DRAWS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class PairedCalls:
    """Scores of two detectors for N cases, each with its own threshold.

    Attributes:
        scores: (N,) logits of the new and of the old detector; infinite ones are allowed.
        thresholds: above which each calls a case fractured.
        labels: (N,) bool.
        patients: (N,) numbers.
    """

    scores: tuple[Array, Array]
    thresholds: tuple[float, float]
    labels: BoolArray
    patients: IntArray

    @property
    def called(self) -> tuple[BoolArray, BoolArray]:
        """(N,) calls of either detector."""
        new, old = (side > limit for side, limit in zip(self.scores, self.thresholds, strict=True))
        return new, old


def calls_difference(
    metric: str, calls: PairedCalls, rng: np.random.Generator, level: float = 0.95
) -> Comparison:
    """A metric of the new detector minus that of the old one.

    AUC by DeLong; sensitivity, specificity and accuracy by Tango's score interval beside
    McNemar's mid-p test, both clustered where patients have several cases; PPV, NPV, F1 and the
    Brier score by a bootstrap that draws patients with all their cases.

    Args:
        metric: registry name.
        calls: of both detectors.
        rng: source of the draws.
        level: of the interval, two-sided; intervals from draws stay at 95 %.
    """
    new, old = calls.scores
    if metric == "auc":
        return paired_auc_difference(new, old, calls.labels, calls.patients, level)
    if metric in _AMONG:
        among = _AMONG[metric](calls.labels)
        right = [(one == calls.labels)[among] for one in calls.called]
        return paired_difference(right[0], right[1], calls.patients[among], level=level)
    if metric not in _RATIOS:
        return incomparable(
            Message("no paired comparison is known for {metric}", metric=repr(metric))
        )
    ratios = [
        _RATIOS[metric](called, score, calls.labels)
        for called, score in zip(calls.called, calls.scores, strict=True)
    ]
    return resampled_difference(ratios[0], ratios[1], calls.patients, rng)


def resampled_difference(
    new: Ratio, old: Ratio, patients: IntArray, rng: np.random.Generator
) -> Comparison:
    """The difference of two ratios of sums by a paired bootstrap of patients; no test.

    Args:
        new: of the new detector.
        old: of the old one.
        patients: (N,) numbers.
        rng: source of the draws.
    """
    found = paired_ratio_difference(new, old, patients, rng, _DRAWS)
    return Comparison(found, None, "none")


def incomparable(reason: str) -> Comparison:
    """No difference, and why."""
    return Comparison(Estimate.missing(reason), None, "none")


# Which cases each share of right calls is about.
_AMONG: Mapping[str, Callable[[BoolArray], BoolArray]] = {
    "sensitivity": lambda labels: labels,
    "specificity": lambda labels: ~labels,
    "accuracy": np.ones_like,
}


def _ppv(called: BoolArray, _scores: Array, labels: BoolArray) -> Ratio:
    return (called & labels).astype(np.float64), called.astype(np.float64)


def _npv(called: BoolArray, _scores: Array, labels: BoolArray) -> Ratio:
    return (~called & ~labels).astype(np.float64), (~called).astype(np.float64)


def _f1(called: BoolArray, _scores: Array, labels: BoolArray) -> Ratio:
    both = 2.0 * (called & labels).astype(np.float64)
    return both, called.astype(np.float64) + labels.astype(np.float64)


def _brier(_called: BoolArray, scores: Array, labels: BoolArray) -> Ratio:
    probability = (0.5 * (1 + np.tanh(scores / 2))).astype(np.float64)
    return (probability - labels) ** 2, np.ones(len(labels))


# What each case adds above and below the line of a ratio.
_RATIOS = {"ppv": _ppv, "npv": _npv, "f1": _f1, "brier": _brier}
