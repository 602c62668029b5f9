"""Readings of the annotators, written down: what each says of a case, and shared outlines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from xaudit.audit.plan.plan import Plan
from xaudit.audit.probes.port import Piece, Probe, as_probe
from xaudit.audit.run.second_maps import stored_maps
from xaudit.audit.scores.annotator_maps import annotator_map_rows
from xaudit.audit.scores.probe_tables import READINGS
from xaudit.audit.scores.readings import (
    ANNOTATOR,
    DICE,
    DRAWN,
    IOUS,
    LABEL,
    LEFT_OUT,
    MATCHED,
    NOT_DRAWN,
    pair_name,
)  # fmt: skip
from xaudit.audit.store.store import ProbeRow
from xaudit.core.case import AnnotatorReading, BoolArray, Case, PreparedCase
from xaudit.core.grid import Grid
from xaudit.core.message import Message
from xaudit.data.prepare import with_lesions
from xaudit.errors import DataError
from xaudit.metrics.outlines import dice, matched

STAGE = "readings"
MAPS_STAGE = "maps on readings"
_MAPS = "maps"
_AT_ONCE = 64


@as_probe(READINGS)
class AnnotatorReadings(Probe):
    """Labels of each annotator, overlaps of each pair, and maps on the outlines of each.

    Overlaps are on the grid of the image, maps on that of the detector's input.
    """

    order = 60

    def pieces(self) -> Sequence[Piece]:
        """Some cases each, then one explained case each; none where no case has readings."""
        count = len(self._read)
        starts = range(0, count, _AT_ONCE)
        # Outlines need the size of the image alone: its pixels are not read again.
        read = [Piece(STAGE, (), str(at), 0, min(_AT_ONCE, count - at)) for at in starts]
        return [*read, *(Piece(MAPS_STAGE, (case,), _MAPS, 1) for case in self._outlined)]

    @property
    def _outlined(self) -> list[Case]:
        """Those that have maps and that somebody outlined."""
        explained = {row.case_id for row in self.audited.explained}
        return [case for case in _outlined(self._read) if case.case_id in explained]

    @property
    def _read(self) -> list[Case]:
        return [case for case in self.audited.plan.study.cases if case.readings]

    def rows(self, piece: Piece, cases: Sequence[PreparedCase]) -> Iterator[ProbeRow]:
        """What annotators say of some cases, or where the maps of a case lie."""
        if piece.key == _MAPS:
            for prepared in cases:
                yield from self._maps(prepared)
            return
        start = int(piece.key)
        if start == 0:
            issues = self.audited.plan.study.issues
            ties = sum(one.kind == "annotators_tie" and one.effect == "excluded" for one in issues)
            yield ProbeRow("(study)", "", LEFT_OUT, "", "", float(ties), None)
        for case in self._read[start : start + _AT_ONCE]:
            for one in case.readings:
                yield _row(case, LABEL, ANNOTATOR, one.annotator, float(one.label))
            yield from _overlaps(case)

    def _maps(self, prepared: PreparedCase) -> Iterator[ProbeRow]:
        case, spec = prepared.case, self.audited.engine.detector.input
        drawn = {
            one.annotator: with_lesions(prepared, one.lesions, spec)
            for one in case.readings
            if one.lesions
        }
        stored = stored_maps(self.audited.results, {case.case_id})
        yield from annotator_map_rows(drawn, {method: map_ for (_, method), map_ in stored.items()})

    @classmethod
    def workload(cls, plan: Plan, layers: Sequence[str]) -> Mapping[str, float]:
        """Cases with readings, and explained ones that somebody outlined."""
        sampled = set(plan.record.sample)
        outlined = sum(case.case_id in sampled for case in _outlined(plan.study.cases))
        return {STAGE: sum(bool(case.readings) for case in plan.study.cases), MAPS_STAGE: outlined}


def _outlined(cases: Iterable[Case]) -> Iterator[Case]:
    return (case for case in cases if any(one.lesions for one in case.readings))


def _row(case: Case, metric: str, facet: str, level: str, value: float) -> ProbeRow:
    return ProbeRow(case.case_id, "", metric, facet, level, value, None)


def _overlaps(case: Case) -> Iterator[ProbeRow]:
    if not any(one.lesions for one in case.readings):
        return
    try:
        grid = case.image.header().grid
        drawn = {one.annotator: _planes(one, grid) for one in case.readings}
    except DataError:
        # The file and the outline are issues of the case; other annotators may be right.
        yield ProbeRow(case.case_id, "", NOT_DRAWN, "", "", None,
                       Message("an outline does not fit the image"))  # fmt: skip
        return
    for one, other in combinations(case.readings, 2):
        yield from _pair(case, one, other, drawn)


def _planes(reading: AnnotatorReading, grid: Grid) -> list[BoolArray]:
    return [lesion.rasterize(grid) for lesion in reading.lesions]


def _pair(
    case: Case,
    one: AnnotatorReading,
    other: AnnotatorReading,
    drawn: Mapping[str, list[BoolArray]],
) -> Iterator[ProbeRow]:
    first, second = drawn[one.annotator], drawn[other.annotator]
    # Who sees a fracture and outlines none says nothing of its place.
    silent = [reading.label and not reading.lesions for reading in (one, other)]
    if any(silent) or not (first or second):
        return
    pair = pair_name(one.annotator, other.annotator)
    yield _row(case, DRAWN, pair, "", float(len(first) + len(second)))
    for iou in IOUS:
        yield _row(case, MATCHED, pair, f"{iou:g}", float(matched(first, second, iou)))
    if first and second:
        yield _row(case, DICE, pair, "", dice(_union(first), _union(second)))


def _union(planes: Sequence[BoolArray]) -> BoolArray:
    whole = planes[0].copy()
    for plane in planes[1:]:
        whole |= plane
    return whole
