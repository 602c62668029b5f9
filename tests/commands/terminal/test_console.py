"""Nothing of a name reaches a terminal as anything but text."""

import io

import pytest
from rich.table import Table
from rich.text import Text

from xaudit.audit.run.progress import Step
from xaudit.commands.terminal import console
from xaudit.commands.terminal.progress import progress_display

NAME = "\x1b]0;own\x07\x1b[31m \u202e :smile: [bold]x[/bold] \ud800 \x9b2J"
SHOWN = r"\x1b]0;own\x07\x1b[31m \u202e :smile: [bold]x[/bold] \ud800 \x9b2J"


@pytest.fixture(params=[True, False], ids=["terminal", "file"])
def printed(request, monkeypatch):
    """What was printed, by any of the functions, to a terminal and to a file."""
    file = io.StringIO()
    monkeypatch.setenv("TERM", "xterm")
    for one in (console.out, console.err):
        monkeypatch.setattr(one, "_file", file)
        monkeypatch.setattr(one, "_force_terminal", request.param)
        monkeypatch.setattr(one, "is_interactive", request.param)
        monkeypatch.setattr(one, "_width", 200)
    return file.getvalue


@pytest.mark.parametrize("say", [console.tell, console.say, console.complain])
def test_messages_are_text(printed, say):
    say(NAME)
    assert SHOWN in printed()


@pytest.mark.parametrize("cell", [NAME, Text(NAME)])
def test_tables_are_text(printed, cell):
    table = Table("name", box=None)
    table.add_row(cell)
    console.out.print(table)
    assert not {"\x07", "\x9b", "\u202e", "\ud800"} & set(printed())
    assert "]0;own" in printed()
    assert "\x1b]" not in printed()
    assert ":smile: [bold" in printed()


def test_a_cell_is_as_wide_as_what_it_shows(printed):
    table = Table("name", "next", box=None)
    table.add_row(NAME, "b")
    console.out.print(table)
    assert printed().splitlines()[1].rstrip().endswith(r"\x9b2J  b")
    assert ":smile: [bold]x[/bold]" in printed()


def test_progress_is_text(printed):
    with progress_display() as listen:
        listen(Step(NAME, 1, 2, 1.0, 2.0))
    assert "]0;own" in printed()
    assert not {"\x07", "\x9b", "\u202e", "\ud800"} & set(printed())
    assert "\x1b]" not in printed()
    assert ":smile: [bold" in printed()


def test_no_line_of_a_message_is_a_command(printed):
    console.complain("policy.yaml:3: no such metric\n::error file=a::b\n ##[error]c")
    lines = printed().splitlines()
    assert lines[1:] == [": :error file=a::b", " ## [error]c"]


def test_an_order_is_obeyed(printed):
    console.order("::error file=p,line=1,title=xaudit::r: a::b")
    assert printed().startswith("::error file=p,line=1,title=xaudit::r: a::b")
