"""Suspicions on the terminal: what looks wrong about a declaration."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xaudit.core.record.suspicion import Suspicion, unanswered


def print_suspicions(suspicions: Sequence[Suspicion], line: Callable[[str], None]) -> None:
    """Print each of them with its name, and how they are acknowledged.

    Args:
        suspicions: of an audit.
        line: prints one line.
    """
    for suspicion in suspicions:
        known = "acknowledged: " if suspicion.acknowledged else ""
        line(f"suspicion  {known}{suspicion.name}: {suspicion.text}")
    names = ", ".join(one.name for one in unanswered(suspicions))
    if names:
        line(
            "           no verdict is better than inconclusive until this is corrected, or the "
            f"audit file says acknowledge: [{names}]"
        )
