"""Where each element of the card is asked for: guidance, law, reporting guidelines, other cards."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

_SHORT = {
    "FDA draft 2025": "FDA",
    "EU AI Act": "AI Act",
    "CLAIM 2024": "CLAIM",
    "STARD-AI": "STARD-AI",
    "TRIPOD+AI": "TRIPOD+AI",
    "HTI-1": "HTI-1",
    "Other": "",
}


@cache
def crosswalk() -> dict[str, dict[str, str]]:
    """Element → framework → places in it; empty where none is known.

    A place that was not checked against the framework's own text ends in "[unverified]".
    """
    path = Path(__file__).with_name("crosswalk.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {row.pop("element"): row for row in csv.DictReader(file)}


def frameworks() -> tuple[str, ...]:
    """Their names, as columns."""
    return tuple(next(iter(crosswalk().values())))


def asked_for(element: str) -> str:
    """The places in guidance, law and reporting guidelines, in one line."""
    places = crosswalk()[element]
    return "; ".join(
        f"{short} {places[name].replace('; ', ', ')}".strip()
        for name, short in _SHORT.items()
        if places[name]
    )
