"""GRAZPEDWRI-DX: wrists of children, dataset.csv, boxes as YOLO or Supervisely, 16-bit PNG.

Nagy et al., A pediatric wrist trauma X-ray dataset (GRAZPEDWRI-DX) for machine learning,
Scientific Data 9, 222 (2022), doi 10.1038/s41597-022-01328-z.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from xaudit.core.case import CaseIssue, Study
from xaudit.core.message import Message
from xaudit.data.exports.supervisely import list_supervisely
from xaudit.data.exports.yolo import list_yolo
from xaudit.data.format import FORMATS
from xaudit.data.listing.entry import Entry, Layout, Listing
from xaudit.data.listing.files import files_below
from xaudit.data.listing.images import not_there
from xaudit.data.listing.inspect import inspect_layout
from xaudit.data.listing.options import Options
from xaudit.data.listing.side_table import SideTable
from xaudit.data.listing.study import read_layout
from xaudit.data.manifest.reading import Reading
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec
from xaudit.data.tables.missing import Missing
from xaudit.data.tables.table import ListTable, Row, read_table
from xaudit.data.tables.whole_numbers import without_point
from xaudit.errors import DataError

TABLE = "dataset.csv"
COLUMNS = ("filestem", "patient_id", "fracture_visible")
FLAGS = ("initial_exam", "cast", "diagnosis_uncertain", "osteopenia", "fracture_visible", "metal")
AGES = (6.0, 10.0, 14.0)


def list_graz(table: SideTable, spec: DataSpec, options: Options) -> Listing:
    """The films of dataset.csv with their boxes; labels are its column fracture_visible.

    Args:
        table: dataset.csv.
        spec: of the study.
        options: of the layout.

    Raises:
        DataError: boxes are damaged.
    """
    boxes = list_supervisely(spec, options) if _only_supervisely(spec.root) else list_yolo(
        spec, options
    )  # fmt: skip
    drawn = {entry.image.stem: entry for entry in boxes.entries}
    images = {path.stem: path for path in boxes.unlisted} | {
        stem: entry.image for stem, entry in drawn.items()
    }
    listing = Listing(files=(table.reading.file, *boxes.files), names=boxes.names)
    listing.issues += boxes.issues
    for row in table.reading.table.rows:
        stem = row.text("filestem")
        own = drawn.get(stem)
        image = images.pop(stem, None) or _not_there(spec.root, stem)
        listing.entries.append(
            Entry(
                image,
                own.shapes if own else (),
                seen=True,
                size=own.size if own else None,
                label=row.text("fracture_visible") == "yes",
            )
        )
    if images:
        detail = Message(
            "{n} images have no row in {table}; they are not used",
            n=len(images),
            table=table.reading.file,
        )
        listing.issues.append(CaseIssue("(study)", "image_without_row", detail, "noted"))
    return listing


def _not_there(root: Path, stem: str) -> Path:
    try:
        return not_there(root, f"{Path(stem).name}.png")
    except ValueError as error:
        raise DataError(f"filestem: {error}") from error


LAYOUT = Layout(
    "grazpedwri",
    "GRAZPEDWRI-DX",
    lambda spec, options: list_graz(_table(spec), spec, options),
    takes=("annotations", "images"),
    name="GRAZPEDWRI-DX",
    source="GRAZPEDWRI-DX, Nagy et al., Scientific Data 2022, doi 10.1038/s41597-022-01328-z",
    license="CC BY 4.0",
    positive=("fracture",),
)


@FORMATS.register("grazpedwri")
def read_grazpedwri(spec: DataSpec) -> Study:
    """The films of dataset.csv; patient, manufacturer, pixel spacing and groups from its columns.

    A flag that is empty means no. Age is in bins (6, 10, 14) unless others are declared.

    Raises:
        DataError: dataset.csv or the boxes cannot be used; every mistake.
    """
    fixed = [name for name in ("patient", "site", "columns") if getattr(spec, name)]
    if fixed:
        raise DataError(
            [f"data.{name}: format grazpedwri fixes it; leave it out" for name in fixed]
        )
    table = _table(spec)
    return read_layout(spec, replace(LAYOUT, lists=partial(list_graz, table)), table)


def recognize_grazpedwri(folder: Path) -> Inspection | None:
    """What GRAZPEDWRI-DX holds, if a folder holds its table."""
    path = folder / TABLE
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            head = file.readline(5000)
    except OSError:
        return None
    if not all(name in head for name in (*COLUMNS, "ao_classification")):
        return None
    found = inspect_layout(folder, LAYOUT, patients=True)
    told = (
        "labels are the column fracture_visible, lesions the boxes of class fracture",
        "metal and text may be named under options.artifacts: their boxes are then erased too",
        "16-bit PNG: say under detector.input.intensity how the training code scaled them",
    )
    return replace(found, findings=(*found.findings, *told))


RECOGNIZERS.add("grazpedwri", Recognizer(recognize_grazpedwri, 3))


def _only_supervisely(root: Path) -> bool:
    """Whether there are boxes of Supervisely and none of YOLO."""
    texts = any(path.parent.name == "labels" or "labels" in path.parts
                for path in files_below(root, (".txt",)))  # fmt: skip
    return not texts and any(True for _ in files_below(root, (".json",)))


def _table(spec: DataSpec) -> SideTable:
    path = spec.root / (spec.manifest or TABLE)
    missing = Missing.declared(spec.missing, "patient_id")
    table = read_table(path, missing)
    if lacking := [name for name in COLUMNS if name not in table.columns]:
        raise DataError(f"{path.name}: columns are missing: {', '.join(lacking)}")
    flags = [name for name in FLAGS if name in table.columns]
    table, whole = without_point(table, ("patient_id", *flags))
    wrong = [(row, name) for row in table.rows for name in flags if row.text(name) not in _FLAG]
    roles = {"image": "filestem", "patient": "patient_id"} | {
        role: name for role, name in _ROLES.items() if name in table.columns
    }
    table = ListTable(table.columns, tuple(_with_flags(row, flags) for row in table.rows))
    spec = replace(spec, groups=spec.groups or _groups(table), bins=_bins(spec, table))
    reading = Reading(spec, path.name, table, roles, missing)
    reading.issues += [
        CaseIssue("(study)", "whole_numbers", one, "noted") for one in whole if "patient_id" in one
    ]
    for row, name in wrong:
        reading.problem(row, f"{name}: expected 1, 0 or nothing, got {row.said(name)}")
    return SideTable(reading)


_ROLES = {"site": "device_manufacturer", "spacing": "pixel_spacing", "split": "split"}
_FLAG = {"": "no", "0": "no", "1": "yes"}
_GROUPS = (
    "gender", "age", "laterality", "projection", "initial_exam", "cast", "diagnosis_uncertain",
    "osteopenia", "metal", "device_manufacturer",
)  # fmt: skip


def _with_flags(row: Row, flags: list[str]) -> Row:
    told: dict[str, Any] = {name: _FLAG.get(row.text(name), "") for name in flags}
    return replace(row, values={**row.values, **told})


def _groups(table: ListTable) -> tuple[str, ...]:
    return tuple(name for name in _GROUPS if name in table.columns)


def _bins(spec: DataSpec, table: ListTable) -> dict[str, tuple[float, ...]]:
    own = dict(spec.bins)
    if "age" in table.columns and "age" not in own and "age" not in spec.merge:
        own["age"] = AGES
    return own
