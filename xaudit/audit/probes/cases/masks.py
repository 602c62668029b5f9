"""Masks that a network paints, against those of the lesions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xaudit.audit.plan.plan import Plan
from xaudit.audit.probes.cases.pieces import pieces_of
from xaudit.audit.probes.port import Piece, Probe, as_probe
from xaudit.audit.scores.probe_tables import MASKS
from xaudit.audit.scores.segmented import segmented_rows
from xaudit.audit.store.store import ProbeRow
from xaudit.core.case import PreparedCase

STAGE = "masks"


@as_probe(MASKS)
class PaintedMasks(Probe):
    """Overlap, contours and lesions of every scored case at every operating point."""

    order = 81

    def pieces(self) -> Sequence[Piece]:
        """Some scored cases each; none where the detector paints no masks."""
        if "masks" not in self.audited.engine.detector.capabilities:
            return []
        return pieces_of(self.audited, STAGE)

    def rows(self, piece: Piece, cases: Sequence[PreparedCase]) -> Iterator[ProbeRow]:
        """What is painted on some cases."""
        del piece
        points = [one.resolve() for one in self.audited.plan.config.detector.operating_points]
        for one in cases:
            (logits,) = self.audited.engine.evaluator.masks(one.image[None])
            for point in points:
                yield from segmented_rows(one, logits > point.edge, point.name)

    @classmethod
    def workload(cls, plan: Plan, layers: Sequence[str]) -> Mapping[str, float]:
        """Cases, each a pass forward."""
        del layers
        painted = plan.config.detector.output.kind == "segmentation"
        return {STAGE: len(plan.study.cases) if painted else 0}
