"""Subgroups associated with the label: a detector can learn them instead of the lesion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import metric
from xaudit.metrics.groups.sides import Side, Sides
from xaudit.stats.difference import independent_difference
from xaudit.stats.proportions import clopper_pearson, clustered_proportion
from xaudit.stats.roc import auc
from xaudit.stats.weights import Patients, taken


@metric("association", better="lower", bounds=(-1.0, 1.0), unit="number")
def association(labels: BoolArray, inside: BoolArray, patients: Patients) -> Estimate:
    """How much more often is a case fractured in this subgroup than in the rest?

    Difference of the shares, with Newcombe's interval from clustered score intervals.

    Args:
        labels: (N,) bool.
        inside: (N,) bool, the group.
        patients: N names.
    """
    shares = []
    for side in (inside, ~inside):
        rows = np.flatnonzero(side)
        shares.append(clustered_proportion(labels[rows], taken(patients, rows)))
    return independent_difference(*shares)


def side_association(sides: Sides, side: Side) -> Estimate:
    """`association` of a level of a study's column."""
    shares = (sides.share("fractured", one, 0.0).estimate() for one in (side, side.others))
    return independent_difference(*shares)


def side_negatives_auc(sides: Sides, side: Side) -> Estimate:
    """`negatives_auc` of a level of a study's column."""
    return sides.negatives_area(side).estimate()


@metric("association", unit="number")
def association_p(extreme: int, draws: int) -> Estimate:
    """How often would chance tie this attribute to the label as closely?

    Share of permutations of `xaudit.stats.independence.association.association_p_value`, with
    the exact interval of so many draws; small where attribute and label are associated.

    Args:
        extreme: draws at least as extreme.
        draws: all of them.
    """
    return replace(
        clopper_pearson(extreme, draws), method=Message("permutation, {n} draws, exact", n=draws)
    )


@metric("association", better="lower", unit="number")
def negatives_auc(
    logits: npt.NDArray[np.float64], labels: BoolArray, inside: BoolArray, patients: Patients
) -> Estimate:
    """How often does a case without fracture score higher in this subgroup than in the rest?

    Area under the curve of group against rest among cases without fracture; 0.5 where the group
    does not move the score.

    Args:
        logits: (N,).
        labels: (N,) bool.
        inside: (N,) bool, the group.
        patients: N names.
    """
    rows = np.flatnonzero(~labels)
    return auc.auc(logits[rows], inside[rows], taken(patients, rows))
