"""Cells of a row, and what they say of its case."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

from xaudit.core.case import NOT_RECORDED, Region
from xaudit.data.annotations.form import AnnotationCell
from xaudit.data.annotations.outlines import forms, outlines_of
from xaudit.data.manifest.columns import NEGATIVE, POSITIVE
from xaudit.data.manifest.paths import inside_root
from xaudit.data.manifest.reading import Reading
from xaudit.data.tables.levels import bin_name, merged
from xaudit.data.tables.numbers import number
from xaudit.data.tables.table import Row

_WIDEST_SPACING = 10.0


def image_of(reading: Reading, row: Row) -> Path:
    """Where the image lies; the root, and a problem, where no path is given."""
    root, text = reading.spec.root, reading.text(row, "image")
    if not text:
        got = reading.said(row, "image")
        reading.problem(row, f"image: expected a path below the root, got {got}")
        return root
    return reading.attempt(row, "image", lambda: inside_root(root, text), root)


def patient_of(reading: Reading, row: Row, case_id: str) -> str:
    """The patient; the case where the study declares one image per patient."""
    if "patient" not in reading.roles:
        return case_id
    patient = reading.text(row, "patient")
    if not patient:
        got = reading.said(row, "patient")
        reading.problem(row, f"{reading.roles['patient']}: expected a patient, got {got}")
    return patient


def label_of(reading: Reading, row: Row) -> bool:
    """Whether the label says fractured."""
    value = reading.text(row, "label")
    if value.lower() not in reading.labels:
        known = ", ".join(sorted(reading.spec.positive or POSITIVE | NEGATIVE))
        expected = "fractured or not (declare data.positive)"
        got = reading.said(row, "label")
        reading.problem(row, f"label: expected {expected}; known: {known}; got {got}")
    return reading.labels.get(value.lower(), False)


def site_of(reading: Reading, row: Row) -> str | None:
    """The site; None where none is recorded."""
    merge = reading.spec.merge.get(reading.roles.get("site", ""), {})
    return merged(reading.text(row, "site"), merge) or None


def level_of(reading: Reading, row: Row, name: str) -> str:
    """The level of a group, binned or merged as declared."""
    text, borders = row.text(name), reading.spec.bins.get(name)
    if borders is None:
        level = merged(text, reading.spec.merge.get(name, {}))
    else:
        level = reading.attempt(row, name, lambda: bin_name(text, borders), "")
    return level or NOT_RECORDED


def is_inverted(reading: Reading, row: Row) -> bool:
    """Whether the image is stored with bone dark."""
    text = reading.text(row, "photometric").upper()
    if text not in {"", "MONOCHROME1", "MONOCHROME2"}:
        reading.problem(row, f"photometric: expected MONOCHROME1 or MONOCHROME2, got {text[:40]!r}")
    return text == "MONOCHROME1"


def spacing_of(reading: Reading, row: Row) -> float | None:
    """Millimeters from pixel to pixel; None where they are not said."""
    text = reading.text(row, "spacing")
    try:
        spacing = number(text) if text else None
    except ValueError:
        spacing = math.nan
    if spacing is not None and not 0 < spacing < _WIDEST_SPACING:
        expected = f"millimeters from pixel to pixel, above 0 and below {_WIDEST_SPACING}"
        reading.problem(row, f"spacing: expected {expected}, got {text[:40]!r}")
        return None
    return spacing


def annotated_lesions(reading: Reading, row: Row) -> tuple[Region, ...]:
    """Lesions that the row itself draws: polygons, boxes, runs, and forms of packages."""
    lesions: list[Region] = []
    even_odd = reading.spec.holes == "even_odd"
    for role in forms():
        if role in reading.roles:
            cell = AnnotationCell(row.values.get(reading.roles[role]), reading.spec.root, even_odd)
            lesions += reading.attempt(row, role, partial(outlines_of, role, cell), ())
    return tuple(lesions)
