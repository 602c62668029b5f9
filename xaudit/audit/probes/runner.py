"""Carries out probes piece by piece; what is finished is kept, whatever ends the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xaudit.audit.plan.plan import Plan
from xaudit.audit.probes.faults import fault_of_package
from xaudit.audit.probes.fold_detectors import Part
from xaudit.audit.probes.port import Audited, Piece, Probe, Wanted, wanted
from xaudit.audit.run.prefetch import ahead
from xaudit.audit.run.progress import Listener, Meter
from xaudit.audit.run.run import readable
from xaudit.audit.scores.probe_tables import Probed, table_of
from xaudit.audit.store.disk import discard, disk_errors
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, ProbeRow, kept_table, read_table, write_table
from xaudit.core.case import Case, PreparedCase

_PIECES = "probes"
"""The folder of finished pieces, as long as not all of them are."""


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of a probe, and where its rows are kept."""

    probe: Probe
    piece: Piece
    path: Path

    def read(self) -> Sequence[PreparedCase]:
        """Its cases."""
        return readable(self.piece.cases, self.probe.audited.engine.detector.input)

    def carry_out(self, cases: Sequence[PreparedCase]) -> None:
        """Do it, and keep what came out.

        Raises:
            AuditError: the disk is full or cannot be written.
        """
        write_table(self.path, _rows(self.probe, self.piece, cases), ProbeRow)


def run_probes(
    plan: Plan, parts: Sequence[Part], results: Results, folder: Path, listen: Listener
) -> Probed:
    """Carry out every probe; a table or a piece that an earlier run finished is kept.

    Args:
        plan: of the audit.
        parts: its detectors, each with its cases.
        results: of the run.
        folder: of the audit.
        listen: called as work proceeds.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    return {one.kind.name: carry_out(one, parts, results, folder, listen) for one in wanted(plan)}


def clear_pieces(folder: Path) -> None:
    """Take away what pieces kept; all of it is in the tables of the audit.

    Raises:
        AuditError: it cannot be removed.
    """
    with disk_errors(folder):
        discard(folder / _PIECES)


def carry_out(
    one: Wanted, parts: Sequence[Part], results: Results, folder: Path, listen: Listener
) -> list[ProbeRow]:
    """Carry out one probe; see `run_probes`."""
    path = table_of(folder, one.kind.name)
    kept = kept_table(path, ProbeRow)
    if kept is not None:
        return kept
    each = [Audited(part.plan, part.engine, part.of(results)) for part in parts]
    try:
        tasks = _tasks(one, each, folder / _PIECES / one.kind.name)
    except Exception as error:
        why = fault_of_package(one.kind, error)
        rows = [_lost(row, one.kind, why) for audited in each for row in audited.scored]
    else:
        if not tasks:
            return []
        rows = _carried_out(tasks, listen)
    write_table(path, rows, ProbeRow)
    return rows


def _tasks(one: Wanted, each: Sequence[Audited], folder: Path) -> list[Task]:
    at_work = [one.on(audited) for audited in each]
    pieces = [(probe, piece) for probe in at_work for piece in probe.pieces()]
    return [Task(*own, folder / f"{number:05d}.parquet") for number, own in enumerate(pieces)]


def _carried_out(tasks: Sequence[Task], listen: Listener) -> list[ProbeRow]:
    """The rows of all pieces in their order; while one is done, the next one is read."""
    pieces = [task.piece for task in tasks]
    cases, work = sum(one.finished for one in pieces), sum(one.work for one in pieces)
    meter, waiting = Meter(listen, cases, work), []
    for task in tasks:
        if kept_table(task.path, ProbeRow) is None:
            waiting.append(task)
        else:
            meter.keep(task.piece.finished, task.piece.work)
    for task, read in zip(waiting, ahead(Task.read, waiting), strict=True):
        task.carry_out(read)
        meter.probed(task.piece.stage, task.piece.finished, task.piece.work)
    return [row for task in tasks for row in read_table(task.path, ProbeRow)]


def _rows(probe: Probe, piece: Piece, cases: Sequence[PreparedCase]) -> list[ProbeRow]:
    """What a piece found; a fault of a package is a reason on each of its cases."""
    try:
        return list(probe.rows(piece, cases))
    except Exception as error:
        why = fault_of_package(type(probe), error)
        return [_lost(one, type(probe), why) for one in piece.cases]


def _lost(case: Case | CaseRow, kind: type[Probe], why: str) -> ProbeRow:
    return ProbeRow(case.case_id, "", kind.name, "", "", None, why)
