"""Names of levels: those that xaudit made itself are translated, those of the study never."""

from __future__ import annotations

import re

from xaudit.core.record.finding import CROSS
from xaudit.core.record.scrubbed import WITHHELD
from xaudit.report.language.translation import current, later, tr

_NUMBER = r"(-?[\d.]+)"
_BANDS = (
    (re.compile(f"under {_NUMBER}"), later("under {a}")),
    (re.compile(f"{_NUMBER} to under {_NUMBER}"), later("{a} to under {b}")),
    (re.compile(f"{_NUMBER} and over"), later("{a} and over")),
)
_NOT_KNOWN = {
    "not recorded": later("not recorded"),
    "unknown": later("unknown"),
    WITHHELD: later("withheld"),
}


def named(level: str) -> str:
    """A level as the page calls it: bands of numbers and what is not recorded are ours."""
    return CROSS.join(map(_part, level.split(CROSS)))


def _part(level: str) -> str:
    for pattern, message in _BANDS:
        if (found := pattern.fullmatch(level)) is not None:
            values = map(current().number, found.groups())
            return tr(message, **dict(zip("ab", values, strict=False)))
    return tr(_NOT_KNOWN[level]) if level in _NOT_KNOWN else level
