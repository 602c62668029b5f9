"""Every level of every column beside its rest: what is found once, and read at any level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from xaudit.core.cut import Cut
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.metrics.groups.gaps import Resampled, Size
from xaudit.metrics.groups.proportions import PROPORTIONS
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.groups.side_draws import AT_EDGE, Scene, draw_sides
from xaudit.stats.groups.sides import Cells, Ranking, side_shares
from xaudit.stats.proportions import Share, likelihood_ratio
from xaudit.stats.roc.auc import Area
from xaudit.stats.weights import numbered

IntArray = npt.NDArray[np.intp]
_EMPTY = {
    "sensitivity": Message("no positive cases"),
    "specificity": Message("no negative cases"),
    "ppv": Message("no case is called positive"),
    "npv": Message("no case is called negative"),
    "accuracy": Message("no cases"),
}
_SHARES = PROPORTIONS | {"fractured": lambda p: (p.labels, np.ones(len(p), dtype=bool))}
_RATIOS: Mapping[str, Literal["positive", "negative"]] = {
    "likelihood_ratio_positive": "positive",
    "likelihood_ratio_negative": "negative",
}
ON_SIDES = (*PROPORTIONS, *_RATIOS, "auc")
"""Metrics of a level that `Sides.estimate` knows."""
_CALLS = {"ppv": Message("positive calls"), "npv": Message("negative calls")}


@dataclass(frozen=True, slots=True)
class Side:
    """A level of a column, or all other cases.

    Attributes:
        column: that cuts the study.
        level: of the column.
        rest: whether all other cases are meant.
    """

    column: str
    level: str
    rest: bool = False

    @property
    def others(self) -> Side:
        """The other side of the same cut."""
        return Side(self.column, self.level, not self.rest)


class Sides:
    """Proportions and areas of all sides of a study; each is found once.

    Args:
        predictions: the cases; their threshold is not read.
        columns: name → levels of the same cases.
    """

    def __init__(self, predictions: Predictions, columns: Mapping[str, Cut]) -> None:
        self.columns = columns
        self.size = Size.of(predictions)
        self._p = predictions
        self._patients, self._index = numbered(predictions.patients)
        self._cells: tuple[str, Cells] | None = None
        self._shares: dict[tuple[str, float, str], tuple[tuple[Share, ...], tuple[Share, ...]]] = {}
        self._estimates: dict[tuple[str, Side, float, float], Estimate] = {}
        self._areas: dict[tuple[Side, bool], Area] = {}
        self._shared: dict[str, npt.NDArray[np.bool_]] = {}
        self._basis: dict[tuple[str, float | None], tuple[int, int]] = {}

    def estimate(self, metric: str, side: Side, edge: float = 0.0, level: float = 0.95) -> Estimate:
        """A metric of one side, by the interval that is best in small samples.

        Args:
            metric: one of `ON_SIDES`, or "fractured".
            side: of which level.
            edge: a case is called positive above it; the area does not read it.
            level: confidence level, two-sided.
        """
        key = metric, side, edge, level
        if key not in self._estimates:
            self._estimates[key] = self._estimated(*key)
        return self._estimates[key]

    def _estimated(self, metric: str, side: Side, edge: float, level: float) -> Estimate:
        if metric == "auc":
            return replace(self.area(side).estimate(level), unit=self._p.unit)
        if metric in _RATIOS:
            found, spared = (
                self.estimate(one, side, edge, level) for one in ("sensitivity", "specificity")
            )
            return likelihood_ratio(found, spared, _RATIOS[metric])
        one = self.share(metric, side, edge)
        if not one.n:
            return Estimate.missing(_EMPTY[metric], k=0, n=0, clusters=0, unit=self._p.unit)
        return one.estimate(level, self._p.unit)

    def share(self, metric: str, side: Side, edge: float) -> Share:
        """The counts behind a proportion of one side."""
        key = metric, edge, side.column
        if key not in self._shares:
            success, among = _SHARES[metric](replace(self._p, threshold=edge))
            self._shares[key] = side_shares(self.cells(side.column), success, among)
        return self._shares[key][side.rest][self.columns[side.column].place(side.level)]

    def area(self, side: Side) -> Area:
        """The area of one side: how often does a positive case score above a negative one?"""
        if (side, False) not in self._areas:
            self._areas[side, False] = self._rest_area(side) if side.rest else self._own_area(side)
        return self._areas[side, False]

    def negatives_area(self, side: Side) -> Area:
        """How often does a negative case of a level score above one of the rest?"""
        if (side, True) not in self._areas:
            inside = self.columns[side.column][side.level][self._ranking.order]
            negatives = ~self._truth
            found = self._ranking.area(negatives & inside, negatives & ~inside)
            self._areas[side, True] = found
        return self._areas[side, True]

    def shared(self, side: Side) -> bool:
        """Whether a patient has cases on this side and on the other."""
        if side.column not in self._shared:
            self._shared[side.column] = self.cells(side.column).shared()
        return bool(self._shared[side.column][self.columns[side.column].place(side.level)])

    def basis(self, metric: str, edge: float | None) -> tuple[int, int]:
        """Cases and patients of the whole study on whom a metric rests."""
        if (metric, edge) not in self._basis:
            among = np.ones(len(self._p), dtype=bool)
            if edge is not None:
                among = PROPORTIONS[metric](replace(self._p, threshold=edge))[1]
            self._basis[metric, edge] = int(among.sum()), numbered(self._index[among])[0]
        return self._basis[metric, edge]

    def counted(self, metric: str, side: Side, edge: float | None) -> tuple[int, Message]:
        """How many cases of the kind that a metric stands on, and how they are called.

        Where it stands on several kinds, the rarest decides.
        """
        kinds = {Message("positives"): "sensitivity", Message("negatives"): "specificity"}
        if metric in kinds.values():
            kinds = {kind: name for kind, name in kinds.items() if name == metric}
        elif metric in _CALLS:
            kinds[_CALLS[metric]] = metric
        return min((self.share(name, side, edge or 0.0).n, kind) for kind, name in kinds.items())

    @property
    def patients(self) -> IntArray:
        """(N,), the number of each case's patient."""
        return self._index

    def scene(self, edges: tuple[float, ...]) -> Scene:
        """The cases, for draws that read these thresholds."""
        return Scene(self._p.logits, self._p.labels, self._index, edges)

    def cells(self, column: str) -> Cells:
        """The cases of each patient in each level of a column.

        Only those of the last column are kept: of a million cases they take 12 MB each, and
        columns are read one after the other.
        """
        if self._cells is None or self._cells[0] != column:
            cut = self.columns[column]
            made = Cells.of(cut.codes, len(cut), self._index, self._patients)
            self._cells = column, made
        return self._cells[1]

    def _own_area(self, side: Side) -> Area:
        rows = self.columns[side.column].rows(side.level)
        return Area.of(self._p.logits[rows], self._p.labels[rows], self._index[rows])

    def _rest_area(self, side: Side) -> Area:
        outside = ~self.columns[side.column][side.level][self._ranking.order]
        return self._ranking.area(outside & self._truth, outside & ~self._truth)

    @cached_property
    def _ranking(self) -> Ranking:
        return Ranking.of(self._p.logits, self._index, self._patients)

    @cached_property
    def _truth(self) -> npt.NDArray[np.bool_]:
        return self._p.labels[self._ranking.order]


class ResampledSides:
    """All sides of a study under the same draws of patients.

    Args:
        sides: of the study.
        edges: cases are called positive above one of these.
        rng: source of the draws.
        draws: how many times patients are resampled.
    """

    def __init__(
        self, sides: Sides, edges: Sequence[float], rng: np.random.Generator, draws: int = 2000
    ) -> None:
        self.sides, self.edges = sides, tuple(edges)
        cuts = sides.columns
        self._resampled = draw_sides(sides.scene(self.edges), list(cuts.values()), rng, draws)
        sizes = np.cumsum([0, *(len(cut) for cut in cuts.values())])
        self._starts = dict(zip(cuts, sizes.tolist(), strict=False))

    def at(self, metric: str, side: Side, edge: float | None = None) -> Resampled:
        """A metric of one side, its interval, and what it becomes in each draw.

        Args:
            metric: one of `AT_EDGE`, or "auc".
            side: of which level.
            edge: one of those of the draws; None for the area.
        """
        at = -1 if edge is None else 4 * self.edges.index(edge) + AT_EDGE.index(metric)
        place = self._starts[side.column] + self.sides.columns[side.column].place(side.level)
        draws = self._resampled.outside if side.rest else self._resampled.inside

        def interval(level: float) -> Estimate:
            return self.sides.estimate(metric, side, edge or 0.0, level)

        return Resampled(interval, float(self._resampled.values[int(side.rest), at, place]),
                     draws[:, at, place])  # fmt: skip
