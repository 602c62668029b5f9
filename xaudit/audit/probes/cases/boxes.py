"""Boxes that a network draws, and those of the lesions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xaudit.audit.plan.plan import Plan
from xaudit.audit.probes.cases.pieces import pieces_of
from xaudit.audit.probes.port import Piece, Probe, as_probe
from xaudit.audit.scores.drawn_boxes import found_rows, lesion_rows, rule_row
from xaudit.audit.scores.probe_tables import BOXES
from xaudit.audit.store.store import ProbeRow
from xaudit.core.boxes import Boxes
from xaudit.core.case import PreparedCase
from xaudit.core.detector import InputSpec
from xaudit.data.transforms.geometry import GridTransform

STAGE = "boxes"


@as_probe(BOXES)
class DrawnBoxes(Probe):
    """A row for each box of the detector and of a lesion, in pixels of the upright image."""

    order = 80

    def pieces(self) -> Sequence[Piece]:
        """Some scored cases each; none where the detector draws no boxes."""
        if "boxes" not in self.audited.engine.detector.capabilities:
            return []
        return pieces_of(self.audited, STAGE)

    def rows(self, piece: Piece, cases: Sequence[PreparedCase]) -> Iterator[ProbeRow]:
        """What is drawn on some cases."""
        if piece.key == "0":
            yield rule_row(self.audited.plan.config.statistics.least_iou)
        spec, evaluator = self.audited.engine.detector.input, self.audited.engine.evaluator
        for one in cases:
            (boxes,) = evaluator.boxes(one.image[None])
            yield from lesion_rows(one.case)
            yield from found_rows(one.case.case_id, on_image(boxes, one, spec))

    @classmethod
    def workload(cls, plan: Plan, layers: Sequence[str]) -> Mapping[str, float]:
        """Cases, each a pass forward."""
        del layers
        drawn = plan.config.detector.output.kind == "boxes"
        return {STAGE: len(plan.study.cases) if drawn else 0}


def on_image(boxes: Boxes, case: PreparedCase, spec: InputSpec) -> Boxes:
    """Boxes on the input grid, in pixels of the upright image.

    Args:
        boxes: that were drawn on the input grid.
        case: whose image it is.
        spec: what the detector expects to see.
    """
    transform = GridTransform.between(case.source, spec)
    corners = transform.points_to_source(boxes.corners.reshape(-1, 2)).reshape(-1, 4)
    return Boxes(corners, boxes.ratings, boxes.classes)
