"""Pieces among processes: all of them are done once, whoever dies."""

import os
import signal
from functools import partial

import pytest

from xaudit.core.executor import Crew, Worker
from xaudit.errors import AuditError, DataError
from xaudit.executors.processes import Processes
from xaudit.executors.serial import Serial


class Marks(Worker[str]):
    """Leaves a file for each piece; a piece called "dies" kills whoever does it the first time."""

    def __init__(self, folder):
        self.folder = folder

    def read(self, piece):
        if piece == "wrong":
            raise DataError("wrong: expected another piece")
        return partial(self._do, piece)

    def _do(self, piece, count):
        before = self.folder / f"{piece}.begun"
        if piece.startswith("dies") and (piece == "dies always" or not before.exists()):
            before.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        (self.folder / piece).write_text(str(os.getpid()), encoding="utf-8")
        count("mark", 1, 2.0)
        count("more", 0, 1.0)


@pytest.fixture
def processes():
    executor = Processes(2, 1)
    yield executor
    executor.close()


def _done(executor, folder, pieces):
    counted = []
    crew = Crew(Marks(folder), partial(Marks, folder))
    executor.carry_out(crew, pieces, lambda *one: counted.append(one))
    return sorted(counted)


def test_processes_do_what_one_does_alone(processes, tmp_path):
    pieces = [f"piece {number}" for number in range(7)]
    alone, together = tmp_path / "alone", tmp_path / "together"
    for folder in (alone, together):
        folder.mkdir()
    assert _done(processes, together, pieces) == _done(Serial(), alone, pieces)
    assert sorted(one.name for one in together.iterdir()) == pieces
    pids = {one.read_text(encoding="utf-8") for one in together.iterdir()}
    assert str(os.getpid()) not in pids
    assert len(pids) <= 2
    assert _done(processes, together, []) == []


def test_a_worker_that_is_killed_takes_nothing_with_it(processes, tmp_path):
    pieces = ["a", "dies", "b", "c", "d"]
    counted = _done(processes, tmp_path, pieces)
    assert {one.name for one in tmp_path.iterdir()} == {*pieces, "dies.begun"}
    assert counted.count(("mark", 1, 2.0)) == len(pieces)


def test_a_piece_that_kills_whoever_does_it_ends_the_run_with_what_is_left(processes, tmp_path):
    with pytest.raises(AuditError, match=r"died 4 times.*fewer --workers"):
        _done(processes, tmp_path, ["a", "dies always", "b"])


def test_what_a_worker_raises_is_raised_here_and_the_executor_goes_on(processes, tmp_path):
    with pytest.raises(DataError, match="expected another piece"):
        _done(processes, tmp_path, ["a", "wrong"])
    assert _done(processes, tmp_path, ["b"]) == [("mark", 1, 2.0), ("more", 0, 1.0)]


def test_workers_are_kept_as_long_as_the_crew_is_hired_the_same_way(processes, tmp_path):
    hire, others = partial(Marks, tmp_path), partial(Marks, tmp_path)
    seen = []
    for crew in (Crew(Marks(tmp_path), hire), Crew(Marks(tmp_path), hire), Crew(None, others)):
        processes.carry_out(crew, ["a", "b", "c", "d"], lambda *one: None)
        seen.append({(tmp_path / name).read_text(encoding="utf-8") for name in "abcd"})
    assert seen[0] | seen[1] != seen[0] | seen[1] | seen[2]
    assert len(seen[0] | seen[1]) <= 2
    assert not seen[2] & (seen[0] | seen[1])
