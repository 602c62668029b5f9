"""Scored cases: what one detector said of one set of cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.core.message import Message
from xaudit.stats.weights import Patients


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Scores, truth and patients of N cases.

    Attributes:
        scores: (N,), larger speaks for positive; infinite ones are allowed, NaN is not.
        labels: (N,) bool.
        patients: N names of the independent units.
    """

    scores: npt.NDArray[np.float64]
    labels: BoolArray
    patients: Patients

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", np.asarray(self.scores, dtype=np.float64))
        object.__setattr__(self, "labels", np.asarray(self.labels, dtype=bool))
        if not len(self.scores) == len(self.labels) == len(self.patients):
            raise ValueError(
                f"{len(self.scores)} scores, {len(self.labels)} labels, "
                f"{len(self.patients)} patients"
            )
        if np.isnan(self.scores).any():
            raise ValueError("a score is NaN; leave out cases without a score")

    @property
    def one_class(self) -> str | None:
        """Why no curve can be drawn, if a class is empty."""
        if self.labels.any() and not self.labels.all():
            return None
        return Message("no negative cases") if self.labels.any() else Message("no positive cases")
