"""Images in which boxes can be judged: what was drawn on them, and what is annotated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from xaudit.audit.analyses.port import Material
from xaudit.audit.scores.drawn_boxes import Drawn, read_drawn
from xaudit.audit.scores.probe_tables import BOXES
from xaudit.audit.store.case_columns import CaseColumns
from xaudit.core.boxes import Boxes
from xaudit.core.case import BoolArray
from xaudit.core.cut import Cut
from xaudit.metrics.boxes.marks import FreeResponse, HitRule, free_response
from xaudit.metrics.boxes.matching import Matched, Truths, matched

IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Lost:
    """Images with a fracture that the detector said nothing of.

    Attributes:
        patients: one for each.
        groups: column → levels of them.
    """

    patients: Sequence[str]
    groups: Mapping[str, Cut]

    @classmethod
    def of(cls, cases: CaseColumns) -> Lost:
        """Those of an audit."""
        rows = np.flatnonzero(~cases.scored & cases.labels)
        groups = {name: cut.at(rows) for name, cut in cases.groups.items()}
        return cls(_patients(cases, rows), groups)

    def among(self, scope: Mapping[str, str]) -> list[str]:
        """The patients of a group; of all where the scope names none."""
        if "group" not in scope:
            return list(self.patients)
        rows = self.groups[scope["group"]].rows(scope["level"])
        return [self.patients[int(row)] for row in rows]


@dataclass(frozen=True)
class Judged:
    """N images whose boxes are either right or wrong.

    An image with a fracture that nobody outlined, or whose outline does not fit it, says nothing
    of where a box belongs; neither does an outline on an image that is called normal.

    Attributes:
        patients: N codes.
        found: boxes of the detector on each.
        lesions: annotated boxes on each.
        groups: column → levels of the N images.
        rule: when a box finds a lesion.
        unit: what the study calls its independent unit.
        left_out: (S,) which of the scored images cannot be judged.
        everyone: (S,) their patients, as `patients`.
        lost: images with a fracture and without a score.
    """

    patients: Sequence[str]
    found: Sequence[Boxes]
    lesions: Sequence[Boxes]
    groups: Mapping[str, Cut]
    rule: HitRule
    unit: str
    left_out: BoolArray
    everyone: Sequence[str]
    lost: Lost

    @classmethod
    def of(cls, material: Material) -> Judged:
        """Those of an audit; several analyses stand on it, see `Material.shared`."""
        drawn = read_drawn(material.rows_of(BOXES))
        cases = CaseColumns.of(material.results.cases)
        telling = _telling(cases, drawn)
        rows = np.flatnonzero(cases.scored & telling)
        ids = [cases.ids[int(row)] for row in rows]
        return cls(
            _patients(cases, rows),
            [drawn.found.get(name, Boxes.none()) for name in ids],
            [drawn.lesions.get(name, Boxes.none()) for name in ids],
            {name: cut.at(rows) for name, cut in sorted(cases.groups.items())},
            HitRule(drawn.iou),
            material.unit,
            ~telling[cases.scored],
            _patients(cases, np.flatnonzero(cases.scored)),
            Lost.of(cases),
        )

    def __len__(self) -> int:
        return len(self.found)

    @cached_property
    def response(self) -> FreeResponse:
        """Which boxes find which lesions."""
        return free_response(self.found, self.lesions, self.patients, self.rule, self.unit)

    @cached_property
    def matched(self) -> Matched:
        """The same as COCO matches them, at ten overlaps."""
        truths = [Truths.of(boxes) for boxes in self.lesions]
        return matched(self.found, truths, self.patients, self.unit)

    @cached_property
    def lesion_images(self) -> IntArray:
        """(L,) number of the image of each lesion."""
        return np.repeat(np.arange(len(self)), [len(boxes) for boxes in self.lesions])


def _patients(cases: CaseColumns, rows: IntArray) -> list[str]:
    return [cases.patients.names[int(code)] for code in cases.patients.codes[rows]]


def _telling(cases: CaseColumns, drawn: Drawn) -> BoolArray:
    """(N,), where lesions and label agree, and lesions can be read."""
    lesions = np.array([name in drawn.lesions for name in cases.ids], dtype=bool)
    usable = np.array([name not in drawn.unusable for name in cases.ids], dtype=bool)
    return np.asarray(usable & (lesions == cases.labels))
