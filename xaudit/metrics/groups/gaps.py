"""Gaps between groups, all of them holding at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.metrics.groups.proportions import PROPORTIONS
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.difference import correlated_difference
from xaudit.stats.multiple.multiplicity import pointwise_level
from xaudit.stats.proportions import clustered_proportion
from xaudit.stats.roc.auc import auc
from xaudit.stats.weights import numbered, taken

Pair = tuple[str, str]
Draws = npt.NDArray[np.floating]
Interval = Callable[[float], Estimate]
"""A metric of a group, with its interval at any level."""


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """A metric of a group, and what it becomes in each draw of patients.

    Attributes:
        interval: by which the group is told.
        value: of the sample, as the draws see it; NaN for none.
        draws: (D,), NaN for none; those of all groups are of the same patients.
    """

    interval: Interval
    value: float
    draws: Draws


@dataclass(frozen=True, slots=True)
class Size:
    """On how much all of the groups rest together.

    Attributes:
        cases: of the study.
        patients: of the study.
        unit: what the study calls its independent unit.
    """

    cases: int
    patients: int
    unit: str

    @classmethod
    def of(cls, predictions: Predictions) -> Size:
        """The size of a study."""
        return cls(len(predictions), numbered(predictions.patients)[0], predictions.unit)


def gaps_together(
    family: Sequence[tuple[Resampled, Resampled]], size: Size, level: float = 0.95
) -> tuple[Estimate, ...]:
    """How much does the first of each pair exceed the second, all statements holding at once?

    Each gap is made by MOVER from the interval of either group (Wilson on the effective sample,
    logit of the AUC, expanded BCa for the rest), with their correlation over the draws, at the
    pointwise level that the joint draws ask for (max-T). The draws alone would be too narrow in
    small groups: see `docs/reference/coverage.md`.

    Args:
        family: all pairs, resampled together.
        size: of the study.
        level: that of the family, two-sided.
    """
    differences = [one.draws - two.draws for one, two in family]
    draws = np.stack(differences, axis=1) if family else np.empty((0, 0))
    values = np.array([one.value - two.value for one, two in family])
    single = pointwise_level(draws, values, level)
    found = []
    for one, two in family:
        tied = correlation(one.draws, two.draws) or 0.0
        gap = correlated_difference(one.interval(single), two.interval(single), tied)
        if gap.value is not None:
            # Groups may share patients.
            clusters = min(gap.clusters or size.patients, size.patients)
            method = Message("{method}, simultaneous over {n} comparisons", method=gap.method,
                             n=len(family))  # fmt: skip
            gap = replace(gap, method=method, level=level, clusters=clusters)
        found.append(replace(gap, unit=size.unit))
    return tuple(found)


def correlation(draws: npt.NDArray[np.floating], others: npt.NDArray[np.floating]) -> float | None:
    """How much do two things vary together over draws? None where one does not vary.

    Args:
        draws: (D,), NaN for a draw without a value.
        others: (D,), of the same draws.
    """
    both = ~np.isnan(draws) & ~np.isnan(others)
    if both.sum() < 2 or np.ptp(draws[both]) <= 1e-12 or np.ptp(others[both]) <= 1e-12:
        return None
    one, two = (side[both].astype(np.float64) for side in (draws, others))
    return float(np.clip(np.corrcoef(one, two)[0, 1], -1, 1))


def interval_at(own: Predictions, metric: str, level: float) -> Estimate:
    """The AUC or a proportion at any level, by the interval that is best in small samples.

    Args:
        own: cases of one group.
        metric: "auc", or a key of `PROPORTIONS`.
        level: confidence level, two-sided.
    """
    if metric == "auc":
        found = auc(own.logits, own.labels, own.patients, level)
        return replace(found, unit=own.unit)
    success, among = PROPORTIONS[metric](own)
    if not among.any():
        return Estimate.missing(Message("nothing to divide by"), n=len(own))
    patients = taken(own.patients, np.flatnonzero(among))
    return clustered_proportion(success[among], patients, level, own.unit)
