"""The cases that the card shows, as pictures and in words."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xaudit.audit.gallery.gallery_choice import Choice, Chooser, probability
from xaudit.audit.scores.agreement import CONSENSUS
from xaudit.audit.store.files import write_bytes
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow
from xaudit.core.case import Case, FloatArray, PreparedCase
from xaudit.core.detector import InputSpec, OperatingPoint
from xaudit.core.message import Message
from xaudit.core.metric import Undefined
from xaudit.core.record.finding import GalleryCase, GalleryMap
from xaudit.data.annotations.masks import outlines_on_grid
from xaudit.data.prepare import prepare
from xaudit.metrics.maps.agreement import consensus
from xaudit.metrics.maps.localization import LOCALIZATION
from xaudit.report.view.overlays import for_card, overlay_png, picture_png

_PICTURE_SCALE = 2
_PICTURE_SIDE = 640
"""Of the longer side in pixels, where twice the input is more."""
_MIDDLE_RANK = 0.5
_NOT_SAMPLED = "{reason} (not in the sample: its maps enter no statistics)"


@dataclass(frozen=True, slots=True)
class Gallery:
    """Draws the cases that are shown, with their maps.

    Attributes:
        results: of the run.
        cases: id → case.
        input: what the detector expects to see.
        points: operating points; the first decides what is a miss.
        methods: attribution methods of the plan.
        pictured: whether cases may be shown at all.
        extra: maps of cases that are shown and were not sampled; None before they are made.
    """

    results: Results
    cases: Mapping[str, Case]
    input: InputSpec
    points: Sequence[OperatingPoint]
    methods: Sequence[str]
    pictured: bool = True
    extra: Results | None = None

    def write(self, folder: Path) -> tuple[GalleryCase, ...]:
        """Draw the chosen cases into ``evidence/``, worst first.

        Raises:
            AuditError: the disk is full or cannot be written.
        """
        sides = (self.input.height, self.input.width)
        scale = min(_PICTURE_SCALE, _PICTURE_SIDE / max(sides))
        height, width = (max(1, round(side * scale)) for side in sides)
        fine = replace(self.input, height=height, width=width)
        shown = []
        for choice in self.choose():
            prepared = prepare(self.cases[choice.row.case_id], fine)
            case = self.case(choice, prepared)
            write_bytes(folder / "evidence" / case.picture, picture_png(prepared.image))
            for map_ in case.maps:
                values = self.values(choice.row, map_.method)
                write_bytes(folder / "evidence" / map_.picture, overlay_png(for_card(values)))
            shown.append(case)
        return tuple(shown)

    def choose(self) -> list[Choice]:
        """The cases to show, worst first; none is shown twice."""
        if not self.pictured:
            return []
        return Chooser(self.results, self.points[0].edge, self.methods).choose()

    def _source(self, row: CaseRow) -> Results:
        return self.results if row.sampled or self.extra is None else self.extra

    def _score(self, row: CaseRow, method: str, metric: str) -> float | str | None:
        score = self._source(row).by_score.get((method, metric), {}).get(row.case_id)
        if score is None:
            return None
        return score.undefined if score.value is None else score.value

    def case(self, choice: Choice, prepared: PreparedCase) -> GalleryCase:
        """What the card says of a chosen case; its pictures are named, not rendered."""
        row = choice.row
        logit = row.logit if row.logit is not None else math.nan
        name = hashlib.sha256(row.case_id.encode()).hexdigest()[:12]
        return GalleryCase(
            case_id=row.case_id,
            kind=choice.kind,
            reason=choice.reason if row.sampled else Message(_NOT_SAMPLED, reason=choice.reason),
            label=row.label,
            logit=logit,
            probability=probability(logit),
            called_positive={point.name: logit > point.edge for point in self.points},
            groups=row.groups,
            picture=f"{name}.png",
            outlines=tuple(outlines_on_grid(lesion) for lesion in prepared.lesions),
            maps=tuple(self._gallery_maps(choice, name)),
        )

    def _gallery_maps(self, choice: Choice, name: str) -> Iterator[GalleryMap]:
        """Every map that was made; where the methods disagree, also what they agree on."""
        row, together = choice.row, choice.kind == "disagreement"
        for method in (*self._made(row), *((CONSENSUS,) if together else ())):
            scores = {metric: self._score(row, method, metric) for metric in LOCALIZATION}
            known = {metric: score for metric, score in scores.items() if score is not None}
            yield GalleryMap(method, f"{name}-{method}.png", known)

    def _made(self, row: CaseRow, *, readable: bool = False) -> list[str]:
        tried = {
            map_.method
            for map_ in self._source(row).maps
            if map_.case_id == row.case_id and map_.error is None
            if not readable or map_.degenerate is None
        }
        return [method for method in self.methods if method in tried]

    def values(self, row: CaseRow, method: str) -> FloatArray:
        """The map to draw; of the consensus, what lies above the middle rank."""
        source = self._source(row)
        if method != CONSENSUS:
            return source.array(row.case_id, method)
        maps = [source.array(row.case_id, name) for name in self._made(row, readable=True)]
        together = consensus(maps, source.array(row.case_id, "inside"))
        # A case has an agreement only where two maps can be read.
        assert not isinstance(together, Undefined)
        return np.asarray(np.maximum(together - _MIDDLE_RANK, 0), dtype=np.float32)
