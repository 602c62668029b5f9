"""Worker that does shards and pieces of probes, in this process or another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from xaudit.audit.plan.plan import Plan
from xaudit.audit.probes.faults import fault_of_package
from xaudit.audit.probes.port import Audited, Piece, Probe, Wanted
from xaudit.audit.run.engine import readable
from xaudit.audit.run.parts import Part, load_part
from xaudit.audit.run.shards import ShardPiece, keep_batches, read_shard
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, ProbeRow, Store, write_table
from xaudit.core.case import Case, PreparedCase
from xaudit.core.executor import Count, Crew, Ready, Worker


@dataclass(frozen=True, slots=True)
class ProbePiece:
    """A piece of a probe that is to be done.

    Attributes:
        wanted: the probe, and how.
        part: number of the detector that is asked.
        number: of the piece, among those of this detector.
        path: where its rows are kept.
    """

    wanted: Wanted
    part: int
    number: int
    path: Path


class AuditWorker(Worker[ShardPiece | ProbePiece]):
    """Has the detectors of an audit, and does its pieces.

    Args:
        plan: of the audit.
        folder: of the audit.
        parts: detectors that are loaded already; the others are when a piece asks for them.
        results: of the run, if they are read already.
    """

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        parts: Sequence[Part] = (),
        results: Results | None = None,
    ) -> None:
        self._plan, self._folder, self._given = plan, folder, results
        self._parts = {part.number: part for part in parts}
        self._at_work: dict[tuple[str, int], tuple[Probe, Sequence[Piece]]] = {}

    def read(self, piece: ShardPiece | ProbePiece) -> Ready:
        """See `Worker`; done, it raises AuditError where the disk is full or cannot be written."""
        part = self._part(piece.part)
        if isinstance(piece, ShardPiece):
            return read_shard(part, piece.number, self._folder)
        probe, pieces = self.at_work(piece.wanted, piece.part)
        own = pieces[piece.number]
        cases = readable(own.cases, part.engine.detector.input)
        return partial(_do_piece, probe, own, cases, piece.path)

    def at_work(self, wanted: Wanted, part: int) -> tuple[Probe, Sequence[Piece]]:
        """A probe on the cases of a detector, and what there is to do."""
        key = wanted.kind.name, part
        if key not in self._at_work:
            own = self._part(part)
            probe = wanted.on(Audited(own.plan, own.engine, own.of(self._results)))
            self._at_work[key] = probe, probe.pieces()
        return self._at_work[key]

    @cached_property
    def _results(self) -> Results:
        if self._given is not None:
            return self._given
        return Results.load(Store(self._folder), self._plan.record)

    def _part(self, number: int) -> Part:
        if number not in self._parts:
            self._parts[number] = part = load_part(self._plan, number)
            keep_batches(part.engine.evaluator, self._folder)
        return self._parts[number]


@dataclass(frozen=True, slots=True)
class _Hire:
    plan: Plan
    folder: Path

    def __call__(self) -> AuditWorker:
        return AuditWorker(self.plan, self.folder)


def crew_of(
    plan: Plan, folder: Path, parts: Sequence[Part], results: Results | None = None
) -> Crew[ShardPiece | ProbePiece]:
    """A worker with what is loaded here, and how others are made; see `AuditWorker`."""
    return Crew(AuditWorker(plan, folder, parts, results), _Hire(plan, folder))


def lost(case: Case | CaseRow, kind: type[Probe], why: str) -> ProbeRow:
    """The row of a case of which a probe cannot say anything."""
    return ProbeRow(case.case_id, "", kind.name, "", "", None, why)


def _do_piece(
    probe: Probe, piece: Piece, cases: Sequence[PreparedCase], path: Path, count: Count
) -> None:
    write_table(path, _rows(probe, piece, cases), ProbeRow)
    count(piece.stage, piece.finished, piece.work)


def _rows(probe: Probe, piece: Piece, cases: Sequence[PreparedCase]) -> list[ProbeRow]:
    """What a piece found; a fault of a package is a reason on each of its cases."""
    try:
        return list(probe.rows(piece, cases))
    except Exception as error:
        why = fault_of_package(type(probe), error)
        return [lost(case, type(probe), why) for case in piece.cases]
