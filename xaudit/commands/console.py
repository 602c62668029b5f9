"""What commands print, and where: results to standard output, everything else to error."""

from __future__ import annotations

import logging

from rich.console import Console

# Where nobody looks at a terminal, lines may be long: tables in logs stay one line a row.
_WIDE = 160

out = Console(highlight=False, soft_wrap=False)
if not out.is_terminal:
    out.width = _WIDE
err = Console(stderr=True, highlight=False)


class _Said(logging.Handler):
    """What the package has to say while it works, as lines of progress."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        say(record.getMessage())


logging.getLogger("xaudit").addHandler(_Said())


def complain(message: str) -> None:
    """Print an error; names from data are printed as they are, never as markup."""
    err.print("error:", style="bold red", end=" ")
    err.print(message, markup=False, soft_wrap=True)


def say(message: str) -> None:
    """Print a line of progress or advice."""
    err.print(message, markup=False, soft_wrap=True)


def tell(message: str) -> None:
    """Print a line of the result."""
    out.print(message, markup=False, soft_wrap=True)
