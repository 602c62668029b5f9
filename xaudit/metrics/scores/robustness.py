"""Robustness: decisions on degraded radiographs, on the same cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.metrics.scores.discrimination import Predictions, auc, sensitivity, specificity
from xaudit.stats.paired_proportions import paired_difference
from xaudit.stats.roc.auc_difference import paired_auc_difference
from xaudit.stats.weights import taken

Array = npt.NDArray[np.float64]
ROBUSTNESS = ("auc", "sensitivity", "specificity")


@dataclass(frozen=True, slots=True)
class Degraded:
    """A metric on degraded images, and how far it is from that of the images as they are.

    Attributes:
        value: on the degraded images.
        gap: degraded minus as they are, on the same cases.
    """

    value: Estimate
    gap: Estimate


def degradation(clean: Predictions, degraded: Array) -> Mapping[str, Degraded]:
    """How do AUC, sensitivity and specificity change when the same images are degraded?

    Gaps are paired: DeLong's or Obuchowski's for the area; for shares Tango's score interval, or
    its clustered form where patients have several cases.

    Args:
        clean: the cases as they are.
        degraded: (N,) logits of the same cases, degraded.

    Returns:
        A value for each of `ROBUSTNESS`.

    Raises:
        ValueError: the lengths differ or a logit is NaN.
    """
    after = replace(clean, logits=np.asarray(degraded, dtype=np.float64))
    area = paired_auc_difference(after.logits, clean.logits, clean.labels, clean.patients)
    return {
        "auc": Degraded(auc(after), replace(area.difference, unit=clean.unit)),
        "sensitivity": Degraded(
            sensitivity(after), _paired(clean, after.called, clean.called, clean.labels)
        ),
        "specificity": Degraded(
            specificity(after), _paired(clean, ~after.called, ~clean.called, ~clean.labels)
        ),
    }


def _paired(p: Predictions, after: BoolArray, before: BoolArray, among: BoolArray) -> Estimate:
    patients = taken(p.patients, np.flatnonzero(among))
    found = paired_difference(after[among], before[among], patients)
    return replace(found.difference, unit=p.unit)
