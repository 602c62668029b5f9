"""Code that is not xaudit's, a factory or a network: whatever it raises becomes a message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from xaudit.core.text.printable import printable
from xaudit.errors import DetectorError, XauditError

_SHOWN = 500
_ENDS = "it ends the program (sys.exit)"


@contextmanager
def foreign_code(what: str, remedy: str = "") -> Iterator[None]:
    """Run code of a maker or a library; Ctrl-C passes through, and so do xaudit's own errors.

    Args:
        what: begins the message: "it cannot be built".
        remedy: ends it.

    Raises:
        DetectorError: what was raised, by its type and text; an exit of the program too.
    """
    try:
        yield
    except XauditError:
        raise
    except (Exception, SystemExit) as error:
        raise DetectorError(f"{what}: {told(error)}{f'; {remedy}' if remedy else ''}") from error


def told(error: BaseException) -> str:
    """Type and text of an error, in one line that a terminal can print.

    Args:
        error: of any kind; one without a text is named by its type.
    """
    text = printable(" ".join(str(error).split()))
    said = _ENDS if isinstance(error, SystemExit) else text[:_SHOWN]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
