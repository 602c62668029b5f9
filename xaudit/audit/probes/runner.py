"""Runner of probes, piece by piece; what is finished is kept, whatever ends the run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xaudit.audit.probes.faults import fault_of_package
from xaudit.audit.probes.port import Piece, Wanted, wanted
from xaudit.audit.probes.worker import AuditWorker, ProbePiece, lost
from xaudit.audit.run.parts import Part
from xaudit.audit.run.progress import Meter
from xaudit.audit.run.shards import Run
from xaudit.audit.scores.probe_tables import Probed, table_of
from xaudit.audit.store.disk import discard, disk_errors
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import ProbeRow, kept_table, read_table, write_table

_PIECES = "probes"
"""The folder of finished pieces, as long as not all of them are."""


def run_probes(parts: Sequence[Part], results: Results, run: Run) -> Probed:
    """Carry out every probe; a table or a piece that an earlier run finished is kept.

    Args:
        parts: detectors, each with its cases.
        results: of the run.
        run: of the audit.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    probes = wanted(parts[0].plan)
    return {probe.kind.name: carry_out(probe, parts, results, run) for probe in probes}


def clear_pieces(folder: Path) -> None:
    """Take away what pieces kept; all of it is in the tables of the audit.

    Raises:
        AuditError: it cannot be removed.
    """
    with disk_errors(folder):
        discard(folder / _PIECES)


def carry_out(one: Wanted, parts: Sequence[Part], results: Results, run: Run) -> list[ProbeRow]:
    """Carry out one probe; see `run_probes`."""
    path = table_of(run.folder, one.kind.name)
    kept = kept_table(path, ProbeRow)
    if kept is not None:
        return kept
    try:
        tasks = _tasks(one, parts, run)
    except Exception as error:
        why = fault_of_package(one.kind, error)
        rows = [lost(row, one.kind, why) for row in results.cases if row.logit is not None]
    else:
        if not tasks:
            return []
        rows = _carried_out(tasks, run)
    write_table(path, rows, ProbeRow)
    return rows


def _tasks(one: Wanted, parts: Sequence[Part], run: Run) -> list[tuple[ProbePiece, Piece]]:
    """What there is to do, in the order of the rows."""
    worker, folder = run.crew.own, run.folder / _PIECES / one.kind.name
    assert isinstance(worker, AuditWorker)
    tasks: list[tuple[ProbePiece, Piece]] = []
    for part in parts:
        for number, piece in enumerate(worker.at_work(one, part.number)[1]):
            path = folder / f"{len(tasks):05d}.parquet"
            tasks.append((ProbePiece(one, part.number, number, path), piece))
    return tasks


def _carried_out(tasks: Sequence[tuple[ProbePiece, Piece]], run: Run) -> list[ProbeRow]:
    """The rows of all pieces in their order."""
    pieces = [piece for _, piece in tasks]
    cases, work = sum(one.finished for one in pieces), sum(one.work for one in pieces)
    meter, waiting = Meter(run.listen, cases, work), []
    for task, piece in tasks:
        if kept_table(task.path, ProbeRow) is None:
            waiting.append(task)
        else:
            meter.keep(piece.finished, piece.work)
    run.carry_out(waiting, meter.count)
    return [row for task, _ in tasks for row in read_table(task.path, ProbeRow)]
