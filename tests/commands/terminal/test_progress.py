"""What is said of the time left, by a clock that the test turns."""

import io

import pytest
from rich.console import Console

from xaudit.audit.run.progress import Meter
from xaudit.commands.terminal import progress


@pytest.fixture
def turn(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])

    def by(seconds):
        now[0] += seconds

    return by


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(progress, "say", lines.append)
    return lines


def test_time_left_is_that_of_the_stage_and_not_of_those_before(turn, said):
    listen = progress._lines(progress.Clock())
    maps = Meter(listen, 100, 100.0)
    for _ in range(100):
        turn(40)
        maps.count("score", 1, float(1))
    checks = Meter(listen, 20, 4)
    turn(30)
    checks.count("check maps", 0, 1)
    shortcuts = Meter(listen, 50, 50)
    turn(20)
    shortcuts.count("shortcuts", 10, 10)
    assert said[0] == "1 of 100 cases, 1% of the work (score), 66 min left"
    assert said[-3] == "100 of 100 cases, 100% of the work (score), 0 s left"
    assert said[-2] == "25% of the work (check maps), 2 min left"
    assert said[-1] == "10 of 50 cases, 20% of the work (shortcuts), 80 s left"


def test_work_of_an_earlier_run_says_nothing_about_speed(turn, said):
    listen = progress._lines(progress.Clock())
    meter = Meter(listen, 100, 100.0)
    meter.keep(50, 50.0)
    turn(20)
    meter.count("score", 10, float(10))
    assert said[-1] == "60 of 100 cases, 60% of the work (score), 80 s left"


def test_two_stages_of_the_same_size_are_told_apart(turn, said):
    listen = progress._lines(progress.Clock())
    for seconds in (100, 16):
        meter = Meter(listen, 4, 4)
        turn(seconds)
        meter.count("degrade", 1, 1)
    assert said[-1] == "1 of 4 cases, 25% of the work (degrade), 48 s left"


def test_a_stage_that_finds_nothing_to_do_ends(turn, said):
    listen = progress._lines(progress.Clock())
    Meter(listen, 4, 4).count("shortcuts", 4, 4)
    turn(30)
    Meter(listen, 0, 0).count("score", 0, float(0))
    assert said[-1] == "100% of the work (score)"


def test_more_than_was_planned_is_all_of_it(turn, said):
    listen = progress._lines(progress.Clock())
    meter = Meter(listen, 4, 4)
    turn(30)
    meter.count("degrade", 6, 6)
    assert said[-1] == "6 of 4 cases, 100% of the work (degrade), 0 s left"


def test_a_bar_on_a_terminal_takes_the_same_steps(turn, monkeypatch):
    screen = Console(file=io.StringIO(), force_terminal=True)
    monkeypatch.setattr(progress, "err", screen)
    with progress.progress_display() as listen:
        for of_work in (4, 0, 2):
            meter = Meter(listen, of_work, of_work)
            turn(30)
            meter.count("score", of_work, float(of_work))
            meter.count("degrade", 1, 1)
    assert "100%" in screen.file.getvalue()
