"""Section on the elements of the device record."""

from __future__ import annotations

from xaudit.report.elements.crosswalk import anchor, asked_for, lead, said_status
from xaudit.report.elements.record import Element, record
from xaudit.report.language.translation import tr
from xaudit.report.sections.registry import section
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Section, Table


@section("elements", 900, appendix=True)
def elements_section(look: Lookup) -> Section:
    """What the device record asks for, and whether it is measured, declared or missing."""
    elements = record(look.findings)
    rows = tuple(
        (f"{index}. {tr(one.field.title)}", _status(one), one.text or tr(one.field.question),
         asked_for(one.field.name))
        for index, one in enumerate(elements, start=1)
    )  # fmt: skip
    columns = (
        tr("Element"),
        tr("Status"),
        tr("Declared text, or the question"),
        tr("Asked for in"),
    )
    note = tr(
        "Declared facts come from the maker and were not verified. Addressed says "
        "that something stands here, not that it suffices. FDA: draft guidance of "
        "January 2025, a draft still. Places marked [unverified] were not checked "
        "against the text. CHAI, Hugging Face and CycloneDX: xaudit card "
        "--crosswalk."
    )
    table = Table(
        tr("Elements"), columns, rows, note,
        links=tuple(f"#{element.field.section}" for element in elements),
        anchors=tuple(map(anchor, elements)),
    )  # fmt: skip
    return Section("elements", "", tr("Elements addressed"), lead(elements), tables=(table,))


def _status(element: Element) -> str:
    return (
        tr("{status}; in question: see the claims", status=said_status(element))
        if element.against
        else said_status(element)
    )
