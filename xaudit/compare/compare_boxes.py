"""Differences between the boxes of two audits, where those of both can be judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from xaudit.audit.scores.drawn_boxes import Drawn, read_drawn
from xaudit.audit.scores.probe_tables import BOXES, read_probed
from xaudit.compare.paired_audits import Paired
from xaudit.core.boxes import Boxes
from xaudit.core.message import Message
from xaudit.core.record.change import Delta
from xaudit.core.seeds import generator_for
from xaudit.fairness.groups import apply_size_rule
from xaudit.metrics.boxes.marks import HitRule, free_response
from xaudit.metrics.scores.detection import Marks
from xaudit.stats.comparison import Comparison
from xaudit.stats.paired_proportions import paired_difference
from xaudit.stats.resampling.bootstrap import clustered_mean

DRAWS = 2000
_LESIONS, _IMAGES = Message("lesions"), Message("images")
_OTHERWISE = Message(
    "Boxes are not compared: in the old audit they find a lesion by another rule (statistics.hit) "
    "than in the new one."
)


def compare_boxes(
    old: Path, new: Path, pair: Paired, minimum: tuple[int, int], seed: int
) -> tuple[tuple[Delta, ...], tuple[Message, ...]]:
    """How lesions found and boxes amiss changed at each operating point of both audits.

    Lesions are compared by Tango's score interval beside McNemar's mid-p, both clustered where
    patients have several; boxes amiss by a bootstrap of patients.

    Args:
        old: folder of the audit to compare with.
        new: folder of the audit that is compared.
        pair: their common cases.
        minimum: lesions or images for an estimate, and for a verdict.
        seed: of the draws.

    Returns:
        The differences, and why there are none although both audits have boxes.
    """
    rows = [read_probed(folder).get(BOXES, ()) for folder in (old, new)]
    if not all(rows):
        return (), ()
    before, after = map(read_drawn, rows)
    if before.iou != after.iou:
        return (), (_OTHERWISE,)
    both = _Both(before, after, pair, minimum, seed)
    return tuple(both.deltas()), ()


@dataclass(frozen=True)
class _Both:
    old: Drawn
    new: Drawn
    pair: Paired
    minimum: tuple[int, int]
    seed: int

    def deltas(self) -> Iterator[Delta]:
        """Two for each operating point."""
        old, new = self._marks
        if not len(old):
            return
        for points in self.pair.points:
            scope = {"operating_point": points[1].name, "analysis": "scored"}
            edges = points[0].edge, points[1].edge
            found = [
                marks.lesion_ratings > edge for marks, edge in zip((old, new), edges, strict=True)
            ]
            names = [new.patients[case] for case in new.lesion_cases]
            difference = paired_difference(found[1], found[0], names)
            yield self._delta("lesion_sensitivity", scope, found, difference, _LESIONS)
            amiss = [_amiss(marks, edge) for marks, edge in zip((old, new), edges, strict=True)]
            rng = generator_for(self.seed, "compare", f"boxes {points[1].name}")
            mean = clustered_mean(amiss[1] - amiss[0], new.patients, rng, DRAWS)
            gap = Comparison(mean, None, "none")
            yield self._delta("false_boxes_per_image", scope, amiss, gap, _IMAGES)

    def _delta(
        self,
        metric: str,
        scope: dict[str, str],
        sides: Sequence[np.ndarray],
        found: Comparison,
        what: Message,
    ) -> Delta:
        count = len(sides[0])
        gap = replace(found.difference, unit=self.pair.unit)
        sized = apply_size_rule(gap, count, self.minimum, what)
        p_value, test = (found.p_value, found.test) if sized.value is not None else (None, "none")
        old, new = (float(np.mean(side)) if count else None for side in sides)
        return Delta(metric, scope, old, new, sized, p_value, test)

    @cached_property
    def _marks(self) -> tuple[Marks, Marks]:
        """Of both audits, on the images in which the boxes of both are right or wrong."""
        kept = [
            (case, patient)
            for case, patient, label, scored in zip(
                self.pair.ids, self.pair.patients, self.pair.labels, self.pair.scored, strict=True
            )
            if scored and self._telling(case, bool(label))
        ]
        ids, patients = [case for case, _ in kept], [patient for _, patient in kept]
        lesions = [self.new.lesions.get(case, Boxes.none()) for case in ids]
        old, new = (
            free_response(
                [drawn.found.get(case, Boxes.none()) for case in ids],
                lesions, patients, HitRule(drawn.iou), self.pair.unit,
            ).marks
            for drawn in (self.old, self.new)
        )  # fmt: skip
        return old, new

    def _telling(self, case: str, label: bool) -> bool:
        """Whether both audits have the same lesions there, and they agree with the label."""
        if case in self.old.unusable or case in self.new.unusable:
            return False
        old, new = (drawn.lesions.get(case, Boxes.none()) for drawn in (self.old, self.new))
        return label == bool(len(new)) and np.array_equal(old.corners, new.corners)


def _amiss(marks: Marks, edge: float) -> np.ndarray:
    """(N,) boxes that hit none, of each image."""
    drawn = marks.false_cases[marks.false_ratings > edge]
    return np.bincount(drawn, minlength=len(marks)).astype(np.float64)
