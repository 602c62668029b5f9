"""Crosswalk: where each element is asked for, in guidance, law, guidelines and other cards."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from xaudit.report.elements.record import Element
from xaudit.report.language.translation import foreign, later, tr
from xaudit.report.view import numbers
from xaudit.report.view.model import Table

_SHORT = {
    "FDA draft 2025": "FDA",
    "EU AI Act": "AI Act",
    "CLAIM 2024": "CLAIM",
    "STARD-AI": "STARD-AI",
    "TRIPOD+AI": "TRIPOD+AI",
    "HTI-1": "HTI-1",
    "Other": "",
}


NOTES = (
    later(
        "Each row is an element of the card; its cells say where guidance, law, "
        "reporting guidelines and other forms of cards ask for it or hold it. "
        "Addressed says that something stands on the card, not that it suffices; "
        "only a regulator can say that."
    ),
    later(
        "FDA draft 2025: the draft guidance of January 2025 on AI-enabled device "
        "software functions, a draft still. Places marked [unverified] were not "
        "checked against the text itself. CHAI is version 0.2 of its model card; "
        "HTI-1 counts the attributes of 45 CFR 170.315(b)(11)(iv)(B)."
    ),
)


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
    found = "; ".join(
        f"{short} {places[name].replace('; ', ', ')}".strip()
        for name, short in _SHORT.items()
        if places[name]
    )
    return foreign(found)


def lead(elements: Sequence[Element]) -> str:
    """How many elements are addressed, missing, or outside what the audit could see."""
    states = Counter(element.status for element in elements)
    missing, other = states["missing"], states["not applicable"]
    counts = {"all": len(elements), "here": len(elements) - missing - other, "missing": missing}
    if other:
        return tr(
            "Of {all} elements {here} are addressed and {missing} are missing; {other} do not "
            "apply to predictions alone.",
            other=other,
            **counts,
        )
    return tr("Of {all} elements {here} are addressed and {missing} are missing.", **counts)


_STATES = {one: one for one in (
    later("measured"), later("derived"), later("declared"), later("missing"),
    later("not applicable"),
)}  # fmt: skip


def said_status(element: Element) -> str:
    """What is known of an element, in the words of the page."""
    return tr(" and ").join(tr(_STATES[one]) for one in element.status.split(" and "))


def crosswalk_table(elements: Sequence[Element], card: str) -> Table:
    """Every element with its status and its place in each framework.

    Args:
        elements: the record.
        card: address of the card, for links to its elements.
    """
    places = crosswalk()
    rows = tuple(
        (
            f"{index}. {tr(one.field.title)}",
            said_status(one),
            *(foreign(places[one.field.name][name] or numbers.NONE) for name in frameworks()),
        )
        for index, one in enumerate(elements, start=1)
    )
    return Table(
        tr("Cross-walk"), (tr("Element"), tr("Status"), *frameworks()), rows,
        links=tuple(f"{card}#{anchor(element)}" for element in elements), kind="crosswalk",
    )  # fmt: skip


def crosswalk_csv(elements: Sequence[Element]) -> str:
    """The same as comma-separated values, for a spreadsheet."""
    table = crosswalk_table(elements, "")
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return buffer.getvalue()


def anchor(element: Element) -> str:
    """The name under which the card's row of an element can be linked to."""
    return f"element-{element.field.name}"
