"""Gap of calibration: how much better or worse calibrated a subgroup is than all others."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from xaudit.core.case import BoolArray
from xaudit.core.cut import Cut
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message, counted
from xaudit.metrics.groups.sides import Side, Sides
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.calibration.clustered_wald import wald_of_squares
from xaudit.stats.calibration.recalibration_gap import RecalibrationGaps
from xaudit.stats.groups.sides import SideMeans, side_means

RECALIBRATED = ("calibration_slope", "calibration_intercept")
CALIBRATION_GAPS = ("brier", *RECALIBRATED)
"""Not the expected calibration error: its bias depends on the size of a group."""
_PAIR = 2
IntArray = npt.NDArray[np.intp]


def calibration_gap(name: str, predictions: Predictions, inside: BoolArray) -> Estimate:
    """How far is a measure of calibration in some cases from that in all others?

    Args:
        name: one of `CALIBRATION_GAPS`.
        predictions: the cases.
        inside: (N,) bool, the group.
    """
    cut = Cut(("in", "out"), (~inside).astype(np.int32))
    return CalibrationGaps(predictions, Sides(predictions, {"": cut})).gap(name, Side("", "in"))


class CalibrationGaps:
    """How far measures of calibration in a level are from those in the rest (level minus rest).

    Errors are summed within patients over both sides, so that a patient may be on both.

    Args:
        predictions: the cases.
        sides: every level of their columns, and its rest.
    """

    def __init__(self, predictions: Predictions, sides: Sides) -> None:
        self._p, self._sides = predictions, sides
        self._means: dict[str, SideMeans] = {}

    def gap(self, name: str, side: Side) -> Estimate:
        """The gap of one level.

        Args:
            name: one of `CALIBRATION_GAPS`.
            side: the level.
        """
        if name == "brier":
            found = self._brier(side)
        else:
            found = self._regressions(name).gap(self._rows(side))
        return replace(found, unit=self._p.unit)

    def own(self, name: str, side: Side) -> Estimate:
        """The slope or the intercept of one level itself.

        Args:
            name: one of `RECALIBRATED`.
            side: the level.
        """
        return replace(self._regressions(name).own(self._rows(side)), unit=self._p.unit)

    def _rows(self, side: Side) -> IntArray:
        return self._sides.columns[side.column].rows(side.level)

    def _regressions(self, name: str) -> RecalibrationGaps:
        return self._slopes if name == "calibration_slope" else self._intercepts

    def _brier(self, side: Side) -> Estimate:
        if side.column not in self._means:
            squared = (expit(self._p.logits) - self._p.labels) ** 2
            self._means[side.column] = side_means(self._sides.cells(side.column), squared)
        size, place = self._sides.size, self._sides.columns[side.column].place(side.level)
        one = self._means[side.column]
        fewest = int(min(one.inside[place], one.outside[place]))
        if fewest < _PAIR:
            why = Message(
                "{n} {units} on one side, 2 needed", n=fewest, units=counted(self._p.unit, fewest)
            )
            return Estimate.missing(why, n=size.cases, clusters=size.patients)
        counts = size.cases, size.patients
        gap, squares = float(one.gap[place]), float(one.squares[place])
        return wald_of_squares(gap, squares, counts, fewest - 1)

    @cached_property
    def _slopes(self) -> RecalibrationGaps:
        return RecalibrationGaps(self._p.logits, self._p.labels, self._p.patients, "slope")

    @cached_property
    def _intercepts(self) -> RecalibrationGaps:
        return RecalibrationGaps(self._p.logits, self._p.labels, self._p.patients, "intercept")
