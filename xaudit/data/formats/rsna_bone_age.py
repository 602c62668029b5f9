"""RSNA bone age: hands of children with an age and no word of a fracture.

Halabi et al., The RSNA Pediatric Bone Age Machine Learning Challenge, Radiology 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from xaudit.core.case import CaseIssue, Study
from xaudit.core.message import Message
from xaudit.data.format import FORMATS
from xaudit.data.listing.entry import Entry, Layout, Listing
from xaudit.data.listing.files import below, files_below
from xaudit.data.listing.images import ImageIndex, not_there
from xaudit.data.listing.options import Options
from xaudit.data.listing.side_table import SideTable
from xaudit.data.listing.study import read_layout
from xaudit.data.manifest.reading import Reading
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec
from xaudit.data.tables.missing import Missing
from xaudit.data.tables.table import ListTable, Row, capped, read_table
from xaudit.errors import DataError

MONTHS = (60.0, 120.0, 168.0)
_COLUMNS = {"id": "id", "image id": "id", "male": "sex", "boneage": "bone_age_months",
            "bone age (months)": "bone_age_months"}  # fmt: skip
"""Columns of the tables for training and for validation → how reports call them."""
_SEX = {"true": "M", "false": "F", "": ""}
_REASON = (
    "the RSNA bone age study states the age and the sex of a child, and not whether a bone is "
    "fractured: without labels there is neither sensitivity nor a false alarm, and an audit of it "
    "would call every hand normal. Have its films read, and list them in a manifest.csv (id, "
    "image, label, male, boneage). Or compare its images and scores, without a word on "
    "performance, with those of a finished audit: `xaudit compare AUDIT --cohort cohort.yaml`, "
    "which says data.format: rsna_bone_age and, under data.options, labels: none"
)


def list_hands(table: SideTable, spec: DataSpec, options: Options) -> Listing:
    """The films that the tables name.

    Args:
        table: of all of them.
        spec: of the study.
        options: of the layout.

    Raises:
        DataError: an id can be no name of a file, or several images have it.
    """
    index = ImageIndex(below(spec.root, options.images, "data.options.images"))
    listing = Listing(files=(table.reading.file,))
    problems = []
    for row in table.reading.table.rows:
        name = Path(f"{Path(row.text('id')).name}.png")
        try:
            there = index.of_stem(name) or not_there(index.folder, name.name)
        except ValueError as error:
            problems.append(f"{row.where}: {error}")
        else:
            listing.entries.append(Entry(there, seen=True))
    if problems:
        raise DataError(capped(problems))
    if count := len(index.besides(entry.image for entry in listing.entries)):
        detail = Message(
            "{n} images have no row in {table}; they are not used", n=count, table=listing.files[0]
        )
        listing.issues.append(CaseIssue("(study)", "image_without_row", detail, "noted"))
    return listing


@FORMATS.register("rsna_bone_age")
def read_rsna_bone_age(spec: DataSpec) -> Study:
    """The hands, without a label: for a comparison with an audit, and for nothing else.

    Sex and bone age are groups, the age in bins of months (60, 120, 168) unless others are
    declared. The study names no patient: one image per patient is declared.

    Raises:
        DataError: it is not declared that there is no label; the tables cannot be used.
    """
    if spec.options.get("labels") != "none":
        raise DataError(f"{spec.root.name}: {_REASON}")
    table = _table(spec)
    layout = Layout(
        "rsna_bone_age", "RSNA bone age", partial(list_hands, table), takes=("images", "labels"),
        name="RSNA bone age", source="RSNA Pediatric Bone Age Challenge, Halabi et al., Radiology "
        "2019",
    )  # fmt: skip
    return read_layout(spec, layout, table)


def recognize_rsna_bone_age(folder: Path) -> Inspection | None:
    """Refuse the study, if a folder holds it.

    Raises:
        DataError: it does.
    """
    # With a manifest somebody has read the films, and listed them.
    if not (folder / "manifest.csv").is_file() and _tables(folder):
        raise DataError(f"{folder.name}: {_REASON}")
    return None


RECOGNIZERS.add("rsna_bone_age", Recognizer(recognize_rsna_bone_age, 3))


def _tables(folder: Path) -> list[Path]:
    return [path for path in files_below(folder, (".csv",)) if _is_table(path)]


def _is_table(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            names = {one.strip(' "\n').lower() for one in file.readline(500).split(",")}
    except OSError:
        return False
    bone_age = "boneage" in names or {"bone age (months)", "image id"} <= names
    return bone_age and not names & {"label", "fractured", "fracture"}


def _table(spec: DataSpec) -> SideTable:
    """The rows of all tables in one."""
    paths = _tables(spec.root)
    if not paths:
        raise DataError(
            f"{spec.root.name}: expected a CSV with the columns id, boneage and male, or Image ID, "
            "male and Bone Age (months); found none"
        )
    missing = Missing.declared(spec.missing, "id")
    rows: list[Row] = []
    for path in paths:
        rows += _rows(path, missing)
    columns = tuple(dict.fromkeys(_COLUMNS.values()))
    own = {} if "bone_age_months" in spec.merge else {"bone_age_months": MONTHS}
    spec = replace(spec, bins={**own, **spec.bins}, groups=spec.groups or columns[1:])
    names = ", ".join(path.name for path in paths)
    reading = Reading(spec, names, ListTable(columns, tuple(rows)), {"image": "id"}, missing)
    for row in rows:
        if row.text("sex") not in _SEX.values():
            reading.problem(row, f"male: expected True or False, got {row.said('sex')}")
    return SideTable(reading)


def _rows(path: Path, missing: Missing) -> list[Row]:
    """The rows of a table under the names of reports, each with the table in its place."""
    table = read_table(path, missing)
    names: Mapping[str, str] = {
        name: _COLUMNS[name.strip().lower()]
        for name in table.columns
        if name.strip().lower() in _COLUMNS
    }
    if lacking := {*_COLUMNS.values()} - {*names.values()}:
        raise DataError(f"{path.name}: columns are missing: {', '.join(sorted(lacking))}")
    return [_row(row, names, path.name) for row in table.rows]


def _row(row: Row, names: Mapping[str, str], file: str) -> Row:
    values = {new: row.text(old) for old, new in names.items()}
    values["sex"] = _SEX.get(values["sex"].lower(), values["sex"])
    lost = {names[old]: text for old, text in row.missing.items() if old in names}
    return Row(f"{file} {row.where}", values, lost)
