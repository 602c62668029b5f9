"""What of the time that went by a process could use."""

from types import SimpleNamespace

import pytest

from xaudit.commands.check import _print_time
from xaudit.pipeline import clocks
from xaudit.pipeline.clocks import Clocks, Moment


@pytest.mark.parametrize(
    ("processor", "queued", "computes", "rest"),
    [
        (10, 0, True, 10),  # one thread, never kept waiting
        (20, 0, True, 10),  # two of them
        (4, 0, True, 4),  # kept waiting for 6 s, by other programs or the disk
        (20, 7, True, 3),  # two threads that took turns on half a processor
        (0.5, 0, False, 10),  # a GPU works and the process waits for it
        (0.5, 4, False, 6),
        (10, 11, True, 0),  # clocks that do not agree
    ],
)
def test_time_at_rest(processor, queued, computes, rest):
    began, ended = Moment(100, 7, 2), Moment(110, 7 + processor, 2 + queued)
    assert began.at_rest(ended, computes=computes) == pytest.approx(rest)


def test_the_clocks_of_this_machine_go_forward():
    began = Clocks().now()
    assert sum(range(100_000)) > 0
    ended = Clocks().now()
    assert ended.wall > began.wall
    assert ended.processor >= began.processor
    assert ended.queued >= began.queued >= 0


@pytest.mark.parametrize("text", [None, "", "1", "a b c"])
def test_a_system_that_does_not_tell_the_queue_is_taken_to_have_none(tmp_path, monkeypatch, text):
    path = tmp_path / "schedstat"
    if text is not None:
        path.write_text(text)
    monkeypatch.setattr(clocks, "_QUEUED", path)
    assert clocks.queued_seconds() == 0


def test_the_queue_is_read_in_seconds(tmp_path, monkeypatch):
    (tmp_path / "schedstat").write_text("120000000 2500000000 77\n")
    monkeypatch.setattr(clocks, "_QUEUED", tmp_path / "schedstat")
    assert clocks.queued_seconds() == 2.5


@pytest.mark.parametrize(("rest", "told"), [(590.0, None), (120.0, "80%")])
def test_check_says_that_the_machine_was_busy(capsys, rest, told):
    _print_time(SimpleNamespace(seconds=600.0, rest=rest, megabytes=3.0))
    said = capsys.readouterr()
    text = " ".join((said.out + said.err).split())
    assert "about 10 min on this machine" in text
    assert ("busy" in text) == (told is not None)
    if told:
        assert f"{told} of it waiting" in text
        assert "at rest at most 2 min" in text
