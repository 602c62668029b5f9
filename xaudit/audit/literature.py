"""Published figures that an audit file asks for; they stand beside the result and judge nothing."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from xaudit.core.finding import PublishedFigure
from xaudit.gate.near import nearest

SOURCE = (
    "A review of explainable fracture detection, Table 5. The publications behind it were not "
    "read, unless the remark names one."
)

Wanted = bool | tuple[str, ...]
"""All, none, or those of these names."""


@cache
def published() -> dict[str, PublishedFigure]:
    """Name → figure, in the order of the review."""
    path = Path(__file__).with_name("literature.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["name"]: PublishedFigure(source=SOURCE, **row) for row in rows}


def chosen(wanted: Wanted) -> tuple[PublishedFigure, ...]:
    """The figures that an audit file asks for.

    Args:
        wanted: true for all, false for none, or names.

    Raises:
        ValueError: a name is not known; says which was probably meant.
    """
    known = published()
    if isinstance(wanted, bool):
        return tuple(known.values()) if wanted else ()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(
            f"literature: no published figure {unknown[0]!r}{nearest(unknown[0], [*known])}; "
            f"there is: {', '.join(known)}"
        )
    return tuple(known[name] for name in dict.fromkeys(wanted))
