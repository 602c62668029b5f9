"""Console: results to standard output, everything else to error."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from xaudit.core.text.printable import in_lines, printable

# Where nobody looks at a terminal, lines may be long: tables in logs stay one line a row.
_WIDE = 160


class Terminal(Console):
    """A console on which names and messages are text: no escape code, markup or emoji in them."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **how: Any) -> Text:  # noqa: ANN401 (as rich has it)
        """What is given as plain text, before its width is measured."""
        return super().render_str(printable(text, lines=True), **how)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Everything that is printed comes through here, before colors and cursor are put in."""
        for one in super().render(renderable, options):
            yield one if one.control else Segment(printable(one.text, lines=True), one.style)


out = Terminal()
if not out.is_terminal:
    out.width = _WIDE
err = Terminal(stderr=True)


class _Said(logging.Handler):
    """What the package has to say while it works, as lines of progress."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        say(record.getMessage())


logging.getLogger("xaudit").addHandler(_Said())


def complain(message: str) -> None:
    """Print an error."""
    err.print("error:", style="bold red", end=" ")
    err.print(in_lines(message), soft_wrap=True)


def say(message: str) -> None:
    """Print a line of progress or advice."""
    err.print(in_lines(message), soft_wrap=True)


def tell(message: str) -> None:
    """Print a line of the result."""
    out.print(in_lines(message), soft_wrap=True)


def order(command: str) -> None:
    """Print a workflow command, which a runner of GitHub is meant to obey."""
    out.print(command, soft_wrap=True)
